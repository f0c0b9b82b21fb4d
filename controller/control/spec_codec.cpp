#include "control/spec_codec.h"

#include "control/spec_json.h"
#include "control/trigger_codec.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace hearth::control {
namespace {

using nlohmann::json;
using namespace domain;

std::string told(std::string message, const std::vector<Complaint>& complaints) {
  constexpr std::size_t kShown = 3;
  for (std::size_t i = 0; i < complaints.size() && i < kShown; ++i) {
    message +=
        (i == 0 ? ": " : "; ") + (complaints[i].field.empty() ? "" : complaints[i].field + " ") + complaints[i].message;
  }
  if (complaints.size() > kShown) message += "; and " + std::to_string(complaints.size() - kShown) + " more";
  return message;
}

Fault fault_of(Code code, std::string message, const std::vector<Complaint>& complaints) {
  Fault fault{.code = code, .layer = Layer::client, .message = told(std::move(message), complaints)};
  for (const auto& complaint : complaints) {
    fault.detail += (complaint.field.empty() ? "the document" : complaint.field) + ": " + complaint.message + "\n";
  }
  return fault;
}

void refuse_if_any(std::string_view what, const Complaints& complaints) {
  if (!complaints.empty()) throw InvalidDocument(std::string(what) + " is not valid", complaints);
}

json limits_json(const Limits& limits) {
  return {{"memory", to_string(limits.memory)},
          {"cpu", limits.cpu_millis / 1000.0},
          {"timeout", to_string(limits.timeout)},
          {"concurrency", limits.concurrency},
          {"pids", limits.pids},
          {"tmp", to_string(limits.tmp)},
          {"body", to_string(limits.body)}};
}

json scale_json(const Scale& scale) {
  return {{"min", scale.min},
          {"max", scale.max},
          {"keep_alive", name(scale.keep_alive)},
          {"idle_timeout", to_string(scale.idle_timeout)},
          {"start_timeout", to_string(scale.start_timeout)},
          {"freeze", to_string(scale.freeze)}};
}

void read_limits(const json& document, std::string path, Limits& limits, Complaints& complaints) {
  JsonFields fields(document, std::move(path), complaints);
  fields.bytes("memory", limits.memory);
  fields.cpu("cpu", limits.cpu_millis);
  fields.duration("timeout", limits.timeout);
  fields.count("concurrency", limits.concurrency);
  fields.count("pids", limits.pids);
  fields.bytes("tmp", limits.tmp);
  fields.bytes("body", limits.body);
  fields.finish();
}

void read_scale(const json& document, std::string path, Scale& scale, Complaints& complaints) {
  JsonFields fields(document, std::move(path), complaints);
  fields.count("min", scale.min);
  fields.count("max", scale.max);
  fields.duration("idle_timeout", scale.idle_timeout);
  auto keep = std::string(name(unsaid_keep_alive(document.is_object() && document.contains("idle_timeout"))));
  fields.text("keep_alive", keep);
  if (const auto parsed = parse_keep_alive(keep)) {
    scale.keep_alive = *parsed;
  } else {
    complaints.push_back({fields.path_of("keep_alive"), "must be \"auto\", \"fixed\" or \"hybrid\""});
  }
  fields.duration("start_timeout", scale.start_timeout);
  auto freeze = to_string(scale.freeze);
  fields.text("freeze", freeze);
  if (const auto parsed = parse_freeze(freeze)) {
    scale.freeze = *parsed;
  } else {
    complaints.push_back({fields.path_of("freeze"), "must be \"auto\", \"never\", or a time with its unit: \"10s\""});
  }
  fields.finish();
}

void read_retry(const json& document, std::string path, RetryPolicy& retry, Complaints& complaints) {
  JsonFields fields(document, std::move(path), complaints);
  fields.count("attempts", retry.attempts);
  fields.duration("backoff", retry.backoff);
  fields.duration("max_backoff", retry.max_backoff);
  fields.finish();
}

void read_network(const json& document, std::string path, Network& network, Complaints& complaints) {
  JsonFields fields(document, std::move(path), complaints);
  fields.choice("egress", "deny", "allow", network.egress);
  fields.texts("attach", network.attach);
  fields.finish();
}

// A fault as the store keeps it: by names, so that the codes' numbers may change.
json fault_json(const Fault& fault) {
  json document{{"code", name(fault.code)}, {"layer", name(fault.layer)}, {"message", fault.message}};
  if (!fault.hint.empty()) document["hint"] = fault.hint;
  if (!fault.detail.empty()) document["detail"] = fault.detail;
  return document;
}

template <class Enum>
void read_name(JsonFields& fields, std::string_view key, Enum last, Enum& into, Complaints& complaints) {
  std::string text;
  fields.text(key, text);
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (name(static_cast<Enum>(i)) == text) {
      into = static_cast<Enum>(i);
      return;
    }
  }
  complaints.push_back({fields.path_of(key), "is not one of the known names"});
}

Fault read_fault(const json& document, std::string path, Complaints& complaints) {
  Fault fault;
  JsonFields fields(document, std::move(path), complaints);
  read_name(fields, "code", Code::internal, fault.code, complaints);
  read_name(fields, "layer", Layer::limit, fault.layer, complaints);
  fields.text("message", fault.message);
  fields.text("hint", fault.hint);
  fields.text("detail", fault.detail);
  fields.finish();
  return fault;
}

void read_function_name(JsonFields& fields, std::string_view key, FunctionName& into) {
  fields.text(key, into.name);
  fields.text("namespace", into.space);
}

// Output of builds and containers may hold any bytes; a document is UTF-8.
std::string dump(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

InvalidDocument::InvalidDocument(std::string message, std::vector<Complaint> complaints, Code code)
    : Error(fault_of(code, std::move(message), complaints)), complaints_(std::move(complaints)) {}

json spec_json(const FunctionSpec& spec) {
  json document{{"limits", limits_json(spec.limits)},
                {"scale", scale_json(spec.scale)},
                {"history", spec.history},
                {"retry",
                 {{"attempts", spec.retry.attempts},
                  {"backoff", to_string(spec.retry.backoff)},
                  {"max_backoff", to_string(spec.retry.max_backoff)}}},
                {"env", spec.env},
                {"network", {{"egress", spec.network.egress ? "allow" : "deny"}, {"attach", spec.network.attach}}}};
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) document[key] = value;
  };
  put("name", spec.name.name);
  put("namespace", spec.name.space);
  put("runtime", spec.runtime);
  put("image", spec.image);
  put("build", spec.build);
  put("handler", spec.handler);
  put("container_runtime", spec.container_runtime);
  if (spec.debug) document["debug"] = true;
  if (!spec.http_triggers.empty()) document["triggers"] = triggers_json(spec.http_triggers);
  return document;
}

FunctionSpec read_spec(const json& document, const std::string& path, Complaints& complaints) {
  FunctionSpec spec;
  JsonFields fields(document, path, complaints);
  read_function_name(fields, "name", spec.name);
  fields.text("runtime", spec.runtime);
  fields.text("image", spec.image);
  fields.text("build", spec.build);
  fields.text("handler", spec.handler);
  fields.text("container_runtime", spec.container_runtime);
  fields.flag("debug", spec.debug);
  fields.texts("env", spec.env);
  fields.count("history", spec.history);
  if (const auto* limits = fields.child("limits")) {
    read_limits(*limits, fields.path_of("limits"), spec.limits, complaints);
  }
  if (const auto* scale = fields.child("scale")) {
    read_scale(*scale, fields.path_of("scale"), spec.scale, complaints);
  }
  if (const auto* network = fields.child("network")) {
    read_network(*network, fields.path_of("network"), spec.network, complaints);
  }
  if (const auto* retry = fields.child("retry")) {
    read_retry(*retry, fields.path_of("retry"), spec.retry, complaints);
  }
  if (const auto* triggers = fields.child("triggers")) {
    read_triggers(*triggers, fields.path_of("triggers"), spec.http_triggers, complaints);
  }
  fields.finish();
  return spec;
}

std::string encode_spec(const FunctionSpec& spec) { return dump(spec_json(spec)); }

FunctionSpec decode_spec(std::string_view text) {
  Complaints complaints;
  auto spec = read_spec(parse_json(text), "", complaints);
  refuse_if_any("the spec", complaints);
  return spec;
}

std::string encode_revision(const Revision& revision) {
  json document{{"function", revision.function.name},
                {"namespace", revision.function.space},
                {"number", revision.number},
                {"package", revision.package},
                {"spec", spec_json(revision.spec)},
                {"created_at", static_cast<std::uint64_t>(revision.created_at.time_since_epoch().count())},
                {"state", name(revision.state)},
                {"verify", revision.verify},
                {"image", revision.image}};
  if (revision.fault) document["fault"] = fault_json(*revision.fault);
  return dump(document);
}

Revision decode_revision(std::string_view text) {
  Complaints complaints;
  const auto document = parse_json(text);
  Revision revision;
  JsonFields fields(document, "", complaints);
  read_function_name(fields, "function", revision.function);
  fields.number("number", revision.number);
  fields.text("package", revision.package);
  if (const auto* spec = fields.child("spec")) revision.spec = read_spec(*spec, "spec", complaints);
  std::uint64_t created_at = 0;
  fields.number("created_at", created_at);
  revision.created_at = WallTime{std::chrono::milliseconds{created_at}};
  read_name(fields, "state", RevisionState::failed, revision.state, complaints);
  fields.flag("verify", revision.verify);
  fields.text("image", revision.image);
  if (const auto* fault = fields.child("fault")) revision.fault = read_fault(*fault, "fault", complaints);
  fields.finish();
  refuse_if_any("the revision", complaints);
  return revision;
}

std::string encode_function(const Function& function) {
  return dump({{"name", function.name.name},
               {"namespace", function.name.space},
               {"active", function.active},
               {"latest", function.latest},
               {"previous", function.previous}});
}

Function decode_function(std::string_view text) {
  Complaints complaints;
  const auto document = parse_json(text);
  Function function;
  JsonFields fields(document, "", complaints);
  read_function_name(fields, "name", function.name);
  fields.number("active", function.active);
  fields.number("latest", function.latest);
  fields.number("previous", function.previous);
  fields.finish();
  refuse_if_any("the function", complaints);
  return function;
}

std::string format_time(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

}  // namespace hearth::control
