// What users do with functions, whoever asks and however: deploy, look, delete. The API translates to and from it.
// Blocks; any thread; throws domain::Error.
#pragma once

#include "control/build_log.h"
#include "control/dispatcher.h"
#include "domain/function.h"
#include "domain/histogram.h"
#include "ports/builder.h"
#include "ports/packages.h"
#include "ports/store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hearth::control {

// A stored value with the version that guards its next change (the API's ETag).
template <class T>
struct Versioned {
  T value;
  std::uint64_t version = 0;
};

class Service {
 public:
  Service(ports::Store& store, ports::Packages& packages, ports::Builder& builder, Dispatcher& dispatcher,
          const ports::Clock& clock);
  ~Service();  // cancels builds in flight; their revisions are told as failed by the next start

  // At start-up, before anything is uploaded: ends what was cut off (builds, removals, deploys), serves every active
  // revision.
  void load();

  // Records revision N+1 in state `building` and starts its build; returns at once. When `expected` is given, the
  // function must be at that version (0: must not exist), else `conflict`.
  domain::Revision deploy(const domain::FunctionSpec& spec, const std::string& package,
                          std::optional<std::uint64_t> expected);
  // The output of a revision's build, from its start; ends when the build is settled. Null when it is not kept.
  std::shared_ptr<BuildLog> build_log(const domain::FunctionName& function, std::uint64_t revision);

  Versioned<domain::Function> function(const domain::FunctionName& name);
  std::vector<Versioned<domain::Function>> functions(std::string_view space, std::string_view after, std::size_t limit);
  domain::Revision revision(const domain::FunctionName& name, std::uint64_t number);
  std::vector<domain::Revision> revisions(const domain::FunctionName& name);  // newest first
  FunctionView view(const domain::FunctionName& name);
  // Blocks until the view differs from the one of `seen`, or `until`; returns the number to pass next.
  std::uint64_t await_change(const domain::FunctionName& name, std::uint64_t seen, domain::Time until);

  // How long builds took, from the deploy on, that were ready and that failed.
  struct BuildTimes {
    domain::Histogram ready;
    domain::Histogram failed;
  };
  BuildTimes build_times() const;

  // Its calls as they end, from now on.
  CallFeed::Follower follow_calls(const domain::FunctionName& name);

  // Calls in flight get `grace`; returns when nothing of it is left.
  void remove(const domain::FunctionName& name, std::optional<std::uint64_t> expected,
              std::chrono::milliseconds grace = std::chrono::seconds{10});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::control
