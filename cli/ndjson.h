// Lines out of a stream that comes in pieces (application/x-ndjson). Pure; one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace hearth::cli {

class NdjsonLines {
 public:
  // False ends the stream.
  using OnLine = std::function<bool(std::string_view line)>;

  explicit NdjsonLines(OnLine on_line) : on_line_(std::move(on_line)) {}

  // Hands on every line that `piece` completes; blank ones are left out. False once a line has ended the stream.
  // Throws `internal` when a line is longer than any of ours can be.
  bool push(std::string_view piece);
  // The stream is over: hands on what stands after the last newline.
  bool finish();

 private:
  static constexpr std::size_t kLongest = 16 << 20;

  bool hand_on(std::string_view line);

  OnLine on_line_;
  std::string rest_;
};

}  // namespace hearth::cli
