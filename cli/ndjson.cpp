#include "cli/ndjson.h"

#include "domain/error.h"

#include <utility>

namespace hearth::cli {

bool NdjsonLines::push(std::string_view piece) {
  for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    const std::string line = rest_ + std::string(piece.substr(0, end));
    rest_.clear();
    piece.remove_prefix(end + 1);
    if (!hand_on(line)) return false;
  }
  rest_ += piece;
  if (rest_.size() > kLongest) {
    throw domain::Error(domain::Code::internal, domain::Layer::gateway, "hearthd sent a line without an end");
  }
  return true;
}

bool NdjsonLines::finish() {
  const std::string line = std::exchange(rest_, {});
  return hand_on(line);
}

bool NdjsonLines::hand_on(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line.empty() || on_line_(line);
}

}  // namespace hearth::cli
