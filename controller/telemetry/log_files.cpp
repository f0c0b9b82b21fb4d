#include "telemetry/log_files.h"

#include "domain/error.h"
#include "telemetry/log_line.h"
#include "telemetry/rotated_file.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <system_error>
#include <utility>
#include <vector>

namespace hearth::telemetry {

struct LogFiles::Stream {
  Stream(std::filesystem::path file, std::uint64_t file_bytes) : file(std::move(file), file_bytes) {}

  std::mutex mutex;
  std::condition_variable_any news;
  RotatedFile file;
  std::uint64_t lost = 0;  // lines, since the last that was kept
  bool removed = false;
  std::atomic<std::uint64_t> used = 0;  // when, by a counter of all streams
  std::atomic<bool> open = false;
};

namespace {

std::atomic<std::uint64_t> uses = 0;

}  // namespace

LogFiles::LogFiles(Settings settings) : settings_(std::move(settings)) {
  std::error_code error;
  std::filesystem::create_directories(settings_.folder, error);
  if (!error) {
    std::filesystem::permissions(settings_.folder, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                        "cannot make the folder for logs " + settings_.folder.string() + ": " + error.message(),
                        "let hearthd's user write there, or give it another state folder");
  }
}

LogFiles::~LogFiles() = default;

std::shared_ptr<LogFiles::Stream> LogFiles::stream(const domain::FunctionName& function) {
  const std::lock_guard lock(mutex_);
  auto& found = streams_[function];
  if (!found) {
    // A namespace and a name hold no dot, so that no two functions share a file.
    found = std::make_shared<Stream>(settings_.folder / (function.space + "." + function.name + ".log"),
                                     settings_.file_bytes);
  }
  return found;
}

void LogFiles::line(const ports::LogLine& line) {
  const auto to = stream(line.function);
  const auto text = format_line(line);
  bool opened = false;
  {
    const std::lock_guard lock(to->mutex);
    if (to->removed) return;
    to->used = ++uses;
    if (to->lost > 0) {
      const auto notice = std::to_string(to->lost) + " lines were lost here: the disk did not take them";
      if (to->file.append(format_notice(line.time, notice))) to->lost = 0;
    }
    if (to->lost > 0 || !to->file.append(text)) ++to->lost;
    opened = !to->open.exchange(to->file.is_open()) && to->file.is_open();
  }
  to->news.notify_all();
  if (opened) close_some(to.get());
}

// Closes the files that were written longest ago where too many are open. One that is just written is passed over.
void LogFiles::close_some(const Stream* besides) {
  std::vector<std::shared_ptr<Stream>> open;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : streams_) {
      if (stream->open && stream.get() != besides) open.push_back(stream);
    }
  }
  if (open.size() < settings_.open_files) return;
  std::ranges::sort(open, {}, [](const auto& stream) { return stream->used.load(); });
  open.resize(open.size() + 1 - settings_.open_files);
  for (const auto& stream : open) {
    const std::unique_lock lock(stream->mutex, std::try_to_lock);
    if (!lock) continue;
    stream->file.close();
    stream->open = false;
  }
}

LogFiles::Reader LogFiles::reader(const domain::FunctionName& function, std::size_t tail) {
  auto from = stream(function);
  const std::lock_guard lock(from->mutex);
  const auto at = tail == 0 ? from->file.end() : from->file.tail(tail);
  return Reader(from, at);
}

LogFiles::Part LogFiles::Reader::read(std::chrono::milliseconds patience, std::stop_token stop) {
  auto& source = *stream_;
  std::unique_lock lock(source.mutex);
  source.news.wait_for(lock, stop, patience, [&] { return source.removed || source.file.end() > at_; });
  Part part{.lines = {}, .removed = source.removed};
  if (source.removed || source.file.end() <= at_) return part;
  at_ = std::max(at_, source.file.begin());
  part.lines = source.file.read(at_);
  at_ += part.lines.size();
  return part;
}

void LogFiles::remove(const domain::FunctionName& function) {
  const auto gone = stream(function);
  {
    const std::lock_guard lock(gone->mutex);
    gone->removed = true;
    gone->file.remove();
  }
  gone->news.notify_all();
  const std::lock_guard lock(mutex_);
  streams_.erase(function);
}

}  // namespace hearth::telemetry
