#include "telemetry/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace hearth::telemetry {
namespace {

// The fields of /proc/self/stat behind the program's name, which may hold blanks itself: [0] is the state.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest(line.substr(end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

std::uint64_t count_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return 0;
  // The one that reads the folder is among them.
  return static_cast<std::uint64_t>(std::distance(entries, {})) - 1;
}

}  // namespace

ProcessFacts process_facts() {
  // proc(5), counted from the state.
  constexpr std::size_t kUserTime = 11, kSystemTime = 12, kThreads = 17, kStart = 19, kVirtual = 20, kResident = 21;
  ProcessFacts facts;
  const auto fields = stat_fields();
  if (fields.size() > kResident) {
    const auto number = [&](std::size_t field) { return std::stoull(fields[field]); };
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    facts.cpu_seconds = static_cast<double>(number(kUserTime) + number(kSystemTime)) / ticks;
    facts.started_at = boot_time() + static_cast<double>(number(kStart)) / ticks;
    facts.threads = number(kThreads);
    facts.virtual_bytes = number(kVirtual);
    facts.resident_bytes = number(kResident) * static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
  }
  facts.open_descriptors = count_descriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.most_descriptors = limit.rlim_cur;
  return facts;
}

}  // namespace hearth::telemetry
