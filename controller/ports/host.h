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

inline constexpr std::uint32_t kReplicaUser = 65534;  // of replicas that are started from their image

// What a replica may have of the machine.
struct Allowance {
  domain::Bytes memory;
  std::uint32_t cpu_millis = 1000;  // thousandths of a core
  std::uint32_t processes = 64;     // threads count; those of the engine's own in the container included
  bool operator==(const Allowance&) const = default;
};

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
  virtual std::filesystem::path make_socket_folder(domain::ReplicaId replica, std::uint32_t user) = 0;

  // What we know of a replica, kept out of every function's reach; survives our own restart, not the machine's.
  virtual void remember(domain::ReplicaId replica, const std::string& record) = 0;
  virtual std::map<domain::ReplicaId, std::string> remembered() = 0;
  virtual void forget(domain::ReplicaId replica) = 0;  // and the socket folder with it

  // Returns once something of the container `owner` accepts on the replica's socket.
  virtual Awaited await_socket(domain::ReplicaId replica, const std::string& owner, std::chrono::milliseconds timeout,
                               std::stop_token stop) = 0;

  // --- cells: containers that run before it is known whose they are ---

  // Whether a package can be bound into one: we may mount, and the engine sees it. Else it makes no package folders.
  virtual bool can_bind() = 0;
  // A fresh empty folder, for the cell's container to be bound to with propagation `rslave`.
  virtual std::filesystem::path make_package_folder(domain::ReplicaId cell) = 0;
  // The connection on which the cell takes its handover, once it listens: its first, or it would take that for one
  // which broke off. Nothing when the time is over or at `stop`. Throws as connect() does.
  virtual Descriptor await_cell(domain::ReplicaId cell, const std::string& owner, std::chrono::milliseconds timeout,
                                std::stop_token stop) = 0;
  // From now on what was made for `cell` is the replica's, and `record` is what we know of it: whoever looks sees the
  // cell before, or the whole of this after. It goes by forget(replica).
  virtual void become(domain::ReplicaId cell, domain::ReplicaId replica, const std::string& record) = 0;
  // Shows up in its container read-only, at once and whole.
  virtual void bind_package(domain::ReplicaId replica, const std::filesystem::path& package) = 0;
  // Straight to the control groups of the container `owner`. False where they cannot be written from here.
  virtual bool allow(const std::string& owner, const Allowance& allowance) = 0;

  // Nothing where the container `owner` is gone or its control groups cannot be seen from here.
  virtual std::optional<MemoryUse> memory_of(const std::string& owner) = 0;

  // Takes all CPU from the processes of the container `owner`, or gives it back; returns once the kernel says so. False
  // where its freezer cannot be reached from here, or is gone with it. Throws `unavailable` where the kernel would not.
  virtual bool freeze(const std::string& owner) = 0;
  virtual bool thaw(const std::string& owner) = 0;

  // From now until forget(): `at_limit` is called, from a thread of the host's and at most once in ten seconds, when
  // `owner` was refused a process because it has as many as it may. Nothing happens where that cannot be seen.
  virtual void watch_processes(domain::ReplicaId replica, const std::string& owner, std::function<void()> at_limit) = 0;
};

}  // namespace hearth::ports
