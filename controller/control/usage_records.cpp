#include "control/usage_records.h"

#include "control/usage_codec.h"
#include "domain/error.h"

#include <algorithm>

namespace hearth::control {

using domain::Day;
using domain::DayUsage;
using domain::FunctionName;
using domain::Usage;

namespace {

constexpr std::string_view kAll = "usage/";

std::string prefix_of(Day day) { return std::string{kAll} + domain::format_day(day) + "/"; }
std::string prefix_of(Day day, std::string_view space) { return prefix_of(day) + std::string{space} + "/"; }
std::string key_of(const UsageRecords::Key& key) { return prefix_of(key.first, key.second.space) + key.second.name; }

}  // namespace

void UsageRecords::add(const Batch& batch) {
  if (batch.empty()) return;
  // Another process that writes the same may come between a look and a write; several times in a row it may not.
  constexpr int kTries = 10;
  for (int tries = 0; tries < kTries; ++tries) {
    if (try_to_add(batch)) return;
    known_.clear();
  }
  throw domain::Error{domain::Code::conflict, domain::Layer::gateway,
                      "another process changes the usage of the same functions all the time"};
}

bool UsageRecords::try_to_add(const Batch& batch) {
  std::vector<ports::Write> writes;
  std::vector<Usage> sums;
  for (const auto& [key, more] : batch) {
    auto known = known_.find(key);
    if (known == known_.end()) {
      const auto stored = store_.get(key_of(key));
      known = known_.emplace(key, stored ? Known{decode_usage(stored->body), stored->version} : Known{}).first;
    }
    auto& sum = sums.emplace_back(known->second.usage);
    sum += more;
    writes.push_back({.key = key_of(key), .body = encode_usage(sum), .expected = known->second.version});
  }
  const auto versions = store_.put_all(writes);
  if (!versions) return false;
  std::size_t i = 0;
  for (const auto& [key, more] : batch) {
    known_.insert_or_assign(key, Known{sums[i], versions->at(i)});
    ++i;
  }
  const auto first_day = batch.begin()->first.first;
  std::erase_if(known_, [&](const auto& entry) { return entry.first.first < first_day; });
  return true;
}

std::optional<Usage> UsageRecords::find(const Key& key) const {
  const auto document = store_.get(key_of(key));
  if (!document) return std::nullopt;
  return decode_usage(document->body);
}

std::vector<DayUsage> UsageRecords::list(std::string_view space, Day from, Day to,
                                         const std::optional<std::pair<Day, std::string>>& after,
                                         std::size_t limit) const {
  std::vector<DayUsage> found;
  for (auto day = after ? std::max(from, after->first) : from; day <= to && found.size() < limit;
       day += std::chrono::days{1}) {
    const auto prefix = prefix_of(day, space);
    const auto cursor = after && after->first == day ? prefix + after->second : std::string{};
    for (const auto& document : store_.list(prefix, cursor, limit - found.size())) {
      found.push_back({.day = day,
                       .function = {.space = std::string{space}, .name = document.key.substr(prefix.size())},
                       .usage = decode_usage(document.body)});
    }
  }
  return found;
}

bool UsageRecords::remove_before(Day day) {
  constexpr std::size_t kPage = 50;
  const auto end = prefix_of(day);
  const auto page = store_.list(kAll, {}, kPage);
  for (const auto& document : page) {
    if (document.key >= end) return true;
    store_.remove(document.key, document.version);
  }
  return page.size() < kPage;
}

}  // namespace hearth::control
