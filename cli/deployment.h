// What `fn deploy` and `fn dev` share: a folder's package brought to hearthd, a build followed. Blocks; throws
// domain::Error.
#pragma once

#include "cli/build_output.h"
#include "cli/context.h"
#include "domain/function.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

namespace hearth::cli {

// How far it is, for whoever wants to show it.
struct Steps {
  std::function<void(std::string_view)> show = [](std::string_view) {};  // now
  std::function<void(std::string_view)> note = [](std::string_view) {};  // done
};

// Throws where the folder lacks what the spec names.
void check_folder(const std::filesystem::path& folder, const domain::FunctionSpec& spec);

// The digest of the uploaded package; empty for a spec that names an image.
std::string upload_package(const Context& context, Client& client, const std::filesystem::path& folder,
                           const domain::FunctionSpec& spec, const Steps& steps);

// What there is to tell while a revision is built and started.
struct BuildSteps {
  BuildOutput::OnLine on_line = [](std::string_view) {};
  std::function<void()> on_built = [] {};
  std::function<void()> on_away = [] {};  // no hearthd answers, so far
};

inline constexpr std::chrono::seconds kPatience{60};

// Returns when the revision at `target` is done; throws why it failed, with what its build wrote last. A hearthd that
// ends leaves it to the next one, which tells of it from the beginning: `unavailable` where none has come in time.
void follow_build(const Context& context, Client& client, const std::string& target, const BuildSteps& steps,
                  std::chrono::milliseconds patience = kPatience);

}  // namespace hearth::cli
