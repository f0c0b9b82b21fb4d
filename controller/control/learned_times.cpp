#include "control/learned_times.h"

#include "control/json_fields.h"
#include "control/spec_codec.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace hearth::control {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

template <class Number>
bool read_number(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

// {"59": 12}: idle for 59 to 60 minutes, twelve times.
void read_within(const json& document, domain::IdleTimes& times, Complaints& complaints) {
  for (const auto& [minutes, count] : document.items()) {
    domain::IdleTimes::Counter counter;
    if (read_number(minutes, counter.minutes) && count.is_number_unsigned() && count <= UINT16_MAX) {
      counter.times = count.get<std::uint16_t>();
      times.within.push_back(counter);
    } else {
      complaints.push_back({"within." + minutes, "is no count of minutes"});
    }
  }
}

}  // namespace

std::string encode_learned(const LearnedTimes& learned) {
  json within = json::object();
  for (const auto& [minutes, times] : learned.times.within) within[std::to_string(minutes)] = times;
  std::vector<std::string> rare;
  for (const auto idle : learned.times.rare) {
    rare.push_back(domain::to_string(std::chrono::duration_cast<milliseconds>(idle)));
  }
  json document{{"within", std::move(within)}, {"beyond", learned.times.beyond}, {"rare", rare}};
  if (learned.idle_since) {
    document["idle_since"] = static_cast<std::uint64_t>(learned.idle_since->time_since_epoch().count());
  }
  return document.dump();
}

LearnedTimes decode_learned(std::string_view text) {
  const auto document = parse_json(text);
  Complaints complaints;
  LearnedTimes learned;
  JsonFields fields(document, "", complaints);
  if (const auto* within = fields.child("within")) read_within(*within, learned.times, complaints);
  fields.count("beyond", learned.times.beyond);
  std::vector<std::string> rare;
  fields.texts("rare", rare);
  for (const auto& one : rare) {
    if (const auto idle = domain::parse_duration(one)) {
      learned.times.rare.emplace_back(*idle);
    } else {
      complaints.push_back({"rare", "is no time"});
    }
  }
  std::uint64_t since = 0;
  fields.number("idle_since", since);
  if (since > 0) learned.idle_since = domain::WallTime{milliseconds{since}};
  fields.finish();
  if (!complaints.empty()) throw InvalidDocument("what was learned cannot be understood", std::move(complaints));
  return learned;
}

}  // namespace hearth::control
