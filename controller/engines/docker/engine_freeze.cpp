// Freezing and thawing: by the kernel's freezer, where it can be reached; else by Docker, which takes its time.
#include "engines/docker/engine.h"

#include "net/ask_quiet.h"

namespace hearth::docker {

using domain::ReplicaId;
using namespace std::chrono_literals;

namespace {

constexpr auto kAnswerWithin = 250ms;
// On the images of runtimes whose bootstrap knows the question. To one that was built before, it would be a call.
constexpr const char* kAnswersLabel = "dev.hearth.image.quiet";

}  // namespace

std::optional<std::string> DockerEngine::freeze(ReplicaId replica, ports::Freeze which, std::stop_token stop) {
  const auto member = roster_.find(replica);
  if (!member || member->state != MemberState::running) return "it does not run";
  if (which == ports::Freeze::if_quiet) {
    if (auto why = stirs(*member, stop)) return why;
  }
  if (host_.freeze(member->container)) {
    roster_.set_frozen(replica, FrozenBy::host);
    return std::nullopt;
  }
  if (which == ports::Freeze::if_quiet) return "the kernel's freezer cannot be reached from here, and Docker's is slow";
  containers_.pause(member->container);
  roster_.set_frozen(replica, FrozenBy::docker);
  return std::nullopt;
}

void DockerEngine::thaw(ReplicaId replica) {
  const auto member = roster_.find(replica);
  if (!member) return;
  try {
    rouse(*member);
  } catch (const domain::Error& error) {
    if (member->output) member->output->note("hearth: it cannot be thawed and is replaced: " + error.fault().message);
    throw;
  }
  roster_.set_frozen(replica, FrozenBy::nobody);
}

bool DockerEngine::answers_quiet(const Member& member) {
  if (member.answers_quiet) return *member.answers_quiet;
  const auto container = containers_.inspect(member.container);
  const bool answers = container && container->labels.contains(kAnswersLabel);
  if (container) roster_.set_answers_quiet(member.replica, answers);
  return answers;
}

// What of the function's own runs, by its bootstrap's word.
std::optional<std::string> DockerEngine::stirs(const Member& member, const std::stop_token& stop) {
  if (!answers_quiet(member)) return "its bootstrap cannot be asked: deploy it again";
  try {
    const auto connection = host_.connect({.replica = member.replica, .owner = member.container});
    return net::ask_quiet(connection.get(), kAnswerWithin, stop);
  } catch (const domain::Error&) {  // a full queue, or a socket that is gone: whatever it does, it is not quiet
    return "it takes no connection";
  }
}

void DockerEngine::rouse(const Member& member) {
  if (member.frozen == FrozenBy::host) host_.thaw(member.container);
  if (member.frozen == FrozenBy::docker) containers_.unpause(member.container);
}

// One that another hearthd may have frozen. What Docker has paused, Docker ends, too.
void DockerEngine::rouse(const std::string& container) { host_.thaw(container); }

bool DockerEngine::try_to_rouse(const std::string& container, bool paused) {
  try {
    if (paused) containers_.unpause(container);
    rouse(container);
    return true;
  } catch (const domain::Error&) {  // it goes, like one that does not answer
    return false;
  }
}

void DockerEngine::thaw_all() noexcept {
  for (const auto& member : roster_.running()) {
    try {
      rouse(member);
    } catch (const domain::Error&) {  // the next hearthd tries again
    }
  }
}

}  // namespace hearth::docker
