// Buffers of one size, lent out and taken back by one thread.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace hearth::http {

class BlockPool;

// Empty until taken, goes back with its owner. Its pool outlives it.
class Block {
 public:
  Block() = default;
  Block(Block&& other) noexcept : pool_(other.pool_), bytes_(std::exchange(other.bytes_, nullptr)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Block() { release(); }

  char* data() const noexcept { return bytes_; }
  inline std::size_t size() const noexcept;  // of one that was taken
  explicit operator bool() const noexcept { return bytes_ != nullptr; }
  void release() noexcept;

 private:
  friend class BlockPool;
  Block(BlockPool* pool, char* bytes) : pool_(pool), bytes_(bytes) {}

  BlockPool* pool_ = nullptr;
  char* bytes_ = nullptr;
};

class BlockPool {
 public:
  // `kept` of those that came back are kept for the next, `most` are out at once.
  BlockPool(std::size_t bytes, std::size_t kept, std::size_t most);
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  Block take();  // an empty one where all are out

 private:
  friend class Block;
  void give(char* bytes) noexcept;

  const std::size_t bytes_;
  const std::size_t kept_;
  const std::size_t most_;
  std::size_t out_ = 0;
  std::vector<char*> spare_;
};

std::size_t Block::size() const noexcept { return pool_->bytes_; }

}  // namespace hearth::http
