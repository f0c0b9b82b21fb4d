// Which functions start in cells, and what that takes: the recipe on their image, their package as a folder. Found out
// in the background, so that a start finds it ready.
#pragma once

#include "engines/docker/cells.h"
#include "engines/docker/images.h"
#include "engines/docker/package_folders.h"
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

namespace hearth::docker {

// All that a start in a cell needs besides the cell.
struct Seat {
  CellKind kind;
  CellRecipe recipe;
  std::filesystem::path package;
};

// Any thread.
class CellBook {
 public:
  CellBook(Cells& cells, Images& images, PackageFolders& folders);
  ~CellBook();

  // Replicas such as `spec` may start from now on, and no others of its function. Returns at once.
  void expect(const ports::ReplicaSpec& spec);
  void forget(const domain::FunctionName& function);
  // For a start that is due: waits a moment for what is being found out. Nothing where it starts from its image.
  std::optional<Seat> seat(const ports::ReplicaSpec& spec);
  // A replica uses the package of `image`, from before it asks for a seat until it is gone.
  void moves_in(domain::ReplicaId replica, const std::string& image);
  void moves_out(domain::ReplicaId replica);
  // Whoever lives of those that an earlier hearthd started holds its folder by now: what nobody holds may go.
  void recovered();
  void end();

 private:
  struct Page {
    bool found_out = false;                 // false: something was in the way, which may be gone the next time
    std::optional<CellRecipe> recipe = {};  // nothing: it has none, once that is found out
  };

  void run(const std::stop_token& stop);
  // The recipe, and the package unpacked where there is one.
  Page look_up(const std::string& image, const std::stop_token& stop);
  bool is_ready(const std::string& image) const;  // under the lock
  // Under the lock, once after many changes.
  void recount();
  void forget_pages();

  Cells& cells_;
  Images& images_;
  PackageFolders& folders_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<domain::FunctionName, std::pair<std::string, NetworkKind>> functions_;  // image and network of each
  std::map<std::string, Page> pages_;                                              // by image
  std::deque<std::string> asked_;                                                  // images
  std::map<CellKind, CellRecipe> told_;                                            // kinds that were expected
  bool changes_ = false;                                                           // since the last recount()
  bool recovered_ = false;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace hearth::docker
