// Which functions there are and which requests are theirs: a snapshot, swapped when one is deployed or removed. A data
// thread keeps a Reader, whose look-up costs one atomic load while nothing changed.
#pragma once

#include "domain/function.h"
#include "domain/routes.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hearth::control {

class FunctionEntry;
using FunctionHandle = std::shared_ptr<FunctionEntry>;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

class Directory {
 public:
  // What the data plane needs to know of a function before it has a lease.
  struct Row {
    FunctionHandle handle;
    std::chrono::milliseconds timeout{0};
    domain::Bytes body;
    domain::RetryPolicy retry = {};
    std::uint32_t capacity = 1;  // calls at once, of all its replicas
  };
  // "hello" or "space.hello" → its row.
  using Rows = std::unordered_map<std::string, Row, TextHash, std::equal_to<>>;
  struct Snapshot {
    Rows rows;
    domain::RouteTable routes;
  };

  // For one thread.
  class Reader {
   public:
    explicit Reader(const Directory& directory) : directory_(&directory) {}
    // Valid until the next find of this reader; null when there is no such function.
    const Row* find(std::string_view name);
    // What there is now, kept for as long as it is used. Its count of users is this reader's own, so that threads do
    // not meet at it.
    std::shared_ptr<const Snapshot> snapshot();

   private:
    void refresh();

    const Directory* directory_;
    std::uint64_t version_ = 0;
    std::shared_ptr<const Snapshot> snapshot_;
  };

  struct Entry {
    domain::FunctionName function;
    Row row;
    std::vector<domain::HttpTrigger> triggers = {};
  };
  // For who asks seldom: a copy. Any thread.
  std::optional<Row> look_up(const domain::FunctionName& function) const;
  // All of them at once: each swap costs as much as there are functions.
  void put(std::vector<Entry> entries);
  void remove(const domain::FunctionName& function);

 private:
  std::atomic<std::uint64_t> version_{1};
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<domain::RouteRule>> rules_;  // by function
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>();

  void swap(Rows rows);
};

}  // namespace hearth::control
