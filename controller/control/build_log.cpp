#include "control/build_log.h"

namespace hearth::control {

void BuildLog::write(std::string_view text) {
  const std::scoped_lock lock{mutex_};
  if (text_.size() + text.size() <= kLimit) {
    text_ += text;
  } else if (!std::exchange(truncated_, true)) {
    text_ += "\n… the build wrote more than is kept here\n";
  }
  changed_.notify_all();
}

void BuildLog::built() {
  const std::scoped_lock lock{mutex_};
  built_ = true;
  changed_.notify_all();
}

void BuildLog::settle(std::optional<domain::Fault> fault) {
  const std::scoped_lock lock{mutex_};
  settled_ = true;
  fault_ = std::move(fault);
  changed_.notify_all();
}

BuildLog::Part BuildLog::read(std::size_t offset, std::chrono::milliseconds patience, bool known_built) const {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, patience, [&] { return settled_ || text_.size() > offset || (built_ && !known_built); });
  const auto from = std::min(offset, text_.size());
  return {.text = text_.substr(from), .next = text_.size(), .built = built_, .settled = settled_, .fault = fault_};
}

}  // namespace hearth::control
