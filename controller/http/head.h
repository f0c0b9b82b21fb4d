// Heads of HTTP/1.1 messages, read strictly and as the bytes come: what is ambiguous is refused with a reason, since
// two readers that disagree are a way to smuggle requests. Pure; views point into the caller's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::http {

// The fields that someone here acts on.
enum class FieldId : std::uint8_t {
  other,
  connection,
  content_length,
  expect,
  hearth_call_id,
  hearth_deadline,
  hearth_refused,
  host,
  keep_alive,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  server_timing,
  te,
  traceparent,
  trailer,
  transfer_encoding,
  upgrade,
  x_forwarded,  // X-Forwarded-For, -Proto, -Host and -Prefix
};

struct Field {
  std::string_view name;   // as it was sent
  std::string_view value;  // without the space around it
  FieldId id = FieldId::other;
};

FieldId field_id(std::string_view name) noexcept;

enum class Framing : std::uint8_t {
  none,
  length,
  chunked,
  until_close,  // answers only
};

struct Head {
  std::vector<Field> fields;
  std::uint64_t length = 0;  // with Framing::length
  Framing framing = Framing::none;
  bool http_1_0 = false;
  bool close = false;       // "Connection: close" was said
  bool keep_alive = false;  // "Connection: keep-alive" was said

  const Field* find(FieldId id) const noexcept;  // the first
  // Whether the sender keeps the connection after this message, by its version and its word.
  bool persistent() const noexcept { return !close && (!http_1_0 || keep_alive); }
};

struct RequestHead : Head {
  std::string_view method;
  std::string_view target;  // origin form ("/x?y") or "*"
  std::string_view host;
  bool expects_continue = false;
};

struct ResponseHead : Head {
  int status = 0;
  std::string_view reason;
};

struct HeadLimits {
  std::size_t bytes = 32 << 10;
  std::size_t target = 8 << 10;
  std::size_t fields = 100;
};

// Why a message is refused: the status for whoever sent a request, and what was wrong.
struct Refusal {
  int status = 400;
  std::string_view reason;
};

// Where the reading of a head stands.
enum class Progress : std::uint8_t { more, done, refused };

// Splits a head into its first line and fields. `bytes` is all that came so far, at the same place each time.
class HeadLines {
 public:
  explicit HeadLines(HeadLimits limits) : limits_(limits) {}

  std::size_t size() const noexcept { return line_; }  // of the head, once done
  const std::optional<Refusal>& refusal() const noexcept { return refusal_; }

 protected:
  ~HeadLines() = default;
  Progress read(std::string_view bytes, Head& head);
  void reset() noexcept;
  Progress refuse(Refusal why) noexcept;
  virtual std::optional<Refusal> first_line(std::string_view line) = 0;
  virtual bool skips_empty_line() const noexcept = 0;

  HeadLimits limits_;

 private:
  std::optional<Refusal> too_long(std::size_t line_end) const noexcept;
  std::optional<Refusal> field_line(std::string_view line, Head& head) const;

  std::size_t line_ = 0;     // where the current line begins
  std::size_t scanned_ = 0;  // no line feed before here
  bool first_ = true;
  bool skipped_ = false;
  std::optional<Refusal> refusal_;
};

class RequestReader final : HeadLines {
 public:
  explicit RequestReader(HeadLimits limits = {}) : HeadLines(limits) {}
  using HeadLines::refusal;
  using HeadLines::size;

  Progress read(std::string_view bytes);
  const RequestHead& head() const noexcept { return head_; }
  void start_over() noexcept;  // for the next message

 private:
  std::optional<Refusal> first_line(std::string_view line) override;
  bool skips_empty_line() const noexcept override { return true; }
  std::optional<Refusal> judge();

  RequestHead head_;
  std::string_view authority_;  // of a target in absolute form
};

class ResponseReader final : HeadLines {
 public:
  explicit ResponseReader(HeadLimits limits = {}) : HeadLines(limits) {}
  using HeadLines::refusal;
  using HeadLines::size;

  // `to_head`: the request was a HEAD, so that no body follows whatever the fields say.
  Progress read(std::string_view bytes, bool to_head);
  const ResponseHead& head() const noexcept { return head_; }
  void start_over() noexcept;

 private:
  std::optional<Refusal> first_line(std::string_view line) override;
  bool skips_empty_line() const noexcept override { return false; }
  std::optional<Refusal> judge(bool to_head);

  ResponseHead head_;
};

// A line "name: value" of a head or a trailer; nothing when it is not well formed, with the reason.
std::optional<Refusal> parse_field(std::string_view line, Field& field) noexcept;

}  // namespace hearth::http
