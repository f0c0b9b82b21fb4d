#include "api/preconditions.h"

#include "domain/error.h"

#include <algorithm>
#include <charconv>

namespace hearth::api {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

[[noreturn]] void refuse(std::string_view header) {
  throw Error(Code::invalid, Layer::client, std::string(header) + " is no list of entity tags",
              "send the ETag as it was received, with its quotes");
}

// The numbers in a list of entity tags. A weak tag, and one that is none of ours, never matches: it stands as 0.
std::vector<std::uint64_t> read_tags(std::string_view header, std::string_view list) {
  std::vector<std::uint64_t> versions;
  for (list = trimmed(list); !list.empty(); list = trimmed(list)) {
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    const auto close = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
    if (close == std::string_view::npos) refuse(header);
    const auto tag = list.substr(1, close - 1);
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
    const bool ours = error == std::errc{} && end == tag.data() + tag.size() && !weak;
    versions.push_back(ours ? version : 0);
    list = trimmed(list.substr(close + 1));
    if (list.empty()) break;
    if (!list.starts_with(',')) refuse(header);
    list.remove_prefix(1);
  }
  if (versions.empty()) refuse(header);
  return versions;
}

}  // namespace

std::string etag(std::uint64_t version) { return '"' + std::to_string(version) + '"'; }

std::optional<std::uint64_t> Precondition::expected(std::uint64_t current, std::string_view what) const {
  if (must_be_new) return 0;
  if (!must_exist) return std::nullopt;
  const bool matches = current != 0 && (versions.empty() || std::ranges::find(versions, current) != versions.end());
  if (matches) return current;
  const auto now = current == 0 ? std::string(" does not exist") : " is at version " + std::to_string(current);
  const auto wanted = versions.empty() ? std::string{} : ", not " + std::to_string(versions.front());
  throw Error(Code::conflict, Layer::client, std::string(what) + now + wanted, "read it again and decide");
}

Precondition read_precondition(const Request& request) {
  const auto match = trimmed(request.header("if-match"));
  const auto none_match = trimmed(request.header("if-none-match"));
  if (!match.empty() && !none_match.empty()) {
    throw Error(Code::invalid, Layer::client, "If-Match and If-None-Match exclude each other");
  }
  if (!none_match.empty() && none_match != "*") {
    throw Error(Code::invalid, Layer::client, "If-None-Match of a change can only be *",
                "use If-Match with the ETag to change what is there");
  }
  Precondition precondition{.must_be_new = !none_match.empty(), .must_exist = !match.empty(), .versions = {}};
  if (precondition.must_exist && match != "*") precondition.versions = read_tags("If-Match", match);
  return precondition;
}

bool is_known(const Request& request, std::uint64_t version) {
  const auto none_match = trimmed(request.header("if-none-match"));
  if (none_match.empty()) return false;
  if (none_match == "*") return true;
  const auto tags = read_tags("If-None-Match", none_match);
  return std::ranges::find(tags, version) != tags.end();
}

}  // namespace hearth::api
