// A body of a durable call, piece by piece, wherever the store has it. Blocks; one thread.
#pragma once

#include "ports/call_store.h"

#include <fstream>
#include <functional>
#include <string_view>

namespace hearth::control {

class CallContent {
 public:
  // Throws `not_found` where its call was forgotten since it was looked at. `content` outlives it.
  CallContent(const ports::CallStore& store, const ports::Content& content);

  // Throws `internal` where the disk has less of it than there should be.
  void read(const std::function<void(std::string_view piece)>& take);

 private:
  const ports::Content& content_;
  std::ifstream file_;
};

}  // namespace hearth::control
