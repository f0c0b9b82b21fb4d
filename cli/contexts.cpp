#include "cli/contexts.h"

#include "cli/paths.h"
#include "cli/suggestion.h"
#include "cli/views.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Error;
using domain::Layer;
using nlohmann::json;

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw Error(Code::invalid, Layer::client, file.string() + " " + why, "mend it, or remove it and add contexts anew");
}

[[noreturn]] void fail_to_write(const fs::path& file, int reason) {
  throw Error(Code::internal, Layer::client, file.string() + " cannot be written: " + std::strerror(reason));
}

json document_of(const Controller& controller) {
  json document{{"api", controller.api}};
  if (!controller.token_file.empty()) document["token_file"] = controller.token_file.string();
  if (!controller.ca_file.empty()) document["ca_file"] = controller.ca_file.string();
  if (!controller.space.empty()) document["namespace"] = controller.space;
  return document;
}

}  // namespace

const Controller& Contexts::find(const std::string& name) const {
  if (const auto found = named.find(name); found != named.end()) return found->second;
  std::vector<std::string> names{std::string(kLocalContext)};
  for (const auto& [known, controller] : named) names.push_back(known);
  const auto meant = nearest(name, names);
  throw Error(Code::not_found, Layer::client,
              "there is no context " + name + (meant.empty() ? "" : "; did you mean " + meant + "?"),
              "there are: " + enumerate(names) + "; make one with: fn config add");
}

fs::path contexts_file() {
  const auto home = environment("HOME").value_or("/nonexistent");
  return fs::path(environment("XDG_CONFIG_HOME").value_or(home + "/.config")) / "hearth" / "contexts.json";
}

Contexts read_contexts(const fs::path& file) {
  errno = 0;
  std::ifstream stream(file);
  if (!stream) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    refuse(file, std::string("cannot be read: ") + std::strerror(errno));
  }
  const auto document = json::parse(std::string(std::istreambuf_iterator<char>(stream), {}), nullptr, false);
  if (!document.is_object()) refuse(file, "is no JSON object");
  Contexts contexts{.current = text_at(document, "current"), .named = {}};
  for (const auto& [name, controller] : child_at(document, "contexts").items()) {
    if (text_at(controller, "api").empty()) refuse(file, "tells no api of the context " + name);
    contexts.named[name] = {.api = text_at(controller, "api"),
                            .token_file = text_at(controller, "token_file"),
                            .ca_file = text_at(controller, "ca_file"),
                            .space = text_at(controller, "namespace")};
  }
  return contexts;
}

void write_contexts(const fs::path& file, const Contexts& contexts) {
  json document{{"current", contexts.current}, {"contexts", json::object()}};
  for (const auto& [name, controller] : contexts.named) document["contexts"][name] = document_of(controller);
  const auto text = document.dump(2) + "\n";
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) fail_to_write(file, error.value());
  const auto fresh = file.string() + "." + std::to_string(::getpid());
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) fail_to_write(file, errno);
  const bool whole = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = whole ? 0 : errno;
  ::close(descriptor);
  if (!whole || ::rename(fresh.c_str(), file.c_str()) != 0) {
    ::unlink(fresh.c_str());
    fail_to_write(file, reason != 0 ? reason : errno);
  }
}

}  // namespace hearth::cli
