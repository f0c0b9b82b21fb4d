#include "cli/daemon_log.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Fault;
using domain::Layer;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// What follows `mark` in the last line that has it at its front; empty where none has.
std::string last_marked(const std::vector<std::string>& lines, std::string_view mark) {
  const auto found =
      std::find_if(lines.rbegin(), lines.rend(), [&](const auto& line) { return line.starts_with(mark); });
  return found == lines.rend() ? std::string() : found->substr(mark.size());
}

}  // namespace

DaemonLog::DaemonLog(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  const auto size = fs::file_size(path_, error);
  if (!error) begin_ = size;
}

Fault DaemonLog::why_it_ended() const {
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(begin_));
  return read_last_words(std::string(std::istreambuf_iterator<char>(file), {}), path_.string());
}

Fault read_last_words(std::string_view log, const std::string& path) {
  constexpr std::ptrdiff_t kShown = 10;
  const auto lines = lines_of(log);
  Fault fault{.code = Code::unavailable, .layer = Layer::gateway, .message = last_marked(lines, "hearthd: ")};
  if (!fault.message.empty()) {
    fault.message = "hearthd did not start: " + fault.message;
    return fault;
  }
  fault.message = "hearthd ended at once" + (lines.empty() ? std::string(" and wrote nothing") : ": " + lines.back());
  fault.hint = "see its log: " + path;
  const auto shown = std::min<std::ptrdiff_t>(kShown, std::ssize(lines));
  for (auto line = lines.end() - shown; line < lines.end() - (shown > 0 ? 1 : 0); ++line) fault.detail += *line + "\n";
  return fault;
}

}  // namespace hearth::cli
