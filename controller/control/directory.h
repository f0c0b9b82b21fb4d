// Which functions there are: a snapshot, swapped when one is deployed or removed. A data thread keeps a Reader, whose
// look-up costs one atomic load while nothing changed.
#pragma once

#include "domain/function.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

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
  };
  // "hello" or "space.hello" → its row.
  using Rows = std::unordered_map<std::string, Row, TextHash, std::equal_to<>>;

  // For one thread.
  class Reader {
   public:
    explicit Reader(const Directory& directory) : directory_(&directory) {}
    // Valid until the next find of this reader; null when there is no such function.
    const Row* find(std::string_view name);

   private:
    const Directory* directory_;
    std::uint64_t version_ = 0;
    std::shared_ptr<const Rows> rows_;
  };

  void put(const domain::FunctionName& function, Row row);
  void remove(const domain::FunctionName& function);

 private:
  std::atomic<std::uint64_t> version_{1};
  mutable std::mutex mutex_;
  std::shared_ptr<const Rows> rows_ = std::make_shared<const Rows>();
};

}  // namespace hearth::control
