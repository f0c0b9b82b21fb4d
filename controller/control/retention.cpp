#include "control/retention.h"

#include <algorithm>
#include <vector>

namespace hearth::control {

using domain::Error;
using domain::Function;
using domain::Revision;
using domain::RevisionState;

void Retention::prune(const Function& function, std::size_t history) {
  constexpr std::size_t kFailures = 3;
  std::vector<Revision> served;
  std::vector<Revision> failed;
  for (auto& one : records_.revisions(function.name)) {
    if (one.state == RevisionState::failed) {
      failed.push_back(std::move(one));
    } else if (one.state == RevisionState::ready && one.number != function.active) {
      served.push_back(std::move(one));
    }
  }
  std::ranges::stable_partition(served, [&](const Revision& one) { return one.number == function.previous; });
  const auto beyond = [](std::span<const Revision> all, std::size_t kept) {
    return all.subspan(std::min(kept, all.size()));
  };
  try {
    discard(beyond(served, history));
    discard(beyond(failed, kFailures));
  } catch (const Error&) {
    return;
  }
}

// Records are read once for all of them: what is left may be made of the same packages.
void Retention::discard(std::span<const Revision> revisions) {
  if (revisions.empty()) return;
  for (const auto& revision : revisions) {
    builder_.discard(revision);  // first: where it fails, the record is there to try again by
    records_.remove(revision);
  }
  const auto used = records_.packages();
  for (const auto& revision : revisions) {
    if (!revision.package.empty() && !used.contains(revision.package)) packages_.remove(revision.package);
  }
}

}  // namespace hearth::control
