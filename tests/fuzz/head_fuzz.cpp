// Heads of requests and answers: judged alike however the bytes come, and what is passed on is read by the next reader
// as it was here.
#include "fuzz/fuzz.h"
#include "gateway/call_ids.h"
#include "gateway/forward.h"
#include "gateway/route.h"
#include "http/head.h"

#include <optional>
#include <string>

namespace hearth {
namespace {

using http::Framing;
using http::Progress;

struct Verdict {
  Progress progress = Progress::more;
  int status = 0;
  std::size_t size = 0;
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  bool operator==(const Verdict&) const = default;
};

template <class Reader, class Read>
Verdict judge(Reader& reader, std::string_view bytes, std::size_t step, Read read) {
  Verdict verdict;
  for (std::size_t end = std::min(step, bytes.size());; end = std::min(end + step, bytes.size())) {
    verdict.progress = read(reader, bytes.substr(0, end));
    if (verdict.progress != Progress::more || end == bytes.size()) break;
  }
  if (verdict.progress == Progress::refused) {
    must(reader.refusal() && !reader.refusal()->reason.empty());
    verdict.status = reader.refusal()->status;
    must(verdict.status >= 400 && verdict.status < 600);
  }
  if (verdict.progress == Progress::done) {
    must(reader.size() <= bytes.size());
    verdict.size = reader.size();
    verdict.framing = reader.head().framing;
    verdict.length = reader.head().length;
    for (const auto& field : reader.head().fields) {
      must(!field.name.empty());
      must(field.value.find_first_of(std::string_view{"\r\n\0", 3}) == field.value.npos);
    }
  }
  return verdict;
}

Progress read_request(http::RequestReader& reader, std::string_view bytes) { return reader.read(bytes); }

// The target as the function sees it, and framing and fields, survive the way through the gateway.
void pass_on(const http::RequestReader& reader) {
  const auto& head = reader.head();
  const auto route = gateway::route(head.target);
  if (!route) return;
  std::string out;
  gateway::CallIds::Text id;
  id.fill('a');
  gateway::compose_request(out, head,
                           {.route = *route, .id = id, .client = "192.0.2.1", .traceparent = "00", .left = {}});
  http::RequestReader next{{.bytes = 128 << 10, .target = 16 << 10, .fields = 200}};
  must(next.read(out) == Progress::done);
  must(next.size() == out.size());
  must(next.head().method == head.method);
  must(next.head().framing == head.framing && next.head().length == head.length);
  must(next.head().target == (route->rest.starts_with('/') ? "" : "/") + std::string{route->rest});
}

void try_request(std::string_view bytes, std::size_t step) {
  http::RequestReader whole;
  const auto at_once = judge(whole, bytes, bytes.size(), read_request);
  http::RequestReader cut;
  must(judge(cut, bytes, step, read_request) == at_once);
  if (at_once.progress != Progress::done) return;
  const auto& head = whole.head();
  must(!head.method.empty() && !head.target.empty());
  must(head.target.find_first_of(" \r\n") == head.target.npos);
  must(head.framing != Framing::until_close);
  pass_on(whole);
}

void try_answer(std::string_view bytes, std::size_t step, bool to_head) {
  const auto read = [to_head](http::ResponseReader& reader, std::string_view come) {
    return reader.read(come, to_head);
  };
  http::ResponseReader whole;
  const auto at_once = judge(whole, bytes, bytes.size(), read);
  http::ResponseReader cut;
  must(judge(cut, bytes, step, read) == at_once);
  if (at_once.progress != Progress::done) return;
  must(whole.head().status >= 100 && whole.head().status <= 999);
  std::string out;
  gateway::compose_answer(out, whole.head(), gateway::AnswerFraming::as_it_is);
  out += "\r\n";
  http::ResponseReader next{{.bytes = 128 << 10, .target = 16 << 10, .fields = 200}};
  must(next.read(out, to_head) == Progress::done);
  must(next.head().status == whole.head().status);
}

}  // namespace
}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = hearth::fuzz::text(data, size);
  hearth::fuzz::Choices choices{input};
  const auto kind = choices.below(3);
  const auto step = choices.below(7) + 1;
  if (kind == 0) {
    hearth::try_request(input, step);
  } else {
    hearth::try_answer(input, step, kind == 2);
  }
  return 0;
}
