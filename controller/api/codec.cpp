#include "api/codec.h"

#include "api/info.h"
#include "control/spec_codec.h"
#include "control/spec_json.h"
#include "domain/replica.h"
#include "http/problem.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace hearth::api {
namespace {

using domain::Complaint;
using domain::Fault;
using nlohmann::json;

// Words of builds and containers may hold any bytes; a document is UTF-8.
std::string text_of(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

json problem_json(const Fault& fault) { return json::parse(http::problem(fault)); }

// The name is the document's own member; a spec inside another document does not repeat it.
json bare_spec(const domain::FunctionSpec& spec) {
  auto document = control::spec_json(spec);
  document.erase("name");
  document.erase("namespace");
  return document;
}

bool says_concurrency(const json& spec) {
  const auto limits = spec.find("limits");
  return limits != spec.end() && limits->is_object() && limits->contains("concurrency");
}

json revision_json(const domain::Revision& revision) {
  json document{{"function", revision.function.name},
                {"namespace", revision.function.space},
                {"number", revision.number},
                {"state", name(revision.state)},
                {"package", revision.package},
                {"image", revision.image},
                {"created_at", control::format_time(revision.created_at)},
                {"spec", bare_spec(revision.spec)}};
  if (revision.fault) document["fault"] = problem_json(*revision.fault);
  return document;
}

json replica_json(const control::ReplicaView& replica) {
  json document{{"id", domain::format_replica(replica.id)},
                {"revision", replica.revision},
                {"state", name(domain::state_of(replica.phase))},
                {"phase", name(replica.phase)},
                {"draining", replica.draining},
                {"stopping", replica.stopping},
                {"in_flight", replica.in_flight},
                {"since", control::format_time(replica.since)}};
  if (!replica.awake.empty()) document["awake"] = replica.awake;
  if (const auto& debugger = replica.debugger) {
    document["debugger"] = {{"host", debugger->host}, {"port", debugger->port}};
  }
  return document;
}

json replicas_json(const control::FunctionView& view) {
  json items = json::array();
  for (const auto& replica : view.replicas) items.push_back(replica_json(replica));
  return items;
}

json totals_json(const domain::Usage& usage) {
  return {{"calls", usage.all_calls()}, {"errors", usage.errors()}, {"cold_starts", usage.cold_starts}};
}

// What becomes of its last replica while nobody calls.
json idle_json(const control::KeepView& keep) {
  json document{{"keep", domain::to_string(keep.keep)}, {"why", name(keep.why)}};
  if (keep.again) {
    document["again"] = {{"from", control::format_time(keep.again->from)},
                         {"to", control::format_time(keep.again->to)}};
  }
  return document;
}

// Where each trigger answers, by the gateway's port: "http://example.org:8080/api/{id}".
json routes_json(const domain::FunctionSpec& spec, std::string_view gateway_url) {
  const auto scheme = gateway_url.find("://") + 3;
  const auto port = gateway_url.rfind(':');
  json routes = json::array();
  for (const auto& trigger : spec.http_triggers) {
    const auto base = trigger.host.empty() ? std::string(gateway_url)
                                           : std::string(gateway_url.substr(0, scheme)) + trigger.host +
                                                 std::string(gateway_url.substr(port));
    routes.push_back({{"url", base + trigger.path}, {"methods", trigger.methods}});
  }
  return routes;
}

std::string line_of(const json& document) { return text_of(document) + "\n"; }

// A large document may be wrong in a million places: nobody reads so much, and each costs.
void keep_few(std::vector<Complaint>& complaints) {
  constexpr std::size_t kMost = 100;
  if (complaints.size() > kMost) complaints.erase(complaints.begin() + kMost, complaints.end());
}

// A field that could not be read is complained of already; what its default lacks is no news.
bool is_covered(const Complaint& late, const std::vector<Complaint>& earlier) {
  return std::ranges::any_of(earlier, [&](const Complaint& known) {
    return known.field == "spec" || late.field == known.field || late.field.starts_with(known.field + ".");
  });
}

}  // namespace

std::string function_text(const FunctionParts& parts, std::string_view gateway_url) {
  const auto& function = parts.function.value;
  json document{{"name", function.name.name},
                {"namespace", function.name.space},
                {"state", name(parts.view.state)},
                {"active", function.active},
                {"latest", function.latest},
                {"previous", function.previous},
                {"url", std::string(gateway_url) + "/fn/" + to_string(function.name)},
                {"routes", routes_json(parts.shown.spec, gateway_url)},
                {"version", parts.function.version},
                {"spec", bare_spec(parts.shown.spec)},
                {"created_at", control::format_time(parts.shown.created_at)},
                {"replicas", parts.view.replicas.size()},
                {"totals", totals_json(parts.view.usage)}};
  if (parts.view.keep) document["idle"] = idle_json(*parts.view.keep);
  document["start"]["by"] = parts.obstacle ? "image" : "cell";
  if (parts.obstacle) document["start"]["why"] = *parts.obstacle;
  if (parts.view.last_failure) document["last_failure"] = problem_json(*parts.view.last_failure);
  return text_of(document);
}

std::string revision_text(const domain::Revision& revision) { return text_of(revision_json(revision)); }

std::string status_text(const control::FunctionView& view, std::uint64_t seen) {
  json document{{"seen", seen},
                {"state", name(view.state)},
                {"held", view.held},
                {"replicas", replicas_json(view)},
                {"totals", totals_json(view.usage)}};
  if (view.last_failure) document["last_failure"] = problem_json(*view.last_failure);
  return text_of(document);
}

std::string replicas_text(const control::FunctionView& view) { return text_of({{"items", replicas_json(view)}}); }

std::string info_text(const Info& info) {
  const auto engine = info.engine();
  json cells = json::array();
  for (const auto& count : engine.cells) {
    cells.push_back({{"runtime", count.runtime},
                     {"ready", count.ready},
                     {"made", count.made},
                     {"taken", count.taken},
                     {"missed", count.missed}});
  }
  return text_of({{"version", info.version},
                  {"pid", info.pid},
                  {"installation", info.installation},
                  {"gateway", info.gateway_url},
                  {"engine",
                   {{"name", engine.name},
                    {"version", engine.version},
                    {"api_version", engine.api_version},
                    {"state", engine.reachable ? "ready" : "away"}}},
                  {"cells", cells},
                  {"limits", {{"cpus", info.cpus}, {"memory", to_string(info.memory)}}}});
}

std::string list_text(const std::vector<std::string>& items, std::string_view next) {
  std::string text = "{\"items\":[";
  for (const auto& item : items) text.append(text.back() == '[' ? "" : ",").append(item);
  text += ']';
  if (!next.empty()) text.append(",\"next\":").append(json(next).dump());
  return text + '}';
}

std::string problem_text(const Fault& fault, int status, const std::vector<Complaint>& complaints) {
  auto text = http::problem(fault, status);
  if (complaints.empty()) return text;
  auto document = json::parse(text);
  for (const auto& complaint : complaints) {
    document["errors"].push_back({{"field", complaint.field}, {"message", complaint.message}});
  }
  return text_of(document);
}

Deployment read_deployment(std::string_view body, const domain::FunctionName& name,
                           const std::map<std::string, std::uint32_t>& concurrency) {
  const auto document = control::parse_json(body);
  control::Complaints complaints;
  Deployment deployment;
  control::JsonFields fields(document, "", complaints);
  fields.text("package", deployment.package);
  fields.flag("verify", deployment.verify);
  const auto* spec = fields.child("spec");
  if (spec != nullptr && spec->is_object()) {
    deployment.spec = control::read_spec(*spec, "", complaints);
    const auto own = concurrency.find(deployment.spec.runtime);
    if (own != concurrency.end() && !says_concurrency(*spec)) deployment.spec.limits.concurrency = own->second;
  } else {
    complaints.push_back({"spec", spec == nullptr ? "is missing" : "must be an object"});
  }
  fields.finish();
  if (!deployment.package.empty() && !is_digest(deployment.package)) {
    complaints.push_back({"package", "must be \"sha256:\" and 64 lower-case hex digits"});
  }
  const bool is_read = complaints.empty();
  keep_few(complaints);
  const auto& said = deployment.spec.name;
  if (!said.name.empty() && said.name != name.name) complaints.push_back({"name", "is not the name in the URL"});
  if (spec != nullptr && spec->contains("namespace") && said.space != name.space) {
    complaints.push_back({"namespace", "is not the namespace in the URL"});
  }
  deployment.spec.name = name;
  const auto earlier = complaints;
  for (auto& late : domain::check(deployment.spec)) {
    if (!is_covered(late, earlier)) complaints.push_back(std::move(late));
  }
  keep_few(complaints);
  if (!complaints.empty()) {
    throw control::InvalidDocument("this function cannot be deployed", std::move(complaints),
                                   is_read ? domain::Code::unprocessable : domain::Code::invalid);
  }
  return deployment;
}

std::optional<std::uint64_t> read_activation(std::string_view body) {
  const auto document = control::parse_json(body);
  control::Complaints complaints;
  std::uint64_t revision = 0;
  control::JsonFields fields(document, "", complaints);
  fields.number("revision", revision);
  fields.finish();
  const bool named = document.is_object() && document.contains("revision");
  if (named && revision == 0 && complaints.empty()) complaints.push_back({"revision", "must be at least 1"});
  if (!complaints.empty()) throw control::InvalidDocument("this names no revision", std::move(complaints));
  return named ? std::optional{revision} : std::nullopt;
}

bool is_digest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + 64) return false;
  return text.substr(kPrefix.size()).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::size_t whole_characters(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;  // the inside of a character: its first byte is further back
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? text.size() - back : text.size();
  }
  return text.size();
}

std::string call_line(const control::CallRecord& call) {
  return line_of({{"call", call.id},
                  {"method", call.method},
                  {"target", call.target},
                  {"status", call.status},
                  {"ms", static_cast<double>(call.took.count()) / 1000.0}});
}

std::string build_output_line(std::string_view text) { return line_of({{"type", "output"}, {"text", text}}); }

std::string build_built_line(std::uint64_t revision) { return line_of({{"type", "built"}, {"revision", revision}}); }

std::string build_done_line(std::uint64_t revision) { return line_of({{"type", "done"}, {"revision", revision}}); }

std::string build_failed_line(const Fault& fault) {
  return line_of({{"type", "failed"}, {"problem", problem_json(fault)}});
}

}  // namespace hearth::api
