#include "cli/manifest.h"

#include "cli/manifest_reader.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using namespace domain;

constexpr std::size_t kLongest = 1 << 20;

std::string read_text(const fs::path& file) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    throw Error(Code::invalid, Layer::client, file.string() + " cannot be read: " + std::strerror(errno),
                absent ? "name the function's folder, or make one with: fn init NAME" : "");
  }
  std::string text(kLongest + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad() || (text.empty() && fs::is_directory(file))) {
    throw Error(Code::invalid, Layer::client, file.string() + " cannot be read: " + std::strerror(errno));
  }
  if (text.size() > kLongest) throw Error(Code::invalid, Layer::client, file.string() + " is larger than 1 MiB");
  return text;
}

std::string told(const std::string& file, const ManifestFault& fault) {
  return file + ":" + std::to_string(fault.line) + ":" + std::to_string(fault.column) + ": " + fault.message;
}

nlohmann::json trigger_document(const HttpTrigger& trigger) {
  nlohmann::json document{{"path", trigger.path}, {"methods", trigger.methods}, {"host", trigger.host}};
  if (const auto& cors = trigger.cors) {
    document["cors"] = {{"origins", cors->origins},         {"methods", cors->methods},
                        {"headers", cors->headers},         {"expose", cors->expose},
                        {"credentials", cors->credentials}, {"max_age", to_string(cors->max_age)}};
  }
  return document;
}

}  // namespace

FunctionSpec read_manifest(const fs::path& folder) {
  const auto file = (folder / kManifestFile).lexically_normal().string();
  auto manifest = parse_manifest(read_text(file));
  if (manifest.faults.empty()) return std::move(manifest.spec);
  Fault fault{.code = Code::invalid, .layer = Layer::client, .message = told(file, manifest.faults.front())};
  if (manifest.faults.size() > 1) {
    fault.message = file + " has " + std::to_string(manifest.faults.size()) + " faults";
    for (const auto& one : manifest.faults) fault.detail += told(file, one) + "\n";
  }
  throw Error(std::move(fault));
}

nlohmann::json spec_document(const FunctionSpec& spec) {
  nlohmann::json document{
      {"env", spec.env},
      {"history", spec.history},
      {"retry",
       {{"attempts", spec.retry.attempts},
        {"backoff", to_string(spec.retry.backoff)},
        {"max_backoff", to_string(spec.retry.max_backoff)}}},
      {"limits",
       {{"memory", to_string(spec.limits.memory)},
        {"cpu", spec.limits.cpu_millis / 1000.0},
        {"timeout", to_string(spec.limits.timeout)},
        {"pids", spec.limits.pids},
        {"tmp", to_string(spec.limits.tmp)},
        {"body", to_string(spec.limits.body)}}},
      {"scale",
       {{"min", spec.scale.min},
        {"max", spec.scale.max},
        {"keep_alive", name(spec.scale.keep_alive)},
        {"idle_timeout", to_string(spec.scale.idle_timeout)},
        {"start_timeout", to_string(spec.scale.start_timeout)},
        {"freeze", to_string(spec.scale.freeze)}}},
      {"network", {{"egress", spec.network.egress ? "allow" : "deny"}, {"attach", spec.network.attach}}}};
  if (spec.limits.concurrency != kOfItsRuntime) document["limits"]["concurrency"] = spec.limits.concurrency;
  const std::pair<const char*, const std::string*> texts[] = {{"runtime", &spec.runtime},
                                                              {"image", &spec.image},
                                                              {"build", &spec.build},
                                                              {"handler", &spec.handler},
                                                              {"container_runtime", &spec.container_runtime}};
  for (const auto& [key, value] : texts) {
    if (!value->empty()) document[key] = *value;
  }
  if (spec.debug) document["debug"] = true;
  for (const auto& trigger : spec.http_triggers) document["triggers"].push_back({{"http", trigger_document(trigger)}});
  return document;
}

}  // namespace hearth::cli
