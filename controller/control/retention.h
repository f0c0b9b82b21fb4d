// Which revisions are kept, and how the others go: with their image and their package. Blocks; to be called by whoever
// holds the function; throws domain::Error.
#pragma once

#include "control/records.h"
#include "ports/builder.h"
#include "ports/packages.h"

#include <cstddef>
#include <span>

namespace hearth::control {

class Retention {
 public:
  Retention(Records& records, ports::Packages& packages, ports::Builder& builder)
      : records_(records), packages_(packages), builder_(builder) {}

  // What a rollback is not likely to go to goes, the oldest first; so do failures that newer ones have made old news.
  // What cannot be removed now is removed with the next one.
  void prune(const domain::Function& function, std::size_t history);
  void discard(std::span<const domain::Revision> revisions);

 private:
  Records& records_;
  ports::Packages& packages_;
  ports::Builder& builder_;
};

}  // namespace hearth::control
