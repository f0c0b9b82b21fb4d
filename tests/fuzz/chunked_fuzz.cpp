// Chunked bodies: the same content however the bytes come, and what was passed decodes to it by plain means.
#include "fuzz/fuzz.h"
#include "http/chunked.h"

#include <optional>
#include <string>

namespace hearth {
namespace {

using http::Progress;

struct Outcome {
  Progress progress = Progress::more;
  std::size_t raw = 0;
  std::string content;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t step) {
  http::ChunkedReader reader;
  Outcome outcome;
  for (std::size_t end = 0; end < bytes.size() && outcome.progress == Progress::more;) {
    end = std::min(end + step, bytes.size());
    while (outcome.raw < end && outcome.progress == Progress::more) {
      const auto one = reader.read(bytes.substr(outcome.raw, end - outcome.raw));
      must(one.raw <= end - outcome.raw);
      must(one.raw > 0 || one.progress != Progress::more);
      outcome.progress = one.progress;
      outcome.raw += one.raw;
      outcome.content += one.content;
    }
  }
  must(reader.content_read() == outcome.content.size());
  must((outcome.progress == Progress::refused) == reader.refusal().has_value());
  return outcome;
}

// By the plainest reading of RFC 9112 §7.1: of a message that is whole.
std::string decode(std::string_view message) {
  std::string content;
  while (true) {
    const auto end = message.find("\r\n");
    must(end != message.npos);
    std::size_t size = std::stoull(std::string{message.substr(0, end)}, nullptr, 16);
    message.remove_prefix(end + 2);
    if (size == 0) return content;
    must(message.size() >= size + 2 && message.substr(size, 2) == "\r\n");
    content += message.substr(0, size);
    message.remove_prefix(size + 2);
  }
}

}  // namespace
}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = hearth::fuzz::text(data, size);
  hearth::fuzz::Choices choices{input};
  const auto step = choices.below(7) + 1;
  const auto at_once = hearth::read(input, input.size());
  hearth::must(hearth::read(input, step) == at_once);
  if (at_once.progress == hearth::http::Progress::done) {
    hearth::must(hearth::decode(input.substr(0, at_once.raw)) == at_once.content);
  }
  return 0;
}
