// Carries durable calls to their functions as any client's are: through the gateway, by connections from within this
// process. Bodies are streamed; a large answer goes to a file.
#pragma once

#include "net/transfers.h"
#include "ports/call_store.h"
#include "ports/caller.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace hearth::events {

class FunctionCaller final : public ports::Caller {
 public:
  struct Settings {
    std::string gateway;                         // the name of its abstract unix socket
    std::uint64_t longest_answer = 64ull << 20;  // bytes; what is longer fails its call
  };

  // `store` outlives it.
  FunctionCaller(ports::CallStore& store, Settings settings);
  ~FunctionCaller() override;  // breaks off what is under way

  void start(ports::Errand errand, Then then) override;
  void stop(const std::string& id) override;

 private:
  struct Trip;

  void ended(const std::shared_ptr<Trip>& trip, std::variant<net::Response, domain::Fault> result);

  ports::CallStore& store_;
  const Settings settings_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::uint64_t> under_way_;
  net::Transfers transfers_;
};

}  // namespace hearth::events
