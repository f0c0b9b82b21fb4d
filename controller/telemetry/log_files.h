// The output of functions' containers: two files of bounded size a function, readable after it went cold, with any
// number of followers. A line is with the system before line() returns, so a kill of hearthd loses none; a full disk
// loses lines, never blocks, and says how many it lost once there is room again. Any thread.
#pragma once

#include "domain/function.h"
#include "ports/engine.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace hearth::telemetry {

class LogFiles final : public ports::LogSink {
 public:
  struct Settings {
    std::filesystem::path folder;
    std::uint64_t file_bytes = 5 << 20;  // of one of a function's two files
    std::size_t open_files = 64;         // kept open at most, of all functions together
  };
  struct Part {
    std::string lines;     // whole ones, each with its newline
    bool removed = false;  // with its function: nothing more will come
  };

 private:
  struct Stream;

 public:
  // One reader's place in one function's output. One thread at a time; may outlive the LogFiles.
  class Reader {
   public:
    // The lines that follow those it gave before. Where there are none yet, waits up to `patience`, and less when
    // `stop` is triggered. So slow that lines were dropped meanwhile, it goes on with the oldest that are kept.
    Part read(std::chrono::milliseconds patience, std::stop_token stop = {});

   private:
    friend class LogFiles;
    Reader(std::shared_ptr<Stream> stream, std::uint64_t at) : stream_(std::move(stream)), at_(at) {}

    std::shared_ptr<Stream> stream_;
    std::uint64_t at_;
  };

  // Makes the folder; throws domain::Error where that cannot be.
  explicit LogFiles(Settings settings);
  ~LogFiles() override;

  void line(const ports::LogLine& line) override;

  // Begins with the last `tail` lines.
  Reader reader(const domain::FunctionName& function, std::size_t tail);
  // Its files are gone afterwards, and its readers told.
  void remove(const domain::FunctionName& function);

 private:
  std::shared_ptr<Stream> stream(const domain::FunctionName& function);
  void close_some(const Stream* besides);

  Settings settings_;
  std::mutex mutex_;
  std::map<domain::FunctionName, std::shared_ptr<Stream>> streams_;
};

}  // namespace hearth::telemetry
