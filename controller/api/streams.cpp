#include "api/streams.h"

#include "api/codec.h"
#include "api/log_filter.h"
#include "api/resources.h"
#include "control/call_content.h"
#include "domain/error.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

namespace hearth::api {
namespace {

using namespace std::chrono_literals;
using domain::Code;
using domain::Layer;
using std::chrono::steady_clock;

constexpr std::uint64_t kUsualLines = 100;
constexpr std::uint64_t kMostLines = 1'000'000;

constexpr std::uint64_t kLongestFollow = 86'400;  // seconds

// Begins an answer of lines. False where that is all of it.
bool begin_lines(const Request& request, http::BlockingExchange& exchange) {
  exchange.start(200, {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}});
  if (request.method != "HEAD") return true;
  exchange.finish();
  return false;
}

// How long a client that follows wants to: `wait` seconds from now on, or without end.
class Patience {
 public:
  explicit Patience(const Request& request) {
    const auto wait = number_of(request, "wait", kLongestFollow, kLongestFollow);
    if (request.query.contains("wait")) end_ = steady_clock::now() + std::chrono::seconds(wait);
  }

  bool is_over() const { return end_ && steady_clock::now() >= *end_; }
  // What is left of it, at most `most`.
  std::chrono::milliseconds left(std::chrono::milliseconds most) const {
    if (!end_) return most;
    return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*end_ - steady_clock::now()), 0ms, most);
  }

 private:
  std::optional<steady_clock::time_point> end_;
};

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
  bool told_built = false;
  std::string unfinished;  // the beginning of a character whose rest is still to come
  while (!stop.stop_requested()) {
    // By the second, since this wait cannot be called off.
    auto part = log.read(offset, 1s, told_built);
    offset = part.next;
    unfinished += part.text;
    const auto whole = part.settled ? unfinished.size() : whole_characters(unfinished);
    if (whole > 0) exchange.write(build_output_line(std::string_view(unfinished).substr(0, whole)));
    unfinished.erase(0, whole);
    if (part.built && !std::exchange(told_built, true)) exchange.write(build_built_line(revision));
    if (!part.settled) continue;
    exchange.write(part.fault ? build_failed_line(*part.fault) : build_done_line(revision));
    return exchange.finish();
  }
}

// Of the lines that are kept, the last `tail` that the filter takes: never more of them in memory.
std::string last_taken(telemetry::LogFiles::Reader& reader, const LogFilter& filter, std::size_t tail) {
  std::deque<std::string> last;
  for (auto part = reader.read(0s); !part.lines.empty(); part = reader.read(0s)) {
    std::string_view rest = part.lines;
    while (!rest.empty()) {
      const auto end = std::min(rest.find('\n'), rest.size() - 1);
      if (tail > 0 && filter.takes(rest.substr(0, end))) last.emplace_back(rest.substr(0, end + 1));
      if (last.size() > tail) last.pop_front();
      rest.remove_prefix(end + 1);
    }
  }
  std::string text;
  for (const auto& line : last) text += line;
  return text;
}

void send_content(const Parts& parts, http::BlockingExchange& exchange, const ports::Content& content) {
  control::CallContent bytes(parts.calls.store(), content);
  // Its type is a stranger's word: at this address nothing is shown as a page.
  exchange.start(200, {{"Content-Type", "application/octet-stream"}, {"Cache-Control", "no-store"}}, content.size);
  bytes.read([&](std::string_view piece) { exchange.write(piece); });
  exchange.finish();
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
  if (!begin_lines(request, exchange)) return;
  if (log) return follow_build(*log, number, exchange, request.stop);
  exchange.write(outcome_line(revision));
  exchange.finish();
}

void get_calls(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
               const Parameters& parameters) {
  refuse_other_parameters(request, {"follow", "wait", "limit"});
  const auto name = function_of(parameters);
  const bool follow = flag_of(request, "follow");
  const Patience patience(request);
  auto left = request.query.contains("limit") ? limit_of(request, 1, kMostLines) : UINT64_MAX;
  auto follower = parts.service.follow_calls(name);
  if (!begin_lines(request, exchange)) return;
  while (follow && left > 0 && !patience.is_over()) {
    auto calls = follower.read(patience.left(10s), request.stop);
    if (request.stop.stop_requested()) return;
    if (calls.size() > left) calls.resize(left);
    left -= calls.size();
    std::string lines;
    for (const auto& call : calls) lines += call_line(call);
    if (!lines.empty()) exchange.write(lines);
  }
  exchange.finish();
}

void get_call_body(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
                   const Parameters& parameters) {
  refuse_other_parameters(request, {});
  send_content(parts, exchange, call_of(parts, parameters).body);
}

void get_call_result(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
                     const Parameters& parameters) {
  refuse_other_parameters(request, {});
  const auto call = call_of(parts, parameters);
  if (call.answer) return send_content(parts, exchange, call.answer->body);
  const bool queued = call.summary.state == domain::CallState::queued;
  throw domain::Error(Code::not_found, Layer::client,
                      "the call " + call.summary.id + " has no answer: it is " + std::string(name(call.summary.state)),
                      queued ? "ask again once it has ended" : "its `failures` say why");
}

void get_logs(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
              const Parameters& parameters) {
  refuse_other_parameters(request, {"follow", "wait", "tail", "since", "call", "grep"});
  const auto name = function_of(parameters);
  const bool follow = flag_of(request, "follow");
  const Patience patience(request);
  const LogFilter filter(request);
  const auto tail = number_of(request, "tail", filter.is_set() ? kMostLines : kUsualLines, kMostLines);
  parts.service.function(name);  // refuses a name that is not there
  // Only what is left counts as one of the last lines.
  auto reader = parts.logs.reader(name, filter.is_set() ? kMostLines : tail);
  if (!begin_lines(request, exchange)) return;
  if (filter.is_set()) {
    const auto last = last_taken(reader, filter, tail);
    if (!last.empty()) exchange.write(last);
  }
  while (!request.stop.stop_requested()) {
    const auto part = reader.read(follow ? patience.left(60s) : 0s, request.stop);
    const auto lines = filter.is_set() ? filter.taken(part.lines) : part.lines;
    if (!lines.empty()) exchange.write(lines);
    if (part.removed || (part.lines.empty() && (!follow || patience.is_over()))) return exchange.finish();
  }
}

}  // namespace hearth::api
