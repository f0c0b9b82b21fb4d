#include "http/chunked.h"

#include "http/characters.h"

#include <algorithm>

namespace hearth::http {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

ChunkedReader::Step ChunkedReader::read(std::string_view bytes) {
  Step step;
  if (refusal_) return {Progress::refused};
  while (at_ != At::done && step.raw < bytes.size()) {
    if (at_ == At::content) {
      const auto count = std::min<std::uint64_t>(left_, bytes.size() - step.raw);
      step.content = bytes.substr(step.raw, count);
      step.raw += count;
      content_ += count;
      left_ -= count;
      if (left_ == 0) at_ = At::content_return;
      return step;
    }
    if (!framing_byte(bytes[step.raw])) return {Progress::refused, step.raw};
    ++step.raw;
  }
  if (at_ == At::done) step.progress = Progress::done;
  return step;
}

bool ChunkedReader::refuse(std::string_view reason) noexcept {
  refusal_ = Refusal{400, reason};
  return false;
}

bool ChunkedReader::framing_byte(char c) {
  switch (at_) {
    case At::size: {
      if (const int digit = hex_value(c); digit >= 0) {
        if (++digits_ > 15) return refuse("a chunk size that is too large");
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return true;
      }
      if (digits_ == 0 || (c != '\r' && c != ';')) return refuse("a chunk size that is not a number");
      at_ = c == '\r' ? At::size_feed : At::extension;
      return true;
    }
    case At::extension:
      if (++framing_ > kMaxFraming) return refuse("chunk extensions that are too long");
      if (c == '\r') {
        at_ = At::size_feed;
        return true;
      }
      return is_field_text({&c, 1}) || refuse("a control character in a chunk extension");
    case At::size_feed:
      if (c != '\n') return refuse("a chunk size that does not end with CR LF");
      at_ = left_ == 0 ? At::trailer : At::content;
      digits_ = 0;
      return true;
    case At::content_return:
    case At::content_feed:
      if (c != (at_ == At::content_return ? '\r' : '\n')) return refuse("a chunk that does not end with CR LF");
      at_ = at_ == At::content_return ? At::content_feed : At::size;
      return true;
    case At::trailer:
      if (++framing_ > kMaxFraming) return refuse("a trailer that is too long");
      line_.push_back(c);
      return c != '\n' || end_trailer_line();
    case At::content:
    case At::done: break;
  }
  return true;
}

bool ChunkedReader::end_trailer_line() {
  std::string_view line = line_;
  if (line.size() < 2 || line[line.size() - 2] != '\r') return refuse("a line feed without a carriage return");
  line.remove_suffix(2);
  if (line.empty()) {
    at_ = At::done;
    return true;
  }
  Field field;
  if (const auto refusal = parse_field(line, field)) return refuse(refusal->reason);
  // RFC 9110 §6.5.1: framing and routing never come after the body.
  if (field.id == FieldId::content_length || field.id == FieldId::transfer_encoding || field.id == FieldId::host) {
    return refuse("framing or routing in a trailer");
  }
  if (++trailers_ > 32) return refuse("too many trailer fields");
  line_.clear();
  return true;
}

}  // namespace hearth::http
