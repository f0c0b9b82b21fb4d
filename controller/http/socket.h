// A non-blocking stream socket on a loop: system calls at once, coroutines only where they would block. One coroutine
// may wait to read and one to write. Thread of its loop; may be released and destroyed from any while nothing waits.
//
// What one socket may take in before the others have their turn is bounded: receive then says `blocked` though there is
// more, and the wait for it ends in the loop's next turn.
#pragma once

#include "http/gate.h"
#include "http/loop.h"
#include "http/task.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>

namespace hearth::http {

// What came of an attempt to move bytes.
struct Moved {
  enum class State : std::uint8_t { some, blocked, ended, failed };
  State state = State::failed;
  std::size_t count = 0;  // with `some`
  int error = 0;          // errno, with `failed`
};

// What is left of `pieces` after `sent` bytes of them.
std::span<iovec> without(std::span<iovec> pieces, std::size_t sent) noexcept;

class Watcher {
 public:
  virtual void on_readable() = 0;
  virtual void on_hang_up() = 0;

 protected:
  ~Watcher() = default;
};

class Socket {
 public:
  Socket(Loop& loop, int fd);  // owns `fd` from here on, also when it throws
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // One system call each, never blocking.
  Moved receive(char* buffer, std::size_t size) noexcept;
  Moved send(std::span<iovec> pieces) noexcept;
  // Of a listening one; -1 with errno, EAGAIN where there is nobody or it has had its turn.
  int accept(sockaddr_storage& peer, socklen_t& size) noexcept;

  // Waits until receive (send) may move something. Wakes early now and then: try, and wait again.
  Gate::Awaiter readable(Time deadline);
  Gate::Awaiter writable(Time deadline);
  // For work that moves no bytes: whether it may go on in this turn, and the wait for the next.
  bool take_turn() noexcept;
  Gate::Awaiter next_turn();
  // Sends all of `pieces` (which it changes); false when the peer is gone or takes nothing for `patience`.
  Task<bool> send_all(std::span<iovec> pieces, std::chrono::milliseconds patience);

  // Tells `watcher` once when something can be read while no coroutine waits for it.
  void watch(Watcher& watcher);
  // Tells `watcher` once when the peer has ended its side, which may be behind bytes that nobody reads yet.
  void watch_hang_up(Watcher& watcher);
  void unwatch() noexcept;

  // Ends the wait on it, now and later.
  void interrupt_read();
  void interrupt_write();
  void allow_read() noexcept;
  void shut_down_send() noexcept;

  int fd() const noexcept;
  Loop& loop() const noexcept;
  // Before it is left alone for a while: false when someone waits on it still.
  bool rest() noexcept;
  // Gives the descriptor up, for another loop or process.
  int release() noexcept;

 private:
  struct Core;
  Core* core_;
};

}  // namespace hearth::http
