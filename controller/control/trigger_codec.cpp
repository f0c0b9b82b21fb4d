#include "control/trigger_codec.h"

#include <nlohmann/json.hpp>

namespace hearth::control {
namespace {

using domain::Cors;
using domain::HttpTrigger;
using nlohmann::json;

void put_texts(json& document, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) document[key] = texts;
}

json cors_json(const Cors& cors) {
  json document{
      {"origins", cors.origins}, {"credentials", cors.credentials}, {"max_age", domain::to_string(cors.max_age)}};
  put_texts(document, "methods", cors.methods);
  put_texts(document, "headers", cors.headers);
  put_texts(document, "expose", cors.expose);
  return document;
}

json http_json(const HttpTrigger& trigger) {
  json document{{"path", trigger.path}};
  put_texts(document, "methods", trigger.methods);
  if (!trigger.host.empty()) document["host"] = trigger.host;
  if (trigger.cors) document["cors"] = cors_json(*trigger.cors);
  return document;
}

Cors read_cors(const json& document, std::string path, Complaints& complaints) {
  Cors cors;
  JsonFields fields(document, std::move(path), complaints);
  fields.texts("origins", cors.origins);
  fields.texts("methods", cors.methods);
  fields.texts("headers", cors.headers);
  fields.texts("expose", cors.expose);
  fields.flag("credentials", cors.credentials);
  fields.duration("max_age", cors.max_age);
  fields.finish();
  return cors;
}

HttpTrigger read_http(const json& document, std::string path, Complaints& complaints) {
  HttpTrigger trigger;
  JsonFields fields(document, std::move(path), complaints);
  fields.text("path", trigger.path);
  fields.texts("methods", trigger.methods);
  fields.text("host", trigger.host);
  if (const auto* cors = fields.child("cors")) trigger.cors = read_cors(*cors, fields.path_of("cors"), complaints);
  fields.finish();
  return trigger;
}

}  // namespace

json triggers_json(const std::vector<HttpTrigger>& triggers) {
  auto all = json::array();
  for (const auto& trigger : triggers) all.push_back({{"http", http_json(trigger)}});
  return all;
}

void read_triggers(const json& document, const std::string& path, std::vector<HttpTrigger>& into,
                   Complaints& complaints) {
  if (!document.is_array()) {
    complaints.push_back({path, std::string("must be a list, not ") + document.type_name()});
    return;
  }
  for (std::size_t i = 0; i < document.size(); ++i) {
    const auto here = path + "[" + std::to_string(i) + "]";
    JsonFields fields(document[i], here, complaints);
    const auto* http = fields.child("http");
    for (const char* later : {"cron", "webhook", "queue", "object"}) {
      if (fields.child(later) != nullptr) complaints.push_back({here + "." + later, "is kept for a later version"});
    }
    if (http != nullptr) into.push_back(read_http(*http, fields.path_of("http"), complaints));
    if (document[i].is_object() && document[i].empty()) complaints.push_back({here, "must say what triggers it: http"});
    fields.finish();
  }
}

}  // namespace hearth::control
