// The durable calls of one function that wait for their turn, by the time they are due: the first of them here, the
// rest in the store alone, so that a flood costs disk and no memory. Pure.
#pragma once

#include "domain/time.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace hearth::domain {

// Where a call stands in its queue.
struct CallTurn {
  WallTime due{};
  std::string id;
  auto operator<=>(const CallTurn&) const = default;
};

struct Waiting {
  CallTurn turn;
  std::uint32_t attempt = 1;  // the one that is next
  std::uint32_t misses = 0;   // times in a row that the function could not be asked
};

class CallQueue {
 public:
  // Of a function of which the store has nothing; `most` of its calls stand here.
  explicit CallQueue(std::size_t most = 1024) : most_(most) {}

  // One that the store has got, or that is to be tried again at another time.
  void add(Waiting call);
  // The first that is due, where fewer than `at_once` run. It runs from here on, until ended().
  std::optional<Waiting> take(WallTime now, std::uint32_t at_once);
  // What became of a running one is on disk.
  void ended(const std::string& id);
  // It waits no more. False where it is not here, or runs.
  bool remove(const CallTurn& turn);
  // The store may have calls that were never added here: all of it is wanted again.
  void look_again();

  // When take() has one next; nothing: not before something else happens.
  std::optional<WallTime> wake_at(std::uint32_t at_once) const;

  // Few are left here, and the store has more: those that are not before the returned turn are wanted, in order.
  std::optional<CallTurn> wants() const;
  void filling();  // they are being read
  // The answer: a page of them, and whether it is the last.
  void fill(std::vector<Waiting> page, bool last);

  // When the first that waits is due; nothing where none stands here.
  std::optional<WallTime> first_due() const;

  std::uint32_t running() const { return static_cast<std::uint32_t>(running_.size()); }
  std::size_t here() const { return waiting_.size(); }
  // Nothing is here, in the store, or runs.
  bool empty() const { return waiting_.empty() && running_.empty() && !beyond_; }

 private:
  struct ByTurn {
    using is_transparent = void;
    bool operator()(const Waiting& a, const Waiting& b) const { return a.turn < b.turn; }
    bool operator()(const Waiting& a, const CallTurn& b) const { return a.turn < b; }
    bool operator()(const CallTurn& a, const Waiting& b) const { return a < b.turn; }
  };

  std::size_t most_;
  std::set<Waiting, ByTurn> waiting_;
  std::unordered_set<std::string> running_;
  std::optional<CallTurn> beyond_;  // from here on the store may have calls that are not here
  bool filling_ = false;
  bool again_ = false;                    // and once more after it
  std::vector<Waiting> meanwhile_;        // added while a page was read, behind beyond_
  std::unordered_set<std::string> gone_;  // what the page may still have as it was
};

}  // namespace hearth::domain
