#include "http/head.h"

#include "http/characters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace hearth::http {
namespace {

struct Known {
  std::string_view name;
  FieldId id;
};

constexpr Known kKnown[] = {
    {"te", FieldId::te},
    {"host", FieldId::host},
    {"expect", FieldId::expect},
    {"trailer", FieldId::trailer},
    {"upgrade", FieldId::upgrade},
    {"connection", FieldId::connection},
    {"keep-alive", FieldId::keep_alive},
    {"traceparent", FieldId::traceparent},
    {"server-timing", FieldId::server_timing},
    {"content-length", FieldId::content_length},
    {"hearth-call-id", FieldId::hearth_call_id},
    {"hearth-refused", FieldId::hearth_refused},
    {"x-forwarded-for", FieldId::x_forwarded},
    {"proxy-connection", FieldId::proxy_connection},
    {"x-forwarded-host", FieldId::x_forwarded},
    {"transfer-encoding", FieldId::transfer_encoding},
    {"x-forwarded-proto", FieldId::x_forwarded},
    {"proxy-authenticate", FieldId::proxy_authenticate},
    {"x-forwarded-prefix", FieldId::x_forwarded},
    {"hearth-deadline-ms", FieldId::hearth_deadline},
    {"proxy-authorization", FieldId::proxy_authorization},
};

constexpr std::size_t kLongest =
    std::ranges::max(kKnown, {}, [](const Known& known) { return known.name.size(); }).name.size();

// By a name's length, where those of it begin in kKnown, which is in order of length.
constexpr auto kFirstOf = [] {
  static_assert(std::ranges::is_sorted(kKnown, {}, [](const Known& known) { return known.name.size(); }));
  std::array<std::uint8_t, kLongest + 2> first{};
  for (std::size_t size = 0; size < first.size(); ++size) {
    while (first[size] < std::size(kKnown) && kKnown[first[size]].name.size() < size) ++first[size];
  }
  return first;
}();

std::optional<Refusal> no() { return std::nullopt; }

// What the fields say of the body's framing; the same strictness for both directions (RFC 9112 §6).
std::optional<Refusal> judge_framing(Head& head) {
  const Field* length = nullptr;
  const Field* encoding = nullptr;
  for (const auto& field : head.fields) {
    if (field.id == FieldId::content_length) {
      if (length) return Refusal{400, "two Content-Length fields"};
      length = &field;
    } else if (field.id == FieldId::transfer_encoding) {
      if (encoding) return Refusal{400, "two Transfer-Encoding fields"};
      encoding = &field;
    } else if (field.id == FieldId::connection) {
      for_each_member(field.value, [&](std::string_view member) {
        if (same_ignoring_case(member, "close")) head.close = true;
        if (same_ignoring_case(member, "keep-alive")) head.keep_alive = true;
      });
    }
  }
  if (length && encoding) return Refusal{400, "both Content-Length and Transfer-Encoding"};
  if (encoding) {
    if (head.http_1_0) return Refusal{400, "Transfer-Encoding in HTTP/1.0"};
    if (!same_ignoring_case(encoding->value, "chunked")) {
      return Refusal{400, "a Transfer-Encoding other than exactly \"chunked\""};
    }
    head.framing = Framing::chunked;
  } else if (length) {
    const auto digits = length->value;
    const bool digits_only = !digits.empty() && digits.size() <= 18 &&
                             std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits_only) return Refusal{400, "a Content-Length that is not a number"};
    std::from_chars(digits.data(), digits.data() + digits.size(), head.length);
    head.framing = Framing::length;
  }
  return no();
}

// What is wrong with a line that does not begin with a name and a colon.
Refusal nameless(std::string_view line) noexcept {
  if (line.front() == ' ' || line.front() == '\t') return {400, "a folded header line"};
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {400, "a header line without a colon"};
  if (colon == 0) return {400, "a header without a name"};
  if (line[colon - 1] == ' ' || line[colon - 1] == '\t') return {400, "space before a header's colon"};
  return {400, "a character that a header's name must not have"};
}

}  // namespace

FieldId field_id(std::string_view name) noexcept {
  if (name.size() > kLongest) return FieldId::other;
  for (auto at = kFirstOf[name.size()]; at != kFirstOf[name.size() + 1]; ++at) {
    if (kKnown[at].name[0] == lower(name[0]) && same_ignoring_case(name, kKnown[at].name)) return kKnown[at].id;
  }
  return FieldId::other;
}

const Field* Head::find(FieldId id) const noexcept {
  const auto found = std::ranges::find(fields, id, &Field::id);
  return found == fields.end() ? nullptr : &*found;
}

std::optional<Refusal> parse_field(std::string_view line, Field& field) noexcept {
  std::size_t colon = 0;
  while (colon < line.size() && kToken[static_cast<unsigned char>(line[colon])]) ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':') return nameless(line);
  field.name = line.substr(0, colon);
  field.value = trimmed(line.substr(colon + 1));
  if (!is_field_text(field.value)) return Refusal{400, "a control character in a header"};
  field.id = field_id(field.name);
  return no();
}

std::optional<Refusal> HeadLines::too_long(std::size_t line_end) const noexcept {
  if (first_ && line_end - line_ > limits_.target + 64) return Refusal{414, "the request's target is too long"};
  if (line_end > limits_.bytes) return Refusal{431, "the head is too large"};
  return no();
}

std::optional<Refusal> HeadLines::field_line(std::string_view line, Head& head) const {
  if (head.fields.size() == limits_.fields) return Refusal{431, "too many header fields"};
  return parse_field(line, head.fields.emplace_back());
}

Progress HeadLines::read(std::string_view bytes, Head& head) {
  if (refusal_) return Progress::refused;
  while (true) {
    const auto* feed = static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
    const std::size_t end = feed ? static_cast<std::size_t>(feed - bytes.data()) + 1 : bytes.size();
    if (const auto refusal = too_long(end)) return refuse(*refusal);
    scanned_ = end;
    if (!feed) return Progress::more;
    if (end - line_ < 2 || bytes[end - 2] != '\r') return refuse({400, "a line feed without a carriage return"});
    const auto line = bytes.substr(line_, end - 2 - line_);
    line_ = end;
    if (line.empty()) {
      if (!first_) return Progress::done;
      if (!skips_empty_line() || std::exchange(skipped_, true)) return refuse({400, "an empty first line"});
      continue;
    }
    const auto refusal = first_ ? first_line(line) : field_line(line, head);
    if (refusal) return refuse(*refusal);
    first_ = false;
  }
}

void HeadLines::reset() noexcept {
  line_ = scanned_ = 0;
  first_ = true;
  skipped_ = false;
  refusal_.reset();
}

Progress HeadLines::refuse(Refusal why) noexcept {
  refusal_ = why;
  return Progress::refused;
}

Progress RequestReader::read(std::string_view bytes) {
  const auto progress = HeadLines::read(bytes, head_);
  if (progress != Progress::done) return progress;
  if (const auto refusal = judge()) return refuse(*refusal);
  return Progress::done;
}

void RequestReader::start_over() noexcept {
  reset();
  auto fields = std::move(head_.fields);
  fields.clear();
  head_ = {};
  head_.fields = std::move(fields);
  authority_ = {};
}

std::optional<Refusal> RequestReader::first_line(std::string_view line) {
  const auto method_end = line.find(' ');
  const auto version_start = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == version_start) {
    return Refusal{400, "a request line that is not method, target and version"};
  }
  head_.method = line.substr(0, method_end);
  head_.target = line.substr(method_end + 1, version_start - method_end - 1);
  const auto version = line.substr(version_start + 1);
  if (head_.method.empty() || !all_of(kToken, head_.method)) {
    return Refusal{400, "a character that a method must not have"};
  }
  if (head_.target.empty() || !all_of(kTarget, head_.target)) {
    return Refusal{400, "a character that a target must not have"};
  }
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || version[5] < '0' ||
      version[5] > '9' || version[7] < '0' || version[7] > '9') {
    return Refusal{400, "a version that is not HTTP's"};
  }
  if (version[5] != '1' || version[7] > '1') return Refusal{505, "a version other than HTTP/1.0 and HTTP/1.1"};
  head_.http_1_0 = version[7] == '0';
  if (head_.target.size() > limits_.target) return Refusal{414, "the request's target is too long"};
  if (head_.method == "CONNECT" || head_.method == "TRACE") return Refusal{405, "a method that is not served here"};
  if (head_.target[0] == '/' || (head_.target == "*" && head_.method == "OPTIONS")) return no();
  constexpr std::string_view kScheme = "http://";
  if (!same_ignoring_case(head_.target.substr(0, kScheme.size()), kScheme)) {
    return Refusal{400, "a target that is neither a path nor a URL"};
  }
  const auto rest = head_.target.substr(kScheme.size());
  const auto path = rest.find_first_of("/?");
  authority_ = rest.substr(0, path);
  if (authority_.empty() || path == std::string_view::npos || rest[path] != '/') {
    return Refusal{400, "a target without a host or a path"};
  }
  head_.target = rest.substr(path);
  return no();
}

std::optional<Refusal> RequestReader::judge() {
  const Field* host = nullptr;
  for (const auto& field : head_.fields) {
    if (field.id == FieldId::host) {
      if (host) return Refusal{400, "two Host fields"};
      host = &field;
    } else if (field.id == FieldId::expect && !head_.http_1_0) {
      if (!same_ignoring_case(field.value, "100-continue"))
        return Refusal{417, "an expectation other than 100-continue"};
      head_.expects_continue = true;
    }
  }
  if (!host && !head_.http_1_0) return Refusal{400, "no Host field"};
  if (host && (host->value.empty() || !all_of(kHost, host->value))) return Refusal{400, "a Host that is not one"};
  if (host && !authority_.empty() && host->value != authority_) {
    return Refusal{400, "a Host other than the target's"};
  }
  if (host) head_.host = host->value;
  return judge_framing(head_);
}

Progress ResponseReader::read(std::string_view bytes, bool to_head) {
  const auto progress = HeadLines::read(bytes, head_);
  if (progress != Progress::done) return progress;
  if (const auto refusal = judge(to_head)) return refuse(*refusal);
  return Progress::done;
}

void ResponseReader::start_over() noexcept {
  reset();
  auto fields = std::move(head_.fields);
  fields.clear();
  head_ = {};
  head_.fields = std::move(fields);
}

std::optional<Refusal> ResponseReader::first_line(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || (line[7] != '0' && line[7] != '1') || line[8] != ' ') {
    return Refusal{400, "a status line that is not HTTP/1.1's"};
  }
  const auto code = line.substr(9, 3);
  const bool digits = std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || code[0] == '0' || (line.size() > 12 && line[12] != ' ')) {
    return Refusal{400, "a status that is not a three-digit number"};
  }
  head_.http_1_0 = line[7] == '0';
  head_.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  head_.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
  if (!is_field_text(head_.reason)) return Refusal{400, "a control character in the status line"};
  return no();
}

std::optional<Refusal> ResponseReader::judge(bool to_head) {
  if (const auto refusal = judge_framing(head_)) return refusal;
  const bool bodiless = to_head || head_.status < 200 || head_.status == 204 || head_.status == 304;
  if (bodiless) {
    head_.framing = Framing::none;
  } else if (head_.framing == Framing::none) {
    head_.framing = Framing::until_close;
  }
  return no();
}

}  // namespace hearth::http
