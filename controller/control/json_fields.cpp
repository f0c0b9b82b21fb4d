#include "control/json_fields.h"

#include "control/spec_codec.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

namespace hearth::control {
namespace {

using nlohmann::json;

constexpr std::size_t kMostComplaints = 100;  // nobody reads more of one document
constexpr std::size_t kDeepest = 32;          // nested levels; nothing of ours has more than 5

struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};

Place place_of(std::string_view text, std::size_t byte) {
  const auto before = text.substr(0, std::min(byte, text.size()));
  const auto newline = before.rfind('\n');
  return {.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n')),
          .column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline};
}

// nlohmann's own words, "[json.exception.parse_error.101] parse error at line 1, column 2: …", without their prefix.
std::string reason_of(std::string_view what) {
  const auto colon = what.find(": ");
  return std::string(colon == std::string_view::npos ? what : what.substr(colon + 2));
}

// Refuses what the parser would accept silently: a key that stands twice, and nesting without end. A look of its own
// before the parse: nlohmann's parser, given a callback, goes through all of an array again for each object in it.
class Watch final : public nlohmann::json_sax<json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool key(string_t& key) override {
    if (keys_.back().insert(key).second) return true;
    throw InvalidDocument("the JSON has the key \"" + key + "\" twice in one object", {});
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }  // told later

 private:
  bool enter() {
    if (keys_.size() == kDeepest) throw InvalidDocument("the JSON is nested too deeply", {});
    keys_.emplace_back();
    return true;
  }
  bool leave() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys_;  // of each array and object that is open
};

// A whole number of at least 0, however it is written: 3, 3.0 and 3e0 are the same to JSON Schema.
std::optional<std::uint64_t> whole_number(const json& value) {
  constexpr double kExact = 9007199254740992;  // doubles are whole numbers without gaps up to here
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_number()) return std::nullopt;
  const auto number = value.get<double>();
  if (number < 0 || number > kExact || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t changed = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

json parse_json(std::string_view text) {
  try {
    Watch watch;
    json::sax_parse(text, &watch);
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const auto place = place_of(text, error.byte == 0 ? 0 : error.byte - 1);
    throw InvalidDocument("the body is no JSON: line " + std::to_string(place.line) + ", column " +
                              std::to_string(place.column) + ": " + reason_of(error.what()),
                          {});
  } catch (const json::exception& error) {
    throw InvalidDocument("the body is no JSON: " + reason_of(error.what()), {});
  }
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kLongest = 64;
  if (word.empty() || word.size() > kLongest) return {};
  std::string_view best;
  std::size_t best_distance = word.size() / 2 + 1;
  for (const auto candidate : candidates) {
    const auto distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

JsonFields::JsonFields(const json& object, std::string path, Complaints& complaints)
    : object_(object), path_(std::move(path)), complaints_(complaints) {
  if (!object_.is_object())
    complaints_.push_back({path_, std::string("must be an object, not ") + object_.type_name()});
}

std::string JsonFields::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void JsonFields::complain(std::string_view key, std::string message) {
  if (complaints_.size() < kMostComplaints) complaints_.push_back({path_of(key), std::move(message)});
}

const json* JsonFields::find(std::string_view key) {
  known_.push_back(key);
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

const json* JsonFields::child(std::string_view key) { return find(key); }

void JsonFields::text(std::string_view key, std::string& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) return complain(key, std::string("must be text, not ") + value->type_name());
  into = value->get<std::string>();
}

void JsonFields::number(std::string_view key, std::uint64_t& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  const auto number = whole_number(*value);
  if (!number) return complain(key, "must be a whole number of at least 0");
  into = *number;
}

void JsonFields::count(std::string_view key, std::uint32_t& into) {
  std::uint64_t wide = into;
  number(key, wide);
  if (wide > std::numeric_limits<std::uint32_t>::max()) return complain(key, "is too large");
  into = static_cast<std::uint32_t>(wide);
}

void JsonFields::bytes(std::string_view key, domain::Bytes& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (const auto number = whole_number(*value)) {
    into = domain::Bytes{*number};
    return;
  }
  const auto parsed = value->is_string() ? domain::parse_bytes(value->get_ref<const std::string&>()) : std::nullopt;
  if (!parsed) return complain(key, "must be a size such as \"256Mi\" or \"1Gi\"");
  into = *parsed;
}

void JsonFields::duration(std::string_view key, std::chrono::milliseconds& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  const auto parsed = value->is_string() ? domain::parse_duration(value->get_ref<const std::string&>()) : std::nullopt;
  if (!parsed) return complain(key, "must be a time with its unit, such as \"250ms\", \"30s\" or \"5m\"");
  into = *parsed;
}

void JsonFields::cpu(std::string_view key, std::uint32_t& millis) {
  const auto* value = find(key);
  if (value == nullptr) return;
  std::optional<std::uint32_t> parsed;
  if (value->is_string()) parsed = domain::parse_cpu(value->get_ref<const std::string&>());
  if (value->is_number()) {
    const double cores = value->get<double>();
    if (cores >= 0 && cores <= 1'000'000) parsed = static_cast<std::uint32_t>(std::llround(cores * 1000));
  }
  if (!parsed) return complain(key, "must be a number of cores such as 0.5, or thousandths such as \"250m\"");
  millis = *parsed;
}

void JsonFields::flag(std::string_view key, bool& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) return complain(key, std::string("must be true or false, not ") + value->type_name());
  into = value->get<bool>();
}

void JsonFields::choice(std::string_view key, std::string_view no, std::string_view yes, bool& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (*value != json(no) && *value != json(yes)) {
    return complain(key, "must be \"" + std::string(yes) + "\" or \"" + std::string(no) + "\"");
  }
  into = *value == json(yes);
}

void JsonFields::texts(std::string_view key, std::vector<std::string>& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  const bool good = value->is_array() && std::ranges::all_of(*value, [](const json& item) { return item.is_string(); });
  if (!good) return complain(key, "must be a list of texts");
  into = value->get<std::vector<std::string>>();
}

void JsonFields::texts(std::string_view key, std::map<std::string, std::string>& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (!value->is_object()) return complain(key, std::string("must be an object of texts, not ") + value->type_name());
  for (const auto& [name, item] : value->items()) {
    if (!item.is_string()) {
      complain(std::string(key) + "." + name, "must be text; put it in quotes");
      continue;
    }
    into[name] = item.get<std::string>();
  }
}

void JsonFields::finish() {
  if (!object_.is_object()) return;
  for (const auto& [key, value] : object_.items()) {
    if (complaints_.size() >= kMostComplaints) return;
    if (std::ranges::find(known_, key) != known_.end()) continue;
    const auto meant = nearest(key, known_);
    complain(key, meant.empty() ? "is not known here" : "is not known here; did you mean " + std::string(meant) + "?");
  }
}

}  // namespace hearth::control
