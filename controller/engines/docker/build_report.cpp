#include "engines/docker/build_report.h"

#include "engines/docker/api.h"
#include "engines/docker/build_codec.h"

namespace hearth::docker {

using domain::Code;
using domain::Layer;

void LastLines::feed(std::string_view text) {
  constexpr std::size_t kLines = 30;
  constexpr std::size_t kLength = 500;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (partial_.size() < kLength) partial_.append(text.substr(0, std::min(end, kLength)));
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
    if (partial_.ends_with('\r')) partial_.pop_back();
    if (!partial_.empty()) lines_.push_back(std::move(partial_));
    partial_.clear();
    if (lines_.size() > kLines) lines_.pop_front();
  }
}

void LastLines::clear() {
  lines_.clear();
  partial_.clear();
}

std::string LastLines::text() const {
  std::string all;
  for (const auto& line : lines_) all += line + "\n";
  return all + partial_;
}

void BuildReport::feed(std::string_view piece) {
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    partial_.append(piece.substr(0, end));
    if (end == piece.npos) return;
    piece.remove_prefix(end + 1);
    take(partial_);
    partial_.clear();
  }
}

void BuildReport::end() {
  if (!partial_.empty()) take(partial_);
  partial_.clear();
}

void BuildReport::take(std::string_view line) {
  const Progress progress = read_progress(line);
  if (progress.text.starts_with("Step ") && progress.text.find(" : ") != std::string::npos) {
    step_ = progress.text.substr(0, progress.text.find('\n'));
    last_.clear();
  } else {
    last_.feed(progress.text);
  }
  if (!progress.image.empty()) image_ = progress.image;
  if (!progress.error.empty()) error_ = progress.error;
  const std::string shown = progress.text + (progress.error.empty() ? "" : progress.error + "\n");
  if (output_ && !shown.empty()) output_(shown);
}

domain::Fault BuildReport::fault() const {
  domain::Fault fault = refusal("build", 500, error_);
  if (fault.hint.empty()) {
    fault = {.code = Code::invalid, .layer = Layer::client, .message = {}};
    fault.message = step_.empty() ? "the build failed: " + error_ : step_ + " failed: " + error_;
    const bool base_is_missing = step_.find(" : FROM ") != std::string::npos;
    fault.hint = base_is_missing ? "check the image's name; where no registry answers, `docker load` it, or start from "
                                   "debian:bookworm-slim, which `./dev base` makes"
                                 : "mend that step and deploy again";
  }
  fault.detail = last_.text();
  return fault;
}

}  // namespace hearth::docker
