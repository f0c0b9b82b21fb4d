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

struct Shelf {
  Node* top = nullptr;
  std::size_t room = 0;  // for more
};

// Without a constructor and a destructor of its own: a look at it costs no more than one at any other variable.
constinit thread_local std::array<Shelf, kClasses> shelves{};

// Opens the shelves of its thread, and clears them when that ends: frames that end later go straight back to the heap.
struct Keeper {
  Keeper() noexcept {
    for (auto& shelf : shelves) shelf.room = kKept;
  }
  ~Keeper() {
    for (auto& shelf : shelves) {
      while (shelf.top) ::operator delete(std::exchange(shelf.top, shelf.top->next));
      shelf.room = 0;
    }
  }
};

bool has_room(const Shelf& shelf) noexcept {
  if (shelf.room != 0) return true;
  thread_local const Keeper keeper;
  return shelf.room != 0;
}

}  // namespace

void* take_frame(std::size_t size) {
  const std::size_t size_class = (size - 1) / kStep;
  if (size_class >= kClasses) return ::operator new(size);
  auto& shelf = shelves[size_class];
  if (!shelf.top) return ::operator new((size_class + 1) * kStep);
  ++shelf.room;
  return std::exchange(shelf.top, shelf.top->next);
}

void give_frame(void* frame, std::size_t size) noexcept {
  const std::size_t size_class = (size - 1) / kStep;
  if (size_class >= kClasses || !has_room(shelves[size_class])) return ::operator delete(frame);
  auto& shelf = shelves[size_class];
  --shelf.room;
  shelf.top = ::new (frame) Node{shelf.top};
}

}  // namespace hearth::http
