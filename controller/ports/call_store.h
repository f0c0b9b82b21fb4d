// Where durable calls last. Every change is on disk before it is told of: `then` is called once, from the store's own
// thread, with nothing or with why it could not be written; it must only post. Changes are taken in the order in which
// they are given, many of them at the price of one write.
#pragma once

#include "domain/call_queue.h"
#include "domain/durable_call.h"
#include "domain/error.h"
#include "domain/function.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hearth::ports {

// A body: its bytes, or where it is large the name of a file that the store has.
struct Content {
  std::string bytes = {};
  std::string file = {};
  std::uint64_t size = 0;
};

// A message as it goes over a wire but for its body: "POST /path\n" or "200\n", then a line a field, "name: value\n".
using HeadText = std::string;

struct NewCall {
  std::string id;   // 32 hex digits; sorts by time
  std::string key;  // a second call of the same key is the first; empty: none is
  domain::FunctionName function;
  std::string trigger;  // "http", "cron:nightly"
  domain::WallTime accepted{};
  domain::WallTime due{};
  HeadText head;
  Content body;
};

struct Answer {
  int status = 0;
  HeadText head;
  Content body;
};

inline constexpr std::string_view kInterrupted = "hearthd ended while it ran";

// As it is listed.
struct CallSummary {
  std::string id;
  domain::FunctionName function;
  std::string trigger;
  domain::CallState state = domain::CallState::queued;
  std::uint32_t attempts = 0;  // that ended
  std::uint32_t misses = 0;    // times in a row that the function was not asked
  domain::WallTime accepted{};
  domain::WallTime due{};                     // of the next attempt, while queued
  std::optional<domain::WallTime> started{};  // of the attempt that runs, or ran when hearthd ended
  std::optional<domain::WallTime> finished{};
  int status = 0;      // of the last answer
  std::string reason;  // of the last failure
};

struct CallRecord {
  CallSummary summary;
  HeadText head;
  Content body;
  std::optional<Answer> answer;
  std::vector<domain::Attempt> failed;  // attempts, in order
};

// A large body on its way in. Destroyed before commit(): nothing is kept. Blocks.
class BodyFile {
 public:
  virtual ~BodyFile() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual Content commit() = 0;  // it is on disk then
};

class CallStore {
 public:
  using Then = std::function<void(const std::optional<domain::Fault>& why_not)>;
  // Hears the id under which the call is stored: an earlier one's where its key was there already.
  using Stored = std::function<void(const std::variant<std::string, domain::Fault>&)>;

  virtual ~CallStore() = default;

  // --- changes: any thread; never block ---
  virtual void add(NewCall call, Stored then) = 0;
  // An attempt begins. One that began before and has not ended is remembered as failed: kInterrupted.
  virtual void begin(const std::string& id, domain::WallTime at) = 0;
  // It ended, and the call is to be tried again at `due`; not `counts`: the function was not asked.
  virtual void retry(const std::string& id, domain::Attempt attempt, domain::WallTime due, bool counts, Then then) = 0;
  // The call ended; `failed`: its last attempt, where that failed.
  virtual void finish(const std::string& id, domain::CallState state, domain::WallTime at,
                      std::optional<domain::Attempt> failed, std::optional<Answer> answer, Then then) = 0;

  // --- changes that are asked for: any thread; block on the disk, throw domain::Error ---
  // False where it is not queued any more.
  virtual bool cancel(const std::string& id, domain::WallTime at) = 0;
  // Makes dead and cancelled calls queued again from their first attempt, all of them at once. Without those that are
  // neither.
  virtual std::vector<domain::CallTurn> redrive(const std::vector<std::string>& ids, domain::WallTime due) = 0;
  // Forgets what ended before: succeeded and cancelled ones, and dead ones. At most `limit`; how many.
  virtual std::size_t forget(domain::WallTime ended_before, domain::WallTime dead_before, std::size_t limit) = 0;

  // --- looks: any thread; block on the disk, throw domain::Error ---
  virtual std::optional<CallRecord> get(const std::string& id) = 0;
  struct Filter {
    std::optional<domain::FunctionName> function = {};
    std::string space = {};  // where no function is named
    std::optional<domain::CallState> state = {};
  };
  // The newest first, from before `before` on, which may be forgotten by then.
  virtual std::vector<CallSummary> list(const Filter& filter, const std::string& before, std::size_t limit) = 0;
  // Those that have queued calls, with how many.
  virtual std::vector<std::pair<domain::FunctionName, std::uint64_t>> queued() = 0;
  // Queued ones of a function in their order, not before `from`; where another hearthd still runs what it has begun,
  // only those that have not.
  enum class Begun : std::uint8_t { too, not_those };
  virtual std::vector<domain::Waiting> due(const domain::FunctionName& function, const domain::CallTurn& from,
                                           std::size_t limit, Begun begun = Begun::too) = 0;
  struct Counts {
    std::uint64_t commits = 0;
    std::uint64_t changes = 0;  // made by those
  };
  virtual Counts counts() const = 0;
  // Returns when every change that was given before is on disk, or has failed.
  virtual void flush() = 0;

  // --- large bodies ---
  virtual std::unique_ptr<BodyFile> make_body() = 0;
  // Where a body's file is.
  virtual std::filesystem::path path_of(const Content& body) const = 0;
};

}  // namespace hearth::ports
