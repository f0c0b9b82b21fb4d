#include "handover/taker.h"

#include "domain/error.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace hearth::handover {

namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kBetween{50};

}  // namespace

std::optional<Taker> Taker::knock(const std::filesystem::path& path) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto channel = handover::knock(path);
  if (!channel) return std::nullopt;
  std::optional<Message> sockets;
  // One that is being replaced answers nobody else until it has ended; then the one that follows it does.
  while (true) {
    using std::chrono::steady_clock;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (channel) sockets = channel->receive(std::max(left, std::chrono::milliseconds{0}));
    if (sockets && sockets->word(0) == "sockets") break;
    if (steady_clock::now() >= deadline) {
      throw domain::Error(domain::Code::conflict, domain::Layer::gateway,
                          "the hearthd that runs is being replaced already",
                          "try again once the one before it has ended its calls");
    }
    std::this_thread::sleep_for(kBetween);
    channel = handover::knock(path);
  }
  const auto count = [&](std::size_t word) {
    return static_cast<std::size_t>(std::atoi(std::string(sockets->word(word)).c_str()));
  };
  const auto gateways = count(1);
  const auto all = gateways + count(2);
  Taker taker(std::move(*channel));
  while (sockets && !sockets->descriptors.empty()) {
    for (auto& one : sockets->descriptors) {
      (taker.gateway_.size() < gateways ? taker.gateway_ : taker.api_).push_back(std::move(one));
    }
    if (taker.gateway_.size() + taker.api_.size() >= all) return taker;
    sockets = taker.channel_.receive();
  }
  throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                      "the hearthd that runs did not give all of its sockets", "start hearthd again");
}

void Taker::ready(const std::function<void(Message)>& hear) {
  say("ready");
  while (auto message = channel_.receive()) {
    if (message->word(0) == "yours") return;
    hear(std::move(*message));
  }
  throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                      "the hearthd that runs ended while it was being replaced", "start hearthd again");
}

void Taker::listen(const std::function<void(Message)>& hear) const {
  while (auto message = channel_.receive()) hear(std::move(*message));
}

}  // namespace hearth::handover
