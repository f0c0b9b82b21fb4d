#include "api/streams.h"

#include "api/codec.h"
#include "api/resources.h"
#include "domain/error.h"

#include <chrono>

namespace hearth::api {
namespace {

using namespace std::chrono_literals;
using domain::Code;
using domain::Layer;

http::Fields ndjson() { return {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}}; }

// A log that is not kept any more: its revision says how it ended.
std::string outcome_line(const domain::Revision& revision) {
  if (revision.state == domain::RevisionState::ready) return build_done_line(revision.number);
  return build_failed_line(revision.fault.value_or(domain::Fault{.code = Code::unavailable,
                                                                 .layer = Layer::gateway,
                                                                 .message = "this build was cut off",
                                                                 .hint = "deploy again"}));
}

void follow_build(const control::BuildLog& log, std::uint64_t revision, http::BlockingExchange& exchange,
                  const std::stop_token& stop) {
  std::size_t offset = 0;
  std::string unfinished;  // the beginning of a character whose rest is still to come
  while (!stop.stop_requested()) {
    // By the second, since this wait cannot be called off.
    auto part = log.read(offset, 1s);
    offset = part.next;
    unfinished += part.text;
    const auto whole = part.settled ? unfinished.size() : whole_characters(unfinished);
    if (whole > 0) exchange.write(build_output_line(std::string_view(unfinished).substr(0, whole)));
    unfinished.erase(0, whole);
    if (!part.settled) continue;
    exchange.write(part.fault ? build_failed_line(*part.fault) : build_done_line(revision));
    return exchange.finish();
  }
}

}  // namespace

void put_package(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
                 const Parameters& parameters) {
  refuse_other_parameters(request, {});
  space_of(parameters);
  const auto digest = digest_of(parameters);
  const auto upload = parts.packages.upload(digest);
  std::vector<char> buffer(256 << 10);
  while (const auto size = exchange.read(buffer.data(), buffer.size())) {
    upload->write({buffer.data(), size});
  }
  upload->commit();
  exchange.respond({.status = 201, .fields = {{"Location", request.path}}, .body = {}});
}

void get_build(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
               const Parameters& parameters) {
  refuse_other_parameters(request, {});
  const auto name = function_of(parameters);
  const auto number = revision_of(parameters);
  const auto log = parts.service.build_log(name, number);
  const auto revision = parts.service.revision(name, number);
  exchange.start(200, ndjson());
  if (log) return follow_build(*log, number, exchange, request.stop);
  exchange.write(outcome_line(revision));
  exchange.finish();
}

void get_logs(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
              const Parameters& parameters) {
  refuse_other_parameters(request, {"follow", "tail"});
  const auto name = function_of(parameters);
  const bool follow = flag_of(request, "follow");
  const auto tail = number_of(request, "tail", 100, 1'000'000);
  parts.service.function(name);  // refuses a name that is not there
  auto reader = parts.logs.reader(name, tail);
  exchange.start(200, ndjson());
  while (!request.stop.stop_requested()) {
    const auto part = reader.read(follow ? 60s : 0s, request.stop);
    if (!part.lines.empty()) exchange.write(part.lines);
    if (part.removed || (part.lines.empty() && !follow)) return exchange.finish();
  }
}

}  // namespace hearth::api
