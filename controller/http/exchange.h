// One client's connection and the request that is being served on it: its head, its body as it comes, its answer.
// For handlers on the loop (the gateway); blocking ones have blocking.h. Thread of its loop; nothing throws.
#pragma once

#include "domain/error.h"
#include "http/chunked.h"
#include "http/head.h"
#include "http/server.h"
#include "http/socket.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hearth::http {

// Hears that the client has left, or that the server ends, while a request is served.
class LeaveListener {
 public:
  virtual void client_left() = 0;

 protected:
  ~LeaveListener() = default;
};

enum class Form : std::uint8_t {
  raw,      // as it came, framing included, checked
  content,  // decoded
};

struct Piece {
  enum class State : std::uint8_t { some, end, left, too_slow, refused };
  State state = State::end;
  std::string_view bytes = {};  // with `some`; valid until the next read
};

// Name and value of a field to send; already fit for a head.
struct OutField {
  std::string_view name;
  std::string_view value;
};

struct Sessions;

class Exchange final : Watcher {
 public:
  Exchange(Loop& loop, Passed connection, const Limits& limits);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Loop& loop() noexcept { return loop_; }
  const Limits& limits() const noexcept { return limits_; }
  const std::string& peer() const noexcept { return peer_; }  // "192.0.2.1:4711"
  bool ours() const noexcept { return ours_; }                // the client is a part of this very process
  const RequestHead& request() const noexcept { return reader_.head(); }
  Time arrived() const noexcept { return arrived_; }  // when the head was whole

  // --- the request's body ---

  bool body_complete() const noexcept { return body_complete_; }
  std::uint64_t body_read() const noexcept;  // content so far
  // What of it is here already, without waiting: `some`, `end`, `refused`, or `left` where nothing is here yet.
  Piece buffered(Form form) noexcept;
  // The next of it. Sends the 100 that the client may wait for. Wakes with `left` after stop_reading.
  Task<Piece> read(Form form);
  void stop_reading() { socket_.interrupt_read(); }
  // Ends a send that waits for a slow client, as if the client had left.
  void stop_sending() { socket_.interrupt_write(); }
  // What was read last is of no more use to the reader.
  void give_back() noexcept;
  std::string_view body_refusal() const noexcept { return body_refusal_; }
  // After a 101: what follows the head is no body but bytes without end, however long they take. The connection is of
  // no use after it, and a server that stops closes it at once.
  void switch_protocols() noexcept;

  // --- the answer ---

  // Whether the connection outlives this answer: what its head must say.
  bool persistent() const noexcept;
  bool head_sent() const noexcept { return head_sent_; }
  // Bytes as they are. False when the client is gone or too slow; the exchange is over then.
  Task<bool> send(std::span<iovec> pieces);
  // The same without a coroutine to pay for; nothing where the client does not take all of it at once, and the rest,
  // which `pieces` is then, is to be sent.
  std::optional<bool> send_at_once(std::span<iovec>& pieces);
  // The same for an interim answer (103), after which a final one follows.
  Task<bool> send_interim(std::string_view head);
  // A whole answer; the body is left out for HEAD.
  Task<bool> respond(int status, std::span<const OutField> fields, std::string_view body);
  Task<bool> respond(const domain::Fault& fault, std::span<const OutField> fields = {});
  // The connection ends with this exchange; cut, so that an answer which is not whole is seen as such.
  void cut() noexcept { cut_ = close_ = true; }
  void close_after() noexcept { close_ = true; }

  // --- the client's leaving ---

  bool left() const noexcept { return left_; }
  // From here on the connection is watched while nobody reads, and what comes is taken in as far as there is room;
  // null: no more. To be said again after a read, whose wait is no watch.
  void listen(LeaveListener* listener);

 private:
  friend class Session;
  friend struct Sessions;
  enum class Arrival : std::uint8_t { request, refused, too_slow, gone, moving };

  Task<Arrival> next_request(bool first, const Sessions& all);
  void begin_request() noexcept;
  Piece chunked_piece(Form form) noexcept;
  void make_room();
  char* received() const noexcept { return wide_ ? wide_.data() : in_.data(); }
  std::size_t room() const noexcept;
  Moved receive_body();
  void watch();
  void on_readable() override;
  void on_hang_up() override { leave(); }
  void leave();
  Task<> linger();

  Loop& loop_;
  const Limits& limits_;
  std::string peer_;
  const bool ours_;
  Socket socket_;
  RequestReader reader_;
  Block in_;
  Block wide_;             // in use: what was received of the body since is here, and nothing but the body
  std::size_t begin_ = 0;  // of what was received and not used yet
  std::size_t end_ = 0;
  std::size_t head_end_ = 0;  // the head's bytes stay in place while its request is served
  std::uint64_t length_left_ = 0;
  std::uint64_t content_read_ = 0;
  std::optional<ChunkedReader> chunked_;
  std::string_view body_refusal_;
  std::string out_;  // reused for heads
  LeaveListener* listener_ = nullptr;
  Time arrived_{};
  bool body_complete_ = true;
  bool continued_ = false;
  bool head_sent_ = false;
  bool left_ = false;
  bool close_ = false;
  bool cut_ = false;
  bool idle_ = false;
  bool switched_ = false;
  bool between_ = false;  // requests: the connection could be another's
  bool* gone_ = nullptr;  // told by the destructor, while leave() runs
};

}  // namespace hearth::http
