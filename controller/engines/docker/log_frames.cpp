#include "engines/docker/log_frames.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace hearth::docker {
namespace {

constexpr std::size_t kHeader = 8;  // stream, three zeros, size in big-endian

std::size_t frame_size(std::string_view header) {
  std::size_t size = 0;
  for (std::size_t i = 4; i < kHeader; ++i) size = size << 8 | static_cast<unsigned char>(header[i]);
  return size;
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = -1;
  if (at + count <= text.size()) std::from_chars(text.data() + at, text.data() + at + count, value);
  return value;
}

}  // namespace

void LogFrames::feed(std::string_view bytes) {
  buffer_ += bytes;
  std::string_view rest = buffer_;
  while (rest.size() >= kHeader && rest.size() - kHeader >= frame_size(rest)) {
    const auto size = frame_size(rest);
    const bool error_stream = rest[0] == 2;
    message(streams_[error_stream ? 1 : 0], error_stream, rest.substr(kHeader, size));
    rest.remove_prefix(kHeader + size);
  }
  buffer_.erase(0, buffer_.size() - rest.size());
}

void LogFrames::end() {
  buffer_.clear();  // half a frame: it comes again whole when the rest is asked for
  for (const bool error_stream : {false, true}) {
    auto& stream = streams_[error_stream ? 1 : 0];
    if (!stream.line.empty() || stream.cut) deliver(stream, error_stream);
  }
}

// Docker cuts long lines into messages of which only the last ends in a newline. When it begins a new file it tells the
// end of the old one twice (seen with 20.10): what is not later than what its stream said before is left out.
void LogFrames::message(Stream& stream, bool error_stream, std::string_view text) {
  const auto space = text.find(' ');
  const auto nanos = space == text.npos ? 0 : parse_time(text.substr(0, space));
  if (nanos != 0) {
    text.remove_prefix(space + 1);
    const bool inside = !stream.line.empty() || stream.cut;  // the pieces of a line share its time
    if (nanos < stream.last_nanos || (nanos == stream.last_nanos && !inside)) return;
    stream.last_nanos = nanos;
    last_nanos_ = std::max(last_nanos_, nanos);
  }
  while (true) {
    if (stream.line.empty() && !stream.cut) stream.time_nanos = stream.last_nanos;
    const auto newline = text.find('\n');
    append(stream, text.substr(0, newline));
    if (newline == text.npos) return;
    deliver(stream, error_stream);
    text.remove_prefix(newline + 1);
    if (text.empty()) return;
  }
}

void LogFrames::append(Stream& stream, std::string_view text) {
  const auto room = kLongestLine - stream.line.size();
  stream.cut = stream.cut || text.size() > room;
  stream.line += text.substr(0, room);
}

void LogFrames::deliver(Stream& stream, bool error_stream) {
  if (stream.cut) stream.line += kCutMark;
  on_line_({.time_nanos = stream.time_nanos, .error_stream = error_stream, .text = stream.line});
  stream.line.clear();
  stream.cut = false;
}

std::int64_t parse_time(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20 || text[4] != '-' || text[10] != 'T' || text.back() != 'Z') return 0;
  const year_month_day date{year{digits(text, 0, 4)}, month{static_cast<unsigned>(digits(text, 5, 2))},
                            day{static_cast<unsigned>(digits(text, 8, 2))}};
  // Nanoseconds in 64 bits end in 2262.
  if (!date.ok() || date.year() < year{1970} || date.year() > year{2261}) return 0;
  auto time = sys_time<nanoseconds>{sys_days{date}} + hours{digits(text, 11, 2)} + minutes{digits(text, 14, 2)} +
              seconds{digits(text, 17, 2)};
  if (text[19] == '.') {
    std::string fraction{text.substr(20, text.size() - 21)};
    fraction.resize(9, '0');
    time += nanoseconds{digits(fraction, 0, 9)};
  }
  return time.time_since_epoch().count();
}

std::string unix_seconds(std::int64_t nanos) {
  char text[40];
  std::snprintf(text, sizeof text, "%lld.%09lld", static_cast<long long>(nanos / 1'000'000'000),
                static_cast<long long>(nanos % 1'000'000'000));
  return text;
}

}  // namespace hearth::docker
