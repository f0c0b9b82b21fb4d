#include "control/route_claims.h"

namespace hearth::control {

using domain::FunctionName;
using domain::HttpTrigger;

std::vector<RouteClaims::Held> RouteClaims::understand(const std::vector<HttpTrigger>& triggers) {
  std::vector<Held> all;
  std::vector<domain::Complaint> none;  // checked when it came in
  for (const auto& trigger : triggers) all.push_back({trigger, domain::parse_pattern(trigger, none)});
  return all;
}

void RouteClaims::refuse_clash(const FunctionName& function, const std::vector<Held>& wanted) const {
  for (const auto& [other, holding] : holdings_) {
    if (other == function) continue;
    for (const auto* held : {&holding.now, &holding.next}) {
      for (const auto& theirs : *held) {
        for (const auto& ours : wanted) {
          if (!clash(ours.pattern, theirs.pattern)) continue;
          throw domain::Error{domain::Code::conflict, domain::Layer::client,
                              "the route " + to_string(ours.trigger) + " of " + to_string(function) +
                                  " takes the same requests as " + to_string(theirs.trigger) + " of " +
                                  to_string(other),
                              "change one of the two, or delete " + to_string(other)};
        }
      }
    }
  }
}

void RouteClaims::check(const FunctionName& function, const std::vector<HttpTrigger>& triggers) const {
  const auto wanted = understand(triggers);
  const std::scoped_lock lock{mutex_};
  refuse_clash(function, wanted);
}

RouteClaims::Claim RouteClaims::claim(const FunctionName& function, const std::vector<HttpTrigger>& triggers) {
  auto wanted = understand(triggers);
  const std::scoped_lock lock{mutex_};
  refuse_clash(function, wanted);
  holdings_[function].next = std::move(wanted);
  return {*this, function};
}

void RouteClaims::end(const FunctionName& function, bool settled) {
  const std::scoped_lock lock{mutex_};
  auto& holding = holdings_[function];
  if (settled) holding.now = std::move(holding.next);
  holding.next.clear();
  if (holding.now.empty()) holdings_.erase(function);
}

void RouteClaims::restore(const FunctionName& function, const std::vector<HttpTrigger>& triggers) {
  auto held = understand(triggers);
  const std::scoped_lock lock{mutex_};
  if (!held.empty()) holdings_[function].now = std::move(held);
}

void RouteClaims::release(const FunctionName& function) {
  const std::scoped_lock lock{mutex_};
  holdings_.erase(function);
}

}  // namespace hearth::control
