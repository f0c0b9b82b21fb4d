// What is said of cells: to Docker, on the images of functions, and to a cell itself. Pure.
#pragma once

#include "engines/docker/codec.h"

#include <nlohmann/json_fwd.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::docker {

// What makes a package quicker to load: run in its function's image, over /function.
struct Compilation {
  std::vector<std::string> command = {};  // none: there is nothing to compile
  std::string files = {};                 // what the names of those that it is about end with: ".py"
  std::string folder = {};                // what it leaves in there is added to the package
  bool operator==(const Compilation&) const = default;
};

// How cells for a function's image are made: a label of that image, put there by its build.
struct CellRecipe {
  std::string runtime;               // "python"
  std::string image;                 // what functions of the runtime run in, "sha256:…"
  std::vector<std::string> command;  // instead of that image's own
  std::string handler;               // where the function names none
  Compilation compilation = {};
  bool operator==(const CellRecipe&) const = default;
};
inline constexpr const char* kRecipeLabel = "dev.hearth.image.cell";
std::string write_recipe(const CellRecipe& recipe);
std::optional<CellRecipe> read_recipe(std::string_view text);

// One is as good as another of its kind.
struct CellKind {
  std::string image;
  NetworkKind network = NetworkKind::open;
  auto operator<=>(const CellKind&) const = default;
};

// A cell before it is anybody's, as a spec that the codec of containers understands.
ports::ReplicaSpec spec_of_cell(domain::ReplicaId cell, const CellKind& kind);

struct CellFolders {
  // Bound to /function, handing mounts on. Empty: the cell has memory there, which its package is streamed to. The
  // socket's is among the surroundings.
  std::string package;
};
// POST /containers/create. `user` is the cell's own.
nlohmann::json cell_body(domain::ReplicaId cell, const CellKind& kind, const std::vector<std::string>& command,
                         std::uint32_t user, const CellFolders& folders, const Surroundings& surroundings);

// A user and group id that no other replica of this machine has had lately.
std::uint32_t user_of_cell(domain::ReplicaId cell);

// The line that makes a cell the replica `spec` (docs/reference/container.md). `package`: how many bytes of a tar
// follow it; 0: what it needs is there.
std::string handover_line(const ports::ReplicaSpec& spec, const CellRecipe& recipe, std::uint64_t package = 0);

// POST /containers/ID/update: what was written to its control groups already.
nlohmann::json update_body(const ports::Allowance& allowance);

}  // namespace hearth::docker
