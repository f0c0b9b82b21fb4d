// The installation's networks on the engine, made when a replica first needs one.
#pragma once

#include "engines/docker/api.h"
#include "engines/docker/codec.h"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace hearth::docker {

// Any thread; blocks on the engine.
class Networks {
 public:
  Networks(Api& api, Installation installation);

  // Makes sure that what `kind` names exists and is ours.
  void ensure(NetworkKind kind);
  // Throws `invalid` where one of `names` does not exist, or would let a function out that may not go out.
  void check(const std::vector<std::string>& names, bool egress);
  void connect(const std::string& container, const std::string& network);
  // Looks again before the next use: one may have been removed behind our back.
  void doubt();
  // Removes ours that no container uses.
  void tidy();

 private:
  Api& api_;
  const Installation installation_;
  std::mutex mutex_;
  std::set<NetworkKind> known_;
};

}  // namespace hearth::docker
