#include "http/block.h"

namespace hearth::http {

void Block::release() noexcept {
  if (bytes_) pool_->give(std::exchange(bytes_, nullptr));
}

BlockPool::BlockPool(std::size_t bytes, std::size_t kept, std::size_t most) : bytes_(bytes), kept_(kept), most_(most) {
  spare_.reserve(kept);
}

BlockPool::~BlockPool() {
  for (char* bytes : spare_) delete[] bytes;
}

Block BlockPool::take() {
  if (out_ == most_) return {};
  char* bytes = nullptr;
  if (spare_.empty()) {
    bytes = new char[bytes_];
  } else {
    bytes = spare_.back();
    spare_.pop_back();
  }
  ++out_;
  return {this, bytes};
}

void BlockPool::give(char* bytes) noexcept {
  --out_;
  if (spare_.size() < kept_) {
    spare_.push_back(bytes);  // reserved for kept_
  } else {
    delete[] bytes;
  }
}

}  // namespace hearth::http
