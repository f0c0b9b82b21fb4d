#include "cli/json_schema.h"

#include "cli/manifest.h"
#include "cli/manifest_schema.h"

#include <nlohmann/json.hpp>

#include <string>

namespace hearth::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kNamePattern = "^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$";
// YAML reads 1, true and 2026-01-31 as other things than text; fn.yaml takes them as they are written.
const Json kAnyScalar = Json::array({"string", "number", "boolean"});

std::string joined(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
}

Json object_of(const std::string& section);

Json pattern(const char* text) { return {{"type", "string"}, {"pattern", text}}; }

// What a value of this kind looks like. A kind without a line here does not build.
struct Shape {
  std::string path;  // of the key

  Json operator()(const Text&) const { return {{"type", kAnyScalar}}; }
  Json operator()(const Size&) const { return pattern("^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti)$"); }
  Json operator()(const Time&) const { return pattern("^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$"); }
  Json operator()(const Frost&) const { return pattern("^(auto|never|[0-9]+(\\.[0-9]+)?(ms|s|m|h))$"); }
  Json operator()(const Keep&) const { return {{"enum", {"auto", "fixed", "hybrid"}}}; }
  Json operator()(const Cpu&) const {
    auto text = pattern("^[0-9]+(\\.[0-9]+)?m?$");
    return {{"anyOf", Json::array({Json{{"type", "number"}, {"minimum", 0}}, std::move(text)})}};
  }
  Json operator()(const Count&) const {
    auto text = pattern("^[0-9]{1,9}$");
    return {
        {"anyOf", Json::array({Json{{"type", "integer"}, {"minimum", 0}, {"maximum", UINT32_MAX}}, std::move(text)})}};
  }
  Json operator()(const Choice&) const { return {{"enum", {"allow", "deny"}}}; }
  Json operator()(const Flag&) const { return {{"enum", {true, false, "true", "false"}}}; }
  Json operator()(const Texts&) const { return {{"type", {"array", "null"}}, {"items", {{"type", kAnyScalar}}}}; }
  Json operator()(const Pairs&) const {
    return {{"type", {"object", "null"}}, {"additionalProperties", {{"type", kAnyScalar}}}};
  }
  Json operator()(const Section&) const {
    auto object = object_of(path);
    object["type"] = {"object", "null"};
    return object;
  }
  // Of things that are told apart by their one key.
  Json operator()(const List&) const {
    auto item = object_of(path);
    item["minProperties"] = 1;
    item["maxProperties"] = 1;
    for (auto& [name, shape] : item["properties"].items()) shape["type"] = "object";
    return {{"type", {"array", "null"}}, {"items", std::move(item)}};
  }
  Json operator()(const Later&) const { return false; }
};

// The keys of a section, and no other.
Json object_of(const std::string& section) {
  Json properties = Json::object();
  for (const auto& key : manifest_keys()) {
    if (key.section != section || std::holds_alternative<Later>(key.kind)) continue;
    auto shape = std::visit(Shape{joined(section, key.name)}, key.kind);
    shape["description"] = std::string(key.help) + "; such as " + std::string(key.example);
    properties[std::string(key.name)] = std::move(shape);
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

// What is taken where a key is left out.
void put_defaults(Json& schema) {
  const auto defaults = Json::parse(spec_document({}).dump());
  for (auto& [name, property] : schema["properties"].items()) {
    if (!property.contains("properties") || !defaults.contains(name)) continue;
    for (auto& [inner, shape] : property["properties"].items()) {
      if (defaults[name].contains(inner)) shape["default"] = defaults[name][inner];
    }
  }
}

}  // namespace

Json manifest_json_schema() {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "fn.yaml"},
              {"description", "What a function's folder says of it to Hearth"}};
  schema.update(object_of(""));
  put_defaults(schema);
  auto& properties = schema["properties"];
  properties["name"]["type"] = "string";
  properties["name"]["pattern"] = kNamePattern;
  properties["runtime"]["type"] = "string";
  properties["runtime"]["pattern"] = kNamePattern;
  properties["env"]["propertyNames"] = {{"pattern", "^(?!HEARTH_)(?!PORT$)[A-Za-z_][A-Za-z0-9_]*$"}};
  auto& route = properties["triggers"]["items"]["properties"]["http"];
  route["required"] = {"path"};
  route["properties"]["path"]["type"] = "string";
  route["properties"]["path"]["pattern"] = "^/";
  schema["required"] = {"name"};
  schema["oneOf"] = Json::array({{{"required", {"runtime"}}}, {{"required", {"image"}}}, {{"required", {"build"}}}});
  schema["dependentRequired"] = {{"handler", {"runtime"}}};
  return schema;
}

}  // namespace hearth::cli
