#include "control/keep_records.h"

#include "domain/error.h"

#include <utility>
#include <vector>

namespace hearth::control {

using domain::Fault;
using domain::FunctionName;

namespace {

constexpr std::string_view kAll = "idle/";
constexpr std::chrono::minutes kPeriod{10};

std::string key_of(const FunctionName& function) { return std::string{kAll} + function.space + "/" + function.name; }

FunctionName function_of(std::string_view key) {
  key.remove_prefix(kAll.size());
  const auto slash = key.find('/');
  return {.space = std::string{key.substr(0, slash)}, .name = std::string{key.substr(slash + 1)}};
}

}  // namespace

KeepRecords::KeepRecords(ports::Store& store, Dispatcher& dispatcher, const ports::Clock& clock, Report report)
    : store_(store), dispatcher_(dispatcher), clock_(clock), report_(std::move(report)) {}

KeepRecords::~KeepRecords() {
  thread_.reset();
  close();
}

void KeepRecords::load() {
  std::string after;
  while (true) {
    const auto page = store_.list(kAll, after);
    if (page.empty()) return;
    for (const auto& document : page) {
      bool wanted = false;
      try {
        wanted = dispatcher_.recall(function_of(document.key), decode_learned(document.body));
      } catch (const domain::Error& error) {
        report_(error.fault());
      }
      if (!wanted) store_.remove(document.key, document.version);
    }
    after = page.back().key;
  }
}

void KeepRecords::start() {
  thread_.emplace(clock_, clock_.now() + kPeriod, [this] {
    const auto next = clock_.now() + kPeriod;
    write();
    return next;
  });
}

void KeepRecords::write() {
  std::optional<Fault> fault;
  {
    const std::scoped_lock lock{mutex_};
    if (!closed_) fault = try_to_write();
  }
  if (fault) report_(*fault);
}

void KeepRecords::forget(const FunctionName& function) {
  {
    const std::scoped_lock lock{mutex_};
    pending_[function] = std::nullopt;
  }
  write();
}

void KeepRecords::close() {
  write();
  const std::scoped_lock lock{mutex_};
  closed_ = true;
}

// With mutex_ held. Nobody else writes them, but for another process: then its word stands until the next time.
std::optional<Fault> KeepRecords::try_to_write() {
  for (auto& [function, learned] : dispatcher_.take_learned()) pending_.insert_or_assign(function, std::move(learned));
  if (pending_.empty()) return std::nullopt;
  try {
    std::vector<ports::Write> writes;
    bool removed = true;
    for (const auto& [function, learned] : pending_) {
      const auto stored = store_.get(key_of(function));
      const auto version = stored ? stored->version : std::uint64_t{0};
      if (learned) {
        writes.push_back({.key = key_of(function), .body = encode_learned(*learned), .expected = version});
      } else if (stored) {
        removed &= store_.remove(stored->key, version);
      }
    }
    const bool written = writes.empty() || store_.put_all(writes);
    if (written && removed) pending_.clear();
  } catch (const domain::Error& error) {
    return error.fault();
  }
  return std::nullopt;
}

}  // namespace hearth::control
