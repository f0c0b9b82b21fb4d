// The host port on Linux. Under its run folder (0711):
//   replicas/ID/record  what we know of a replica; no container ever sees it
//   replicas/ID/s/      its socket folder, the replica user's own, bound into its container
//   cells/ID/           where a cell's package is bound
// As root the socket folders belong to the containers' user and are small file systems in memory, so that no function
// can fill the one that holds the run folder; without, they are plain, and open to all inside a folder that is not.
#pragma once

#include "host/folder_watch.h"
#include "host/package_mounts.h"
#include "host/process_watch.h"
#include "ports/host.h"

#include <filesystem>

namespace hearth::host {

class LinuxHost : public ports::Host {
 public:
  // Makes the folders where they are missing. Throws domain::Error where that cannot be. `mounts_are_seen`: by the
  // engine that binds the socket folders; where they are not, the folders stay plain.
  LinuxHost(const std::filesystem::path& run_folder, bool mounts_are_seen);

  ~LinuxHost() override;

  std::filesystem::path make_socket_folder(domain::ReplicaId replica, std::uint32_t user) override;
  void remember(domain::ReplicaId replica, const std::string& record) override;
  // A replica whose record was never finished is told with an empty one.
  std::map<domain::ReplicaId, std::string> remembered() override;
  // What cannot be removed stays and is told by remembered(), to be forgotten again.
  void forget(domain::ReplicaId replica) override;
  ports::Awaited await_socket(domain::ReplicaId replica, const std::string& owner, std::chrono::milliseconds timeout,
                              std::stop_token stop) override;
  ports::Descriptor connect(const ports::UnixAddress& address) override;
  bool can_bind() override;
  std::filesystem::path make_package_folder(domain::ReplicaId cell) override;
  ports::Descriptor await_cell(domain::ReplicaId cell, const std::string& owner, std::chrono::milliseconds timeout,
                               std::stop_token stop) override;
  void become(domain::ReplicaId cell, domain::ReplicaId replica, const std::string& record) override;
  void bind_package(domain::ReplicaId replica, const std::filesystem::path& package) override;
  bool allow(const std::string& owner, const ports::Allowance& allowance) override;
  std::optional<ports::MemoryUse> memory_of(const std::string& owner) override;
  bool freeze(const std::string& owner) override;
  bool thaw(const std::string& owner) override;
  void watch_processes(domain::ReplicaId replica, const std::string& owner, std::function<void()> at_limit) override;

 private:
  ports::Descriptor socket_folder(domain::ReplicaId replica) const;
  struct Arrival {
    ports::Awaited result;
    ports::Descriptor connection = {};  // where it listens, unless its queue was full
  };
  Arrival await(domain::ReplicaId replica, const char* socket, const std::string& owner,
                std::chrono::milliseconds timeout, const std::stop_token& stop);

  const std::filesystem::path folder_;  // …/replicas
  const bool mounts_are_seen_;
  ports::Descriptor replicas_;
  FolderWatch watch_;
  ProcessWatch processes_;
  PackageMounts packages_;
};

}  // namespace hearth::host
