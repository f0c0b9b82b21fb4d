// Joins one exchange on its loop with the blocking thread that serves it: the thread asks, the loop does. Private to
// http.
#pragma once

#include "http/blocking.h"
#include "http/exchange.h"
#include "http/gate.h"

#include <semaphore>
#include <span>

namespace hearth::http {

class BlockingBridge final : public BlockingExchange, LeaveListener {
 public:
  // On the loop.
  explicit BlockingBridge(Exchange& exchange);
  // Carries out what the thread asks for until it has ended. On the loop.
  Task<> obey();
  // Serves the request; to be run on a thread of the pool, once.
  void serve_with(BlockingHandler& handler) noexcept;

  const Request& request() const noexcept override { return request_; }
  const std::string& peer() const noexcept override { return exchange_.peer(); }
  std::size_t read(char* buffer, std::size_t size) override;
  std::string read_all(std::size_t limit) override;
  void respond(Response response) override;
  void start(int status, Fields fields, std::optional<std::uint64_t> length) override;
  void write(std::string_view piece) override;
  void finish() override;
  std::stop_token stop() const noexcept override { return stop_.get_token(); }

 private:
  enum class Wish : std::uint8_t { read, send, end };
  enum class Phase : std::uint8_t { open, streaming, finished };

  // The thread's side.
  void ask(Wish wish);
  void send(std::string_view bytes, std::string_view more = {}, std::string_view end = {});
  // The loop's side.
  Task<> carry_out();
  Task<> read_some();
  void client_left() override { stop_.request_stop(); }

  Exchange& exchange_;
  Request request_;
  std::stop_source stop_;
  Gate asked_;
  std::binary_semaphore done_{0};

  // Passed back and forth with `asked_` and `done_`.
  Wish wish_ = Wish::end;
  std::span<char> into_;
  std::size_t count_ = 0;
  std::array<iovec, 3> pieces_{};
  std::optional<domain::Fault> fault_;
  std::string_view unread_;  // of the last piece of the body

  // The thread's own.
  Phase phase_ = Phase::open;
  bool chunked_ = false;
  std::optional<std::uint64_t> length_left_;
  std::string head_;
};

}  // namespace hearth::http
