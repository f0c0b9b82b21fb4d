// A trigger's path and host, and a request's: what is understood reads itself the same, clashes with itself, and what
// it matches is made of the request.
#include "domain/routes.h"
#include "fuzz/fuzz.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace hearth {
namespace {

// Takes the first line off `text`.
std::string_view next_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

void reads_itself_the_same(const domain::RoutePattern& pattern, const domain::HttpTrigger& trigger) {
  std::string path;
  for (const auto& segment : pattern.segments) {
    using Kind = domain::Segment::Kind;
    path += '/';
    path += segment.kind == Kind::literal ? segment.text : "{" + segment.text;
    if (segment.kind != Kind::literal) path += segment.kind == Kind::rest ? "...}" : "}";
  }
  if (path.empty()) path = "/";
  if (path.size() > domain::kMaxPattern) return;  // what was no ASCII has grown
  std::vector<domain::Complaint> complaints;
  must(domain::parse_pattern({.path = path, .host = trigger.host}, complaints) == pattern && complaints.empty());
}

}  // namespace
}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  auto rest = fuzz::text(data, size);
  const domain::HttpTrigger trigger{.path = std::string(next_line(rest)), .host = std::string(next_line(rest))};
  const auto host = next_line(rest);
  const auto path = next_line(rest);
  std::vector<domain::Complaint> complaints;
  auto pattern = domain::parse_pattern(trigger, complaints);
  for (const auto& complaint : complaints) must(!complaint.field.empty() && !complaint.message.empty());
  if (!complaints.empty()) return 0;
  must(domain::clash(pattern, pattern));
  reads_itself_the_same(pattern, trigger);
  const domain::RouteTable table({{"f", trigger, pattern}});
  const auto match = table.match(host, "GET", path);
  if (match.rule == nullptr) return 0;
  must(path.starts_with('/'));
  match.each_parameter([&](std::string_view name, std::string_view value) {
    must(!name.empty() &&
         (value.empty() || (value.data() > path.data() && value.data() + value.size() <= path.data() + path.size())));
  });
  return 0;
}
