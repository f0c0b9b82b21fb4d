// A container's output as Docker streams it (multiplexed frames, each message under its time) cut into lines. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace hearth::docker {

struct OutputLine {
  std::int64_t time_nanos = 0;  // wall time since 1970
  bool error_stream = false;
  std::string_view text;  // without its newline; ends in kCutMark where it was longer than kLongestLine
};

inline constexpr std::size_t kLongestLine = 16 << 10;
inline constexpr std::string_view kCutMark = " […cut]";

class LogFrames {
 public:
  using OnLine = std::function<void(const OutputLine&)>;

  explicit LogFrames(OnLine on_line) : on_line_(std::move(on_line)) {}

  void feed(std::string_view bytes);
  void end();  // hands on what had no newline
  // The latest time of a message.
  std::int64_t last_nanos() const noexcept { return last_nanos_; }

 private:
  struct Stream {
    std::string line;
    std::int64_t time_nanos = 0;  // of the line's beginning
    std::int64_t last_nanos = 0;  // of the last message
    bool cut = false;
  };

  void message(Stream& stream, bool error_stream, std::string_view text);
  void append(Stream& stream, std::string_view text);
  void deliver(Stream& stream, bool error_stream);

  OnLine on_line_;
  std::string buffer_;
  Stream streams_[2];
  std::int64_t last_nanos_ = 0;
};

// "2026-11-23T16:40:54.123456789Z" in nanoseconds since 1970; 0 where it is no time.
std::int64_t parse_time(std::string_view text);
// For Docker's `since`: "1795452054.123456789".
std::string unix_seconds(std::int64_t nanos);

}  // namespace hearth::docker
