#include "engines/docker/cell_codec.h"

#include "domain/cells.h"
#include "engines/docker/json_read.h"

#include <nlohmann/json.hpp>

namespace hearth::docker {

using domain::ReplicaId;
using nlohmann::json;
using ports::ReplicaSpec;

namespace {

constexpr const char* kPackageFolder = "/function";
// Above all that accounts and their subordinate ranges are given.
constexpr std::uint32_t kFirstUser = 0x4000'0000;
constexpr std::uint32_t kUsers = 0x1000'0000;

// The cell's own, who fills it. Compiled functions are run from there.
std::string memory_for_package(std::uint32_t user) {
  const auto id = std::to_string(user);
  return "rw,exec,nosuid,nodev,mode=0755,uid=" + id + ",gid=" + id +
         ",size=" + std::to_string(domain::kLargestStreamed.count);
}

std::vector<std::string> words_of(const json& value, const char* key) {
  std::vector<std::string> words;
  for (const auto& word : array(value, key)) {
    if (word.is_string()) words.push_back(word);
  }
  return words;
}

}  // namespace

std::string write_recipe(const CellRecipe& recipe) {
  json value{
      {"runtime", recipe.runtime}, {"image", recipe.image}, {"command", recipe.command}, {"handler", recipe.handler}};
  const auto& compilation = recipe.compilation;
  if (!compilation.command.empty()) {
    value["compile"] = {{"command", compilation.command}, {"files", compilation.files}, {"folder", compilation.folder}};
  }
  return value.dump();
}

std::optional<CellRecipe> read_recipe(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  CellRecipe recipe{.runtime = text_of(value, "runtime"),
                    .image = text_of(value, "image"),
                    .command = words_of(value, "command"),
                    .handler = text_of(value, "handler")};
  const json compile = object(value, "compile");
  recipe.compilation = {.command = words_of(compile, "command"),
                        .files = text_of(compile, "files"),
                        .folder = text_of(compile, "folder")};
  if (recipe.image.empty() || recipe.command.empty()) return std::nullopt;
  return recipe;
}

ReplicaSpec spec_of_cell(ReplicaId cell, const CellKind& kind) {
  ReplicaSpec spec;
  spec.id = cell;
  spec.function = {.space = "", .name = "cell"};
  spec.image = kind.image;
  spec.templated = true;
  spec.limits = domain::kCellLimits;
  spec.network.egress = kind.network == NetworkKind::open;
  return spec;
}

json cell_body(ReplicaId cell, const CellKind& kind, const std::vector<std::string>& command, std::uint32_t user,
               const CellFolders& folders, const Surroundings& surroundings) {
  const auto spec = spec_of_cell(cell, kind);
  json body = create_body(spec, surroundings);
  auto labels = proof(surroundings.installation, container_name(surroundings.installation, spec));
  labels["dev.hearth.cell"] = domain::format_replica(cell);
  body["Labels"] = labels;
  body["User"] = user_and_group(user);
  body["Env"] = {"HEARTH_SOCKET=/run/hearth/fn.sock", "HEARTH_CELL=/run/hearth/cell.sock"};
  body["Entrypoint"] = command;
  body["Cmd"] = json::array();
  body["WorkingDir"] = "/";  // a process that stood in the empty folder would stay below what is bound over it
  if (folders.package.empty()) {
    body["HostConfig"]["Tmpfs"][kPackageFolder] = memory_for_package(user);
    return body;
  }
  body["HostConfig"]["Mounts"].push_back({{"Type", "bind"},
                                          {"Source", folders.package},
                                          {"Target", kPackageFolder},
                                          {"ReadOnly", true},
                                          {"BindOptions", {{"Propagation", "rslave"}}}});
  return body;
}

std::uint32_t user_of_cell(ReplicaId cell) { return kFirstUser + static_cast<std::uint32_t>(cell % kUsers); }

std::string handover_line(const ReplicaSpec& spec, const CellRecipe& recipe, std::uint64_t package) {
  auto env = environment_of(spec);
  if (spec.handler.empty() && !recipe.handler.empty()) env["HEARTH_HANDLER"] = recipe.handler;
  json line{{"env", env}, {"folder", kPackageFolder}, {"handler", env["HEARTH_HANDLER"]}};
  if (package > 0) line["package"] = package;
  // What is no UTF-8 in a variable's value could not have come through the API either.
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

json update_body(const ports::Allowance& allowance) {
  return {{"Memory", allowance.memory.count},
          {"MemorySwap", allowance.memory.count},
          {"NanoCpus", std::uint64_t{allowance.cpu_millis} * 1'000'000},
          {"PidsLimit", allowance.processes}};
}

}  // namespace hearth::docker
