// What functions took, day by day, as the store keeps it: one document for a function's day, under its name, so that a
// function that is deleted and made again goes on where it was.
#pragma once

#include "domain/usage.h"
#include "ports/store.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::control {

class UsageRecords {
 public:
  using Key = std::pair<domain::Day, domain::FunctionName>;
  using Batch = std::map<Key, domain::Usage>;

  explicit UsageRecords(ports::Store& store) : store_(store) {}

  // Adds all of it or, when it throws, nothing; what other processes add to the same documents stays. One thread at a
  // time; the rest any thread.
  void add(const Batch& batch);

  std::optional<domain::Usage> find(const Key& key) const;
  // Days `from` … `to` of a namespace in order of day and name, after `after` where that is given.
  std::vector<domain::DayUsage> list(std::string_view space, domain::Day from, domain::Day to,
                                     const std::optional<std::pair<domain::Day, std::string>>& after,
                                     std::size_t limit) const;
  // A few at a time, for each is a write of its own; true: none is left.
  bool remove_before(domain::Day day);

 private:
  struct Known {
    domain::Usage usage;
    std::uint64_t version = 0;
  };

  bool try_to_add(const Batch& batch);

  ports::Store& store_;
  std::map<Key, Known> known_;  // what add() wrote last, so that it need not read it again
};

}  // namespace hearth::control
