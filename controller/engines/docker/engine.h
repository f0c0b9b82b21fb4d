// The engine port on Docker: replicas as hardened containers. What a verb does in which order is here; what it says to
// Docker is the codec's.
#pragma once

#include "engines/docker/api.h"
#include "engines/docker/cell_book.h"
#include "engines/docker/cells.h"
#include "engines/docker/codec.h"
#include "engines/docker/containers.h"
#include "engines/docker/followers.h"
#include "engines/docker/images.h"
#include "engines/docker/networks.h"
#include "engines/docker/package_copies.h"
#include "engines/docker/parked_networks.h"
#include "engines/docker/roster.h"
#include "engines/docker/upkeep.h"
#include "ports/engine.h"
#include "ports/host.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>

namespace hearth::docker {

struct EngineSettings {
  Location location = {.socket = "/var/run/docker.sock"};
  Installation installation;
  domain::CellBounds cells = {.min = 0, .max = 0};  // of each kind
  std::filesystem::path packages = {};              // where copies of packages for cells are kept; ours alone
  ParkedNetworks::Settings parked = {};
};

struct EngineInfo {
  std::string name = "docker";
  std::string version;         // "20.10.24"
  std::string api_version;     // the one we speak
  std::string cgroup_version;  // "1" or "2"
};

class DockerEngine final : public ports::Engine {
 public:
  // Speaks to no Docker yet. All that is passed outlives it.
  DockerEngine(EngineSettings settings, ports::Host& host, ports::LogSink& sink);
  ~DockerEngine() override;

  void expect(const ports::ReplicaSpec& spec) override;
  void expect_none(const domain::FunctionName& function) override;
  ports::Running start(const ports::ReplicaSpec& spec, std::stop_token stop) override;
  void stop(domain::ReplicaId replica, std::chrono::milliseconds grace) override;
  std::optional<std::string> freeze(domain::ReplicaId replica, ports::Freeze which, std::stop_token stop) override;
  void thaw(domain::ReplicaId replica) override;
  std::vector<ports::Found> recover() override;
  std::string release(domain::ReplicaId replica) override;
  std::vector<ports::Found> adopt(const std::map<domain::ReplicaId, std::string>& replicas) override;
  std::vector<domain::ReplicaId> alive() override;
  void watch(ports::EngineEvents& events, std::stop_token stop) override;

  // Throws where the engine cannot be spoken to, with the mend.
  EngineInfo info();
  std::vector<domain::CellCount> cells() const;
  // Of whoever builds for it, too.
  SpentContainers& spent_containers() noexcept { return spent_; }
  // Why replicas of `image` are not started in cells here, as far as that is known yet.
  std::optional<std::string> obstacle_to_cells(const std::string& image, const domain::Limits& limits);
  bool streams_packages() const { return packages_.way() == PackageWay::streamed; }
  // Networks that stand ready.
  std::size_t parked() const { return parked_.ready(); }
  // Removes this installation's networks that no container uses; for when it ends and nothing is to survive it.
  void tidy();

 private:
  // A container that is being made and is in no record yet.
  class Making;
  struct Facts {
    About about;
    std::string cgroup_version;
    std::uint32_t cpus = 1;
  };

  Facts facts();
  std::vector<std::string> volumes_of(const std::string& image);

  static std::chrono::microseconds between(domain::Time from, domain::Time to);
  // Of a container that is to be made.
  Surroundings surroundings();
  ports::Allowance allowance(const ports::ReplicaSpec& spec);

  // Where it is to be started from its image, why.
  std::variant<ports::Running, domain::StartedFrom> start_in_cell(const ports::ReplicaSpec& spec, domain::Time begin,
                                                                  const std::stop_token& stop);
  // What of a cell's limits the engine is to be told once nobody waits.
  enum class Untold : std::uint8_t { nothing, allowance };

  bool keeps_cells() const { return settings_.cells.max > 0; }
  Parcel parcel_of(const Seat& seat) const;
  // Nothing where that cell is none any more.
  std::optional<Untold> furnish(const ports::ReplicaSpec& spec, const Seat& seat, const Cell& cell);
  Untold allow(const ports::ReplicaSpec& spec, const CellKind& kind, const std::string& container);
  std::optional<ports::Running> move_in(const ports::ReplicaSpec& spec, const Seat& seat, Cell& cell, Untold untold,
                                        domain::Time begin, const std::stop_token& stop);
  void settle_in(const ports::ReplicaSpec& spec, Untold untold, const std::string& container,
                 const std::shared_ptr<Following>& output);
  // A parked network that a replica joins; none: Docker makes it one.
  using Joined = std::optional<ParkedNetwork>;

  ports::Running start_by_image(const ports::ReplicaSpec& spec, domain::Time begin, const std::stop_token& stop);
  ports::Running start_by_image(const ports::ReplicaSpec& spec, const Joined& network, domain::Time begin,
                                const std::stop_token& stop);
  std::string create(const ports::ReplicaSpec& spec, const Joined& network);
  ports::Running bring_up(const ports::ReplicaSpec& spec, const std::string& container, const Joined& network,
                          domain::Time begin, const std::stop_token& stop);
  std::optional<ports::Address> await_listening(const ports::ReplicaSpec& spec, const std::string& container,
                                                const Joined& network, domain::Time deadline,
                                                const std::stop_token& halt);
  std::optional<std::string> own_address(const ports::ReplicaSpec& spec, const std::string& container);
  std::optional<ports::TcpAddress> debugger_of(const ports::ReplicaSpec& spec, const std::string& container);
  [[noreturn]] void fail_ended(const ports::ReplicaSpec& spec, const std::string& container, ports::Exit exit,
                               const Following& output);
  [[noreturn]] void fail_late(const ports::ReplicaSpec& spec, const std::string& container, const Following& output);
  void discard(domain::ReplicaId replica, const std::string& container, const std::stop_token& stop = {}) noexcept;

  bool answers_quiet(const Member& member);
  std::optional<std::string> stirs(const Member& member, const std::stop_token& stop);
  void rouse(const Member& member);
  void rouse(const std::string& container);
  bool try_to_rouse(const std::string& container, bool paused);
  void thaw_all() noexcept;

  std::vector<ports::Found> all_or_none(const std::function<void(std::vector<ports::Found>&)>& find);
  void recover_into(std::vector<ports::Found>& found);
  std::optional<ports::Found> adopt(domain::ReplicaId replica, const Record& record, std::int64_t told);
  bool answers(const ports::Address& address);
  void remove_orphans();
  bool is_made(const std::string& container);
  bool is_made(domain::ReplicaId replica);

  void handle(const ContainerEvent& event, ports::EngineEvents& events);
  void cut_off(domain::ReplicaId replica) noexcept;
  void ran_out(const std::string& container);
  bool ran_out_of_memory(const std::string& container);
  void watch_processes(domain::ReplicaId replica, const std::string& container, std::uint32_t pids,
                       const std::shared_ptr<Following>& output);
  void reconnected();
  bool keep_up(const std::stop_token& stop) noexcept;
  void follow_on(const Member& member, const std::stop_token& stop) noexcept;
  void listen_for(const Member& member, const std::stop_token& stop) noexcept;

  const EngineSettings settings_;
  ports::Host& host_;
  Api api_;
  Containers containers_;
  Networks networks_;
  ParkedNetworks parked_;
  Roster roster_;
  std::mutex mutex_;
  std::optional<Facts> facts_;
  std::map<std::string, std::vector<std::string>> volumes_;  // by image; an image never changes
  std::set<std::string> making_;                             // names of containers that are being made
  std::map<domain::ReplicaId, std::string> doomed_;          // containers that could not be removed yet
  std::int64_t last_event_nanos_;                            // the watching thread's own
  Images images_;
  SpentContainers spent_;
  PackageCopies packages_;
  Upkeep upkeep_;        // ended first
  Followers followers_;  // its thread ends next
  Cells cells_;          // and theirs
  CellBook book_;
};

}  // namespace hearth::docker
