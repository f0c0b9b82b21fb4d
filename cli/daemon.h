// hearthd as a process in the background: started, recognised, stopped. Blocks; one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace hearth::cli {

// A process, told apart from a later one that was given the same pid.
struct Daemon {
  pid_t pid = 0;
  std::uint64_t started = 0;  // clock ticks after boot (proc(5), field 22 of stat)
  std::string boot;           // the id of that boot
};

// The process of this pid as it is now.
std::optional<Daemon> look_at(pid_t pid);

// The file that remembers it, locked for as long as this lives: of two `fn up` one waits for the other. Its owner's
// alone, since whoever may read a file may lock it.
class PidFile {
 public:
  static constexpr std::chrono::seconds kPatience{90};  // longer than `fn up` and `fn down` take

  // Makes the folder where it is missing. Throws `denied` or `internal` when that cannot be, `conflict` where another
  // holds the lock for all of `patience`, `cancelled`.
  explicit PidFile(const std::filesystem::path& folder, std::stop_token stop = {},
                   std::chrono::milliseconds patience = kPatience);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // The daemon that it names; nothing where that one has ended.
  std::optional<Daemon> running() const;
  void write(const Daemon& daemon) const;
  void clear() const;

 private:
  int descriptor_ = -1;
};

// Starts `program` in a session of its own, its output appended to `log`. Throws `unavailable`.
Daemon start_daemon(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& log);

// Our own child: whether it has ended, without waiting.
bool has_ended(const Daemon& daemon);

// SIGTERM, then waits until it is gone. False when it is still there after `patience`. Throws `denied`, `cancelled`.
bool stop_daemon(const Daemon& daemon, std::chrono::milliseconds patience, std::stop_token stop);

}  // namespace hearth::cli
