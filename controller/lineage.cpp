#include "lineage.h"

#include "domain/error.h"
#include "systemd.h"
#include "telemetry/log.h"

#include <unistd.h>

#include <string>

namespace hearth {

namespace log = telemetry::log;

void Lineage::begin() {
  auto before = config_.replace ? take_over(config_) : std::nullopt;
  if (config_.replace && !before) log::info("no hearthd runs here: there is none to replace", {});
  auto sockets = before ? std::move(before->sockets) : inherited_sockets();
  serve(std::move(sockets), std::move(before));
}

bool Lineage::take_turns() {
  for (const auto& [who, turn] : taken()) {
    const bool serves = who == serving_->number;
    if (turn == Succession::Turn::done && serves) return true;
    if (turn == Succession::Turn::done) std::erase_if(leaving_, [&](const auto& one) { return one->number == who; });
    vacant_ = vacant_ || (turn == Succession::Turn::lost && serves);
  }
  if (vacant_) take_back();
  return false;
}

void Lineage::end() {
  serving_->hearthd->stop();
  for (auto& one : leaving_) one->hearthd->stop();
}

void Lineage::serve(Sockets sockets, std::optional<Predecessor> before) {
  auto next = std::make_unique<Member>(Member{.number = ++last_, .hearthd = nullptr});
  const auto tell = [this, number = next->number](Succession::Turn turn) {
    const std::scoped_lock lock{mutex_};
    turns_.emplace_back(number, turn);
    ::kill(::getpid(), kTurned);
  };
  next->hearthd = std::make_unique<Hearthd>(config_, std::move(sockets), tell);
  next->hearthd->start(std::move(before));
  if (serving_) leaving_.push_back(std::move(serving_));
  serving_ = std::move(next);
  notify_systemd("MAINPID=" + std::to_string(::getpid()) + "\nREADY=1");
}

// Connections wait meanwhile in the queues of sockets that this process still holds.
void Lineage::take_back() {
  try {
    auto before = take_over(config_);
    if (!before) return;
    vacant_ = false;
    auto sockets = std::move(before->sockets);
    serve(std::move(sockets), std::move(before));
  } catch (const domain::Error& error) {
    vacant_ = true;
    log::error("taking the place back failed; tried again", {{"why", error.fault().message}});
  }
}

Lineage::Turns Lineage::taken() {
  const std::scoped_lock lock{mutex_};
  return std::exchange(turns_, {});
}

}  // namespace hearth
