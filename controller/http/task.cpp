#include "http/task.h"

#include <array>
#include <new>

namespace hearth::http {
namespace {

constexpr std::size_t kStep = 128;
constexpr std::size_t kClasses = 32;  // frames up to 4 KiB
constexpr std::size_t kKept = 1024;   // of each class and thread

struct Node {
  Node* next;
};

class FrameCache {
 public:
  ~FrameCache() {
    for (auto& shelf : shelves_) {
      while (shelf.top) ::operator delete(std::exchange(shelf.top, shelf.top->next));
      shelf.count = kKept;  // frames that end later go straight back to the heap
    }
  }
  void* take(std::size_t size_class) {
    auto& shelf = shelves_[size_class];
    if (!shelf.top) return ::operator new((size_class + 1) * kStep);
    --shelf.count;
    return std::exchange(shelf.top, shelf.top->next);
  }
  void give(void* frame, std::size_t size_class) noexcept {
    auto& shelf = shelves_[size_class];
    if (shelf.count >= kKept) return ::operator delete(frame);
    ++shelf.count;
    shelf.top = ::new (frame) Node{shelf.top};
  }

 private:
  struct Shelf {
    Node* top = nullptr;
    std::size_t count = 0;
  };
  std::array<Shelf, kClasses> shelves_;
};

thread_local FrameCache frames;

}  // namespace

void* take_frame(std::size_t size) {
  const std::size_t size_class = (size - 1) / kStep;
  return size_class < kClasses ? frames.take(size_class) : ::operator new(size);
}

void give_frame(void* frame, std::size_t size) noexcept {
  const std::size_t size_class = (size - 1) / kStep;
  if (size_class < kClasses) {
    frames.give(frame, size_class);
  } else {
    ::operator delete(frame);
  }
}

}  // namespace hearth::http
