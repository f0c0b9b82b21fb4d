// The chunked coding, checked strictly as its bytes come (RFC 9112 §7.1). What it has passed may be handed on as it
// is, framing and all, since it says what every reader understands alike. Pure.
#pragma once

#include "http/head.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::http {

class ChunkedReader {
 public:
  // What one step has read off the front.
  struct Step {
    Progress progress = Progress::more;
    std::size_t raw = 0;            // bytes that belong to the message
    std::string_view content = {};  // those of them that are the body's; the rest is framing
  };

  // Reads until the first stretch of content has ended, or `bytes` have, or the message has.
  Step read(std::string_view bytes);
  std::uint64_t content_read() const noexcept { return content_; }
  const std::optional<Refusal>& refusal() const noexcept { return refusal_; }

 private:
  enum class At : std::uint8_t { size, extension, size_feed, content, content_return, content_feed, trailer, done };
  static constexpr std::size_t kMaxFraming = 8 << 10;  // extensions and trailers of one message

  bool framing_byte(char c);
  bool refuse(std::string_view reason) noexcept;
  bool end_trailer_line();

  At at_ = At::size;
  int digits_ = 0;
  std::uint64_t left_ = 0;  // of the current chunk
  std::uint64_t content_ = 0;
  std::size_t framing_ = 0;
  std::size_t trailers_ = 0;
  std::string line_;  // of the trailer
  std::optional<Refusal> refusal_;
};

}  // namespace hearth::http
