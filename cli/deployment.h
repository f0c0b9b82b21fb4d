// What `fn deploy` and `fn dev` share: a folder's package brought to hearthd, a build followed. Blocks; throws
// domain::Error.
#pragma once

#include "cli/build_output.h"
#include "cli/context.h"
#include "domain/function.h"

#include <nlohmann/json_fwd.hpp>

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

// Returns when the build of the revision at `target` is done; throws why it failed, with what it wrote last.
void follow_build(Client& client, const std::string& target, const BuildOutput::OnLine& on_line);

}  // namespace hearth::cli
