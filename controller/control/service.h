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
#include <stop_token>
#include <string>
#include <vector>

namespace hearth::control {

class KeepRecords;

// A stored value with the version that guards its next change (the API's ETag).
template <class T>
struct Versioned {
  T value;
  std::uint64_t version = 0;
};

class Service {
 public:
  Service(ports::Store& store, ports::Packages& packages, ports::Builder& builder, Dispatcher& dispatcher,
          KeepRecords& keep_records, const ports::Clock& clock);
  ~Service();  // closes

  // At start-up: serves every active revision, ends removals that were cut off, goes on with deploys that were. What
  // was uploaded for a deploy that never came goes, unless it may come still, at who follows another hearthd.
  enum class Uploads : std::uint8_t { forget, keep };
  void load(Uploads uploads = Uploads::forget);
  // From here on every change is refused as `unavailable`; returns once those under way are recorded, and what was
  // being deployed is left for the next load().
  void close();

  // Records revision N+1 in state `building` and starts its build; returns at once. It serves once one replica of it is
  // warm, or as soon as it is built where it is not to be verified. When `expected` is given, the function must be at
  // that version (0: must not exist), else `conflict`.
  domain::Revision deploy(const domain::FunctionSpec& spec, const std::string& package,
                          std::optional<std::uint64_t> expected, bool verify = true);
  // Makes revision `to` serve again, by default the one that served before the active one, and returns once it does:
  // at once where a replica of it lives, else when one is warm. Throws why not; what served before still does.
  Versioned<domain::Function> rollback(const domain::FunctionName& name, std::optional<std::uint64_t> to,
                                       std::optional<std::uint64_t> expected, const std::stop_token& stop = {});
  // The output of a revision's build, from its start; ends when it serves or failed. Null when it is not kept.
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
