// Whatever an engine answers, hearthd goes on: nothing but domain::Error may come out.
#include "domain/error.h"
#include "engines/docker/api.h"
#include "engines/docker/build_codec.h"
#include "engines/docker/codec.h"
#include "engines/docker/log_frames.h"
#include "fuzz/fuzz.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hearth::docker {
namespace {

void read_frames(std::string_view bytes, std::size_t step) {
  const auto follow = [&](std::size_t piece) {
    std::string seen;
    LogFrames frames{[&](const OutputLine& line) {
      must(line.text.size() <= kLongestLine + kCutMark.size());
      must(line.text.find('\n') == line.text.npos);
      seen.append(line.text).append(line.error_stream ? "\n2" : "\n1");
    }};
    for (std::size_t at = 0; at < bytes.size(); at += piece) frames.feed(bytes.substr(at, piece));
    frames.end();
    return seen;
  };
  must(follow(step) == follow(std::max<std::size_t>(bytes.size(), 1)));
}

void demultiplex(std::string_view bytes, std::size_t step) {
  Demultiplexer whole;
  Demultiplexer cut;
  const auto payload = whole.feed(bytes);
  std::string pieces;
  for (std::size_t at = 0; at < bytes.size(); at += step) pieces += cut.feed(bytes.substr(at, step));
  must(pieces == payload);
}

void read_answer(std::size_t kind, std::string_view bytes) {
  const auto value = nlohmann::json::parse(bytes, nullptr, false);
  switch (kind) {
    case 0: read_container(value); break;
    case 1: read_list(value); break;
    case 2: read_volumes(value); break;
    case 3: read_about(value); break;
    case 4: read_event(bytes); break;
    case 5: read_progress(bytes); break;
    case 6: read_image(bytes); break;
    case 7: read_names(bytes); break;
    case 8: read_created(bytes); break;
    case 9: read_exit(bytes); break;
    case 10: must(!refusal("try", 500, bytes).message.empty()); break;
    default:
      if (const auto record = read_record(bytes)) must(read_record(write_record(*record)) == record);
  }
}

}  // namespace
}  // namespace hearth::docker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = hearth::fuzz::text(data, size);
  hearth::fuzz::Choices choices{input};
  const auto kind = choices.below(14);
  const auto step = choices.below(9) + 1;
  if (kind == 12) {
    hearth::docker::read_frames(input, step);
  } else if (kind == 13) {
    hearth::docker::demultiplex(input, step);
  } else {
    try {
      hearth::docker::read_answer(kind, input);
    } catch (const hearth::domain::Error&) {
    }
  }
  return 0;
}
