// An engine of a few lines behind the real lanes and the real start budget: it carries orders out in whatever order
// and with whatever luck a test wants, and watches that it is only told what an engine could do.
#pragma once

#include "domain/fleet.h"
#include "domain/lanes.h"
#include "domain/start_budget.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace hearth::domain {

using Violation = std::function<void(const std::string&)>;

// What a replica really is, whatever its fleet and its pools believe.
struct Body {
  enum class State : std::uint8_t { absent, starting, ready, frozen, yielded };
  State state = State::absent;
  std::uint32_t concurrency = 1;
  bool dead = false;      // its process ended by itself
  bool unfrozen = false;  // its last freeze failed, and what follows may not know yet
  bool given_up = false;  // its fleet took it from the pools at once
  std::uint32_t last_epoch = 0;
  bool busy = false;                   // an order of it is carried out just now
  std::set<std::uint32_t> slots = {};  // of calls in flight
  std::set<PoolId> knows_lost = {};    // pools that were told
  bool excusable() const { return dead || given_up; }
};

class ToyEngine {
 public:
  ToyEngine(std::uint32_t max_starts, Violation violated) : budget_(max_starts), violated_(std::move(violated)) {}

  // An order on its way; arrive() brings any of them in.
  void send(const Order& order) { sent_.push_back(order); }
  std::size_t sent() const { return sent_.size(); }
  void arrive(std::size_t which) {
    const auto order = sent_[which];
    sent_.erase(sent_.begin() + static_cast<std::ptrdiff_t>(which));
    push(order);
  }

  // Orders carried out just now; finish() ends any of them and tells what it was.
  const std::vector<Order>& running() const { return running_; }
  Order finish(std::size_t which, bool success) {
    const auto order = running_[which];
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
    auto& body = bodies[order.replica];
    body.busy = false;
    switch (order.act) {
      case Act::start:
        body.state = success ? Body::State::ready : Body::State::absent;
        budget_.done();
        pump();
        break;
      case Act::stop: body.state = Body::State::absent; break;
      case Act::freeze:
        body.unfrozen = !success;
        if (success) body.state = Body::State::frozen;
        break;
      case Act::thaw:
        if (success) body.state = Body::State::ready;
        break;
    }
    return order;
  }
  // After its report was heard.
  void next_of(ReplicaId replica) {
    if (const auto next = lanes_.finished(replica)) {
      schedule(*next);
    } else if (current_.at(replica).act == Act::stop) {
      current_.erase(replica);
    }
  }

  // A call is granted this slot; `untried`: of a revision that does not serve yet.
  void occupy(PoolId pool, const Slot& slot, bool untried) {
    auto& body = bodies[slot.replica];
    if (untried && !body.excusable()) violated_("granted a replica whose revision does not serve yet");
    if (body.state == Body::State::yielded) violated_("granted a replica that is another's");
    if (body.knows_lost.contains(pool)) violated_("granted a replica that it knew to be lost");
    if (!body.excusable() && body.state != Body::State::ready) violated_("granted a replica that is not ready");
    if (slot.index >= body.concurrency) violated_("granted a slot that does not exist");
    if (!body.slots.insert(slot.index).second) violated_("granted a slot twice");
  }
  void vacate(const Slot& slot) { bodies[slot.replica].slots.erase(slot.index); }

  bool quiet() const { return sent_.empty() && running_.empty(); }
  bool remembers_nothing() const {
    return quiet() && lanes_.size() == 0 && budget_.in_flight() == 0 && current_.empty();
  }

  std::unordered_map<ReplicaId, Body> bodies;

 private:
  void push(const Order& order) {
    if (const auto now = lanes_.push(order)) return schedule(*now);
    const auto current = current_.find(order.replica);
    if (order.act != Act::stop || current == current_.end() || current->second.act != Act::start) return;
    if (!budget_.drop(0, order.replica)) return;
    bodies[order.replica].last_epoch = current->second.epoch;  // never begun
    if (const auto next = lanes_.finished(order.replica)) schedule(*next);
  }
  void schedule(const Order& order) {
    current_[order.replica] = order;
    if (order.act != Act::start) return begin(order);
    budget_.want(0, order.replica);
    pump();
  }
  void pump() {
    while (const auto next = budget_.take()) begin(current_.at(next->second));
  }

  void begin(const Order& order) {
    auto& body = bodies[order.replica];
    if (body.busy) violated_("two orders of one replica at once");
    if (order.epoch != body.last_epoch + 1) violated_("an order overtook another of its replica");
    body.busy = true;
    body.last_epoch = order.epoch;
    const bool idle = body.slots.empty() || body.excusable();
    switch (order.act) {
      case Act::start:
        if (body.state != Body::State::absent) violated_("started though it is there");
        body.state = Body::State::starting;
        break;
      case Act::stop:
        if (body.state == Body::State::frozen) violated_("stopped while frozen");
        if (!idle) violated_("stopped while executing");
        break;
      case Act::freeze:
        if (body.state != Body::State::ready) violated_("frozen though it is not ready");
        if (!idle) violated_("frozen while executing");
        break;
      case Act::thaw:
        if (body.state != Body::State::frozen && !body.unfrozen) violated_("thawed though it is not frozen");
        break;
    }
    running_.push_back(order);
  }

  Lanes lanes_;
  StartBudget<int> budget_;
  std::unordered_map<ReplicaId, Order> current_;
  std::vector<Order> sent_;
  std::vector<Order> running_;
  Violation violated_;
};

}  // namespace hearth::domain
