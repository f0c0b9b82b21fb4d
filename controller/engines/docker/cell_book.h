// Which functions start in cells, and what that takes: the recipe on their image, a copy of their package. Found out in
// the background, so that a start finds it ready.
#pragma once

#include "engines/docker/cells.h"
#include "engines/docker/images.h"
#include "engines/docker/package_copies.h"
#include "ports/engine.h"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>

namespace hearth::docker {

// All that a start in a cell needs besides the cell.
struct Seat {
  CellKind kind;
  CellRecipe recipe;
  std::filesystem::path package;  // the copy
};

// Any thread.
class CellBook {
 public:
  CellBook(Cells& cells, Images& images, PackageCopies& copies);
  ~CellBook();

  // Replicas such as `spec` may start from now on, and no others of its function. Returns at once.
  void expect(const ports::ReplicaSpec& spec);
  void forget(const domain::FunctionName& function);
  // For a start that is due: waits a moment for what is being found out. Where there is none, what else it starts from.
  std::variant<Seat, domain::StartedFrom> seat(const ports::ReplicaSpec& spec);
  // What is known to keep a package out of cells that it would be streamed to; nothing is told of what is not known
  // yet.
  std::optional<std::string> obstacle(const std::string& image, const domain::Limits& limits);
  // A replica uses the package of `image`, from before it asks for a seat until it is gone.
  void moves_in(domain::ReplicaId replica, const std::string& image);
  void moves_out(domain::ReplicaId replica);
  // Whoever lives of those that an earlier hearthd started holds its copy by now: what nobody holds may go.
  void recovered();
  void end();

 private:
  struct Page {
    bool found_out = false;                 // false: something was in the way, which may be gone the next time
    std::optional<CellRecipe> recipe = {};  // nothing: it has none, once that is found out
    domain::Bytes room = {};                // of its package, where that is streamed
  };
  struct Use {
    std::string image;
    NetworkKind network = NetworkKind::none;
    domain::Limits limits = {};
  };

  void run(const std::stop_token& stop);
  void compile(const std::string& image, const Compilation& compilation, const std::stop_token& stop);
  // The recipe, and the package's copy where there is one.
  Page look_up(const std::string& image, const std::stop_token& stop);
  bool is_ready(const std::string& image) const;  // under the lock
  std::optional<std::string> obstacle(const Page& page, const domain::Limits& limits) const;
  // Under the lock, once after many changes.
  void recount();
  void forget_pages();

  Cells& cells_;
  Images& images_;
  PackageCopies& copies_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<domain::FunctionName, Use> functions_;
  std::map<std::string, Page> pages_;              // by image
  std::deque<std::string> asked_;                  // images
  std::map<std::string, Compilation> uncompiled_;  // of images: once nothing is asked
  std::map<CellKind, CellRecipe> told_;            // kinds that were expected
  bool changes_ = false;                           // since the last recount()
  bool recovered_ = false;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace hearth::docker
