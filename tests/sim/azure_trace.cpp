#include "sim/azure_trace.h"

#include "sim/random.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

namespace hearth::sim {
namespace {

using namespace std::chrono_literals;
using domain::Bytes;
using domain::Duration;
using domain::Time;
using Fields = std::vector<std::string_view>;

constexpr std::size_t kMinutes = 1'440;
constexpr double kUsualSeconds = 0.68;          // the published median of run times: e^-0.38
constexpr std::uint64_t kUsualMebibytes = 170;  // and of what an application has allocated
constexpr double kMost = 10 * 365 * 86'400.0;

struct Table {
  std::filesystem::path file;
  std::size_t line = 0;
  [[noreturn]] void refuse(const std::string& what) const {
    throw std::runtime_error(file.string() + ":" + std::to_string(line) + ": " + what);
  }
  double number(std::string_view text) const {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0) || value > kMost) {
      refuse("'" + std::string(text) + "' is not a number that can be here");
    }
    return value;
  }
};

void split(std::string_view line, Fields& fields) {
  fields.clear();
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  while (true) {
    const auto comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

// Calls `row` for each line after the first, which it returns.
using Row = std::function<void(const Table&, const Fields&)>;
std::string read_table(const std::filesystem::path& file, const Row& row) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + ": it cannot be read");
  Table table{.file = file};
  std::string header;
  std::string line;
  Fields fields;
  while (std::getline(in, line)) {
    if (++table.line == 1) {
      header = line;
      if (!row) break;
      continue;
    }
    if (line.empty()) continue;
    split(line, fields);
    row(table, fields);
  }
  return header;
}

// What both schemas have: functions by their names, of which no memory is told.
class AzureTrace : public Trace {
 public:
  explicit AzureTrace(int year) : year_(year) {}
  const std::vector<Bytes>& functions() const override { return memory_; }
  Duration length() const override { return length_; }
  std::string words() const override {
    return std::to_string(memory_.size()) + " functions of an Azure Functions trace of " + std::to_string(year_);
  }

 protected:
  // The function's number, the next one where the name is new.
  std::size_t number_of(const std::string& name) {
    const auto [known, fresh] = numbers_.try_emplace(name, memory_.size());
    if (fresh) memory_.push_back(domain::mebibytes(kUsualMebibytes));
    return known->second;
  }

  std::unordered_map<std::string, std::size_t> numbers_;
  std::vector<Bytes> memory_;  // by number
  Duration length_{};

 private:
  const int year_;
};

// --- 2021: a row a call ---

class RowTrace final : public AzureTrace {
 public:
  explicit RowTrace(const std::vector<std::filesystem::path>& files) : AzureTrace(2021) {
    for (const auto& file : files) {
      read_table(file, [this](const Table& table, const Fields& fields) { add(table, fields); });
    }
    for (auto& calls : calls_) std::ranges::sort(calls, {}, &Call::at);
    Time first = Time::max();
    for (const auto& calls : calls_) first = std::min(first, calls.front().at);
    for (auto& calls : calls_) {
      for (auto& call : calls) {
        call.at -= first - Time{};
        length_ = std::max(length_, call.at - Time{} + call.took + 1s);
      }
    }
  }
  std::unique_ptr<Calls> calls() const override;

 private:
  class Pass;
  void add(const Table& table, const Fields& fields) {
    if (fields.size() != 4) table.refuse("there are not 4 fields");
    const auto end = table.number(fields[2]);
    const auto took = table.number(fields[3]);
    const auto function = number_of(std::string(fields[0]) + "/" + std::string(fields[1]));
    calls_.resize(memory_.size());
    calls_[function].push_back({Time{seconds(end - took)}, seconds(took)});
  }

  std::vector<std::vector<Call>> calls_;  // by number
};

class RowTrace::Pass final : public Calls {
 public:
  explicit Pass(const std::vector<std::vector<Call>>& calls) : calls_(calls), at_(calls.size()) {}
  std::optional<Call> next(std::uint32_t function) override {
    auto& at = at_[function];
    if (at == calls_[function].size()) return std::nullopt;
    return calls_[function][at++];
  }

 private:
  const std::vector<std::vector<Call>>& calls_;
  std::vector<std::size_t> at_;
};
std::unique_ptr<Calls> RowTrace::calls() const { return std::make_unique<Pass>(calls_); }

// --- 2019: calls a minute ---

struct Minute {
  std::uint32_t at = 0;
  std::uint32_t calls = 0;
};

class MinuteTrace final : public AzureTrace {
 public:
  explicit MinuteTrace(const std::vector<std::filesystem::path>& files) : AzureTrace(2019) {
    std::uint32_t day = 0;
    for (const auto& file : files) {
      const auto first = static_cast<std::uint32_t>(day++ * kMinutes);
      read_table(file, [&](const Table& table, const Fields& fields) { add_minutes(table, fields, first); });
      read_beside(file);
    }
    length_ = std::chrono::days{day};
    for (const auto& [key, which] : numbers_) {
      const auto app = key.substr(0, key.rfind('/'));
      if (const auto found = app_mebibytes_.find(app); found != app_mebibytes_.end()) {
        memory_[which] = domain::mebibytes(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(found->second)));
      }
      if (const auto found = seconds_.find(key); found != seconds_.end()) took_[which] = found->second;
    }
  }
  std::unique_ptr<Calls> calls() const override;

 private:
  class Pass;
  static std::string app_of(const Fields& fields) { return std::string(fields[0]) + "/" + std::string(fields[1]); }
  static std::string function_of(const Fields& fields) { return app_of(fields) + "/" + std::string(fields[2]); }

  void add_minutes(const Table& table, const Fields& fields, std::uint32_t first) {
    if (fields.size() != 4 + kMinutes) table.refuse("there are not 1444 fields");
    const auto function = number_of(function_of(fields));
    minutes_.resize(memory_.size());
    took_.resize(memory_.size(), kUsualSeconds);
    for (std::uint32_t minute = 0; minute < kMinutes; ++minute) {
      if (fields[4 + minute] == "0") continue;
      const auto calls = static_cast<std::uint32_t>(table.number(fields[4 + minute]));
      if (calls > 0) minutes_[function].push_back({first + minute, calls});
    }
  }

  // function_durations_percentiles.anon.dNN.csv and app_memory_percentiles.anon.dNN.csv of the same day.
  void read_beside(const std::filesystem::path& file) {
    const auto name = file.filename().string();
    const auto dot = name.rfind(".d");
    if (dot == std::string::npos) return;
    const auto day = name.substr(dot);
    const auto durations = file.parent_path() / ("function_durations_percentiles.anon" + day);
    const auto memory = file.parent_path() / ("app_memory_percentiles.anon" + day);
    if (std::filesystem::exists(durations)) {
      read_table(durations, [this](const Table& table, const Fields& fields) {
        if (fields.size() < 4) table.refuse("there are fewer than 4 fields");
        seconds_.insert_or_assign(function_of(fields), table.number(fields[3]) / 1'000);
      });
    }
    if (std::filesystem::exists(memory)) {
      read_table(memory, [this](const Table& table, const Fields& fields) {
        if (fields.size() < 4) table.refuse("there are fewer than 4 fields");
        app_mebibytes_.insert_or_assign(app_of(fields), table.number(fields[3]));
      });
    }
  }

  std::unordered_map<std::string, double> seconds_;
  std::unordered_map<std::string, double> app_mebibytes_;
  std::vector<std::vector<Minute>> minutes_;
  std::vector<double> took_;
};

// The trace does not say when within its minute a call came: they are spread evenly, each a little off.
class MinuteTrace::Pass final : public Calls {
 public:
  explicit Pass(const MinuteTrace& trace) : trace_(trace), at_(trace.minutes_.size()), random_(1) {}
  std::optional<Call> next(std::uint32_t function) override {
    const auto& minutes = trace_.minutes_[function];
    auto& at = at_[function];
    if (at.minute == minutes.size()) return std::nullopt;
    const auto& minute = minutes[at.minute];
    const auto second = 60 * (minute.at + (at.call + random_.uniform()) / minute.calls);
    if (++at.call == minute.calls) at = {at.minute + 1, 0};
    return Call{Time{seconds(second)}, seconds(trace_.took_[function])};
  }

 private:
  struct At {
    std::size_t minute = 0;
    std::uint32_t call = 0;
  };
  const MinuteTrace& trace_;
  std::vector<At> at_;
  Random random_;
};
std::unique_ptr<Calls> MinuteTrace::calls() const { return std::make_unique<Pass>(*this); }

}  // namespace

std::unique_ptr<Trace> read_azure_trace(const std::vector<std::filesystem::path>& files) {
  std::set<std::string> schemas;
  for (const auto& file : files) {
    const auto header = read_table(file, {});
    if (header.starts_with("app,func,end_timestamp,duration")) {
      schemas.insert("2021");
    } else if (header.starts_with("HashOwner,HashApp,HashFunction,Trigger,1,2,")) {
      schemas.insert("2019");
    } else {
      throw std::runtime_error(
          file.string() +
          ": its header is neither that of Azure's trace of 2021 (app,func,end_timestamp,duration) "
          "nor that of 2019 (HashOwner,HashApp,HashFunction,Trigger,1,2,…)");
    }
  }
  if (schemas.size() != 1) throw std::runtime_error("the files of a trace are all of one schema");
  std::unique_ptr<Trace> trace;
  if (schemas.contains("2021")) {
    trace = std::make_unique<RowTrace>(files);
  } else {
    trace = std::make_unique<MinuteTrace>(files);
  }
  if (trace->functions().empty()) throw std::runtime_error(files.front().string() + ": there are no calls in it");
  return trace;
}

}  // namespace hearth::sim
