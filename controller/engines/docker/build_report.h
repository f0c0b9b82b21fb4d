// What a build or a pull says as it goes: handed on as it comes, its end kept for the error. Pure but for the output
// it is given.
#pragma once

#include "domain/error.h"
#include "ports/builder.h"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::docker {

// The last lines of a text that comes in pieces, at most 30 and each at most 500 characters.
class LastLines {
 public:
  void feed(std::string_view text);
  void clear();
  std::string text() const;

 private:
  std::deque<std::string> lines_;
  std::string partial_;
};

class BuildReport {
 public:
  explicit BuildReport(const ports::BuildOutput& output) : output_(output) {}

  // Of the engine's stream of JSON objects, one a line, cut anywhere.
  void feed(std::string_view piece);
  void end();  // of the stream: a last line may lack its newline

  const std::string& image() const noexcept { return image_; }
  const std::string& error() const noexcept { return error_; }
  bool failed() const noexcept { return !error_.empty(); }
  // The user's fault, with the step and its last lines; or the engine's, where the disk is full.
  domain::Fault fault() const;

 private:
  void take(std::string_view line);

  const ports::BuildOutput& output_;
  std::string partial_;
  std::string step_;  // "Step 3/5 : RUN make"
  LastLines last_;    // of that step
  std::string image_;
  std::string error_;
};

}  // namespace hearth::docker
