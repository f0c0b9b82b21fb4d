// What needs this machine and not the engine: sockets of functions, and our own memory of which container is whose.
// Few typed verbs, no shell, so that they can move into a small privileged helper.
#pragma once

#include "domain/replica.h"
#include "ports/engine.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

namespace hearth::ports {

// An open file descriptor, closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const noexcept { return fd_; }
  int release() noexcept;
  Descriptor copy() const;  // empty where there is no room for it
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// What the kernel says of a container's memory.
struct MemoryUse {
  domain::Bytes limit;
  std::optional<domain::Bytes> peak;  // the most that it ever had; not told by every kernel
};

enum class Awaited : std::uint8_t { listening, timed_out, cancelled };

// All that the gateway asks of this machine.
class Doors {
 public:
  virtual ~Doors() = default;

  // A connected, non-blocking socket to the replica. Never blocks, never follows what the function put in the
  // socket's place; throws `unavailable` when nothing listens, `function` layer when it is not what it should be.
  virtual Descriptor connect(const UnixAddress& address) = 0;
};

class Host : public Doors {
 public:
  // A fresh folder that the replica's user may write and nobody else; the container sees it as /run/hearth.
  virtual std::filesystem::path make_socket_folder(domain::ReplicaId replica) = 0;

  // What we know of a replica, kept out of every function's reach; survives our own restart, not the machine's.
  virtual void remember(domain::ReplicaId replica, const std::string& record) = 0;
  virtual std::map<domain::ReplicaId, std::string> remembered() = 0;
  virtual void forget(domain::ReplicaId replica) = 0;  // and the socket folder with it

  // Returns once something of the container `owner` accepts on the replica's socket.
  virtual Awaited await_socket(domain::ReplicaId replica, const std::string& owner, std::chrono::milliseconds timeout,
                               std::stop_token stop) = 0;

  // Nothing where the container `owner` is gone or its control groups cannot be seen from here.
  virtual std::optional<MemoryUse> memory_of(const std::string& owner) = 0;

  // From now until forget(): `at_limit` is called, from a thread of the host's and at most once in ten seconds, when
  // `owner` was refused a process because it has as many as it may. Nothing happens where that cannot be seen.
  virtual void watch_processes(domain::ReplicaId replica, const std::string& owner, std::function<void()> at_limit) = 0;
};

}  // namespace hearth::ports
