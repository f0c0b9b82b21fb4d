// Networks that stand ready. Most of a container's start is the making of its network; so a few are made before they
// are needed, each held by a container that only waits (`holder/`), and a replica joins one of those. It is that
// replica's alone and is thrown away when the replica is gone. One thread makes and removes them, bounded, with no
// hurry while replicas start, and makes none while no function could use one.
#pragma once

#include "domain/backoff.h"
#include "engines/docker/containers.h"
#include "engines/docker/holder_image.h"
#include "engines/docker/networks.h"
#include "engines/docker/parked_target.h"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace hearth::docker {

struct ParkedNetwork {
  std::string container;  // the holder's id
  std::string address;
};

// Any thread.
class ParkedNetworks {
 public:
  // Of each kind, as many stand ready as `min`, and up to `max` where starts want more at once; 0: none at all.
  struct Settings {
    std::uint32_t min = 0;
    std::uint32_t max = 0;
  };
  // While one lives a replica is being started, and the engine is left to it.
  class Start;

  // Speaks to nobody before a function is expected. All that is passed outlives it.
  ParkedNetworks(Api& api, Containers& containers, Networks& networks, const Installation& installation,
                 Settings settings);
  // Removes what stands ready, where the engine lets it; joined ones live on.
  ~ParkedNetworks();

  // Replicas of `function` may want one of `kind`; none: they want none any more. Returns at once.
  void expect(const domain::FunctionName& function, NetworkKind kind);

  // One that is `replica`'s alone from now on, where one stands ready. Returns at once.
  std::optional<ParkedNetwork> take(NetworkKind kind, domain::ReplicaId replica);
  // `replica` joined that of `holder`, under a hearthd before this one.
  void rejoin(domain::ReplicaId replica, const std::string& holder);
  // Removes the one that `replica` joined, if any; it is gone when this returns. Blocks, throws as Containers do.
  void remove(domain::ReplicaId replica, const std::stop_token& stop = {});
  // The replica lives on under another hearthd, with its network.
  void release(domain::ReplicaId replica);
  std::size_t ready() const;  // of all kinds
  std::optional<std::string> holder_of(domain::ReplicaId replica) const;

  // Whether it is a holder of this one's making, joined or not.
  bool knows(const Container& container) const;
  // A container ended: the replica that is cut off by it. One that stood ready is replaced.
  std::optional<domain::ReplicaId> ended(const std::string& container);
  // Looks which of them still stand: the engine was away, or one was not.
  void doubt();

 private:
  struct Kind {
    ParkedTarget target;
    std::vector<ParkedNetwork> ready = {};  // the oldest first
    std::uint32_t functions = 0;            // that could use one
    std::size_t wanted() const { return functions > 0 ? target.count() : 0; }
  };
  struct Joined {
    std::string holder;
    bool leaving = false;
  };

  void run(const std::stop_token& stop);
  // Under the lock:
  void stir();
  void shed();
  std::optional<NetworkKind> lacking() const;
  std::optional<domain::Time> next_change(domain::Time now) const;
  // They let go of it meanwhile:
  bool step(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void look(std::unique_lock<std::mutex>& lock);
  void make(std::unique_lock<std::mutex>& lock, NetworkKind kind);
  void clear_away(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void let_starts_pass(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);

  ParkedNetwork park(const std::string& name, NetworkKind kind);

  Containers& containers_;
  Networks& networks_;
  const Installation& installation_;
  HolderImage image_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<NetworkKind, Kind> kinds_;
  std::map<domain::FunctionName, NetworkKind> functions_;
  std::map<domain::ReplicaId, Joined> joined_;
  std::vector<std::string> leaving_;  // ids or names of holders that are to be removed
  std::string making_;                // the name of the one that is being made
  std::uint32_t starts_ = 0;
  bool doubted_ = false;
  bool stirred_ = false;  // something happened that the thread may have work from
  std::uint64_t last_number_;
  domain::Backoff trouble_;
  std::jthread thread_;  // last: it uses the rest
};

class ParkedNetworks::Start {
 public:
  explicit Start(ParkedNetworks& networks);
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
  ~Start();

 private:
  ParkedNetworks& networks_;
};

}  // namespace hearth::docker
