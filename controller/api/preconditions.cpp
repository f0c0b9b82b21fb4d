#include "api/preconditions.h"

#include "domain/error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <functional>

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

struct Tag {
  bool weak = false;
  std::string_view text;  // without its quotes
};

bool may_stand_in_tag(char c) { return c == '!' || (c >= '#' && c <= '~') || static_cast<unsigned char>(c) >= 0x80; }

std::vector<Tag> read_tags(std::string_view header, std::string_view list) {
  std::vector<Tag> tags;
  for (list = trimmed(list); !list.empty(); list = trimmed(list)) {
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    const auto close = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
    if (close == std::string_view::npos) refuse(header);
    tags.push_back({.weak = weak, .text = list.substr(1, close - 1)});
    if (!std::ranges::all_of(tags.back().text, may_stand_in_tag)) refuse(header);
    list = trimmed(list.substr(close + 1));
    if (list.empty()) break;
    if (!list.starts_with(',')) refuse(header);
    list.remove_prefix(1);
  }
  if (tags.empty()) refuse(header);
  return tags;
}

// What a tag says of the version. A weak one, and one that is none of ours, never matches: it is of version 0.
std::uint64_t version_of(const Tag& tag) {
  std::uint64_t version = 0;
  const auto* last = tag.text.data() + tag.text.size();
  const auto [end, error] = std::from_chars(tag.text.data(), last, version);
  const bool ours = error == std::errc{} && (end == last || *end == '-') && !tag.weak;
  return ours ? version : 0;
}

std::string look_of(std::string_view text) {
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016zx", std::hash<std::string_view>{}(text));
  return hex.data();
}

std::string_view value_of(const Response& response, std::string_view name) {
  const auto found = std::ranges::find(response.headers, name, &std::pair<std::string, std::string>::first);
  return found == response.headers.end() ? std::string_view{} : std::string_view{found->second};
}

// Compared weakly (RFC 9110 §8.8.3.2).
bool is_known(const Request& request, std::string_view etag) {
  const auto none_match = trimmed(request.header("if-none-match"));
  if (none_match.empty() || none_match == "*") return none_match == "*";
  const auto tags = read_tags("If-None-Match", none_match);
  return std::ranges::find(tags, etag.substr(1, etag.size() - 2), &Tag::text) != tags.end();
}

}  // namespace

std::string etag(std::uint64_t version, std::string_view text) {
  return '"' + std::to_string(version) + '-' + look_of(text) + '"';
}

std::optional<std::uint64_t> Precondition::expected(std::uint64_t current, std::string_view what) const {
  if (must_be_new) return 0;
  if (!must_exist) return std::nullopt;
  const bool matches = current != 0 && (versions.empty() || std::ranges::find(versions, current) != versions.end());
  if (matches) return current;
  const auto now = current == 0 ? std::string(" does not exist") : " is at version " + std::to_string(current);
  const auto wanted = versions.empty() ? std::string{} : ", not " + std::to_string(versions.front());
  throw Error(Code::stale, Layer::client, std::string(what) + now + wanted, "read it again and decide");
}

Precondition read_precondition(const Request& request) {
  const auto match = trimmed(request.header("if-match"));
  const auto none_match = trimmed(request.header("if-none-match"));
  if (!match.empty() && !none_match.empty()) {
    throw Error(Code::unprocessable, Layer::client, "If-Match and If-None-Match exclude each other");
  }
  if (!none_match.empty() && none_match != "*") {
    throw Error(Code::invalid, Layer::client, "If-None-Match of a change can only be *",
                "use If-Match with the ETag to change what is there");
  }
  Precondition precondition{.must_be_new = !none_match.empty(), .must_exist = !match.empty(), .versions = {}};
  if (!precondition.must_exist || match == "*") return precondition;
  for (const auto& tag : read_tags("If-Match", match)) precondition.versions.push_back(version_of(tag));
  return precondition;
}

Response unless_known(const Request& request, Response response) {
  if (response.status != 200 || value_of(response, "Content-Type") != "application/json") return response;
  if (value_of(response, "ETag").empty()) response.headers.emplace_back("ETag", '"' + look_of(response.body) + '"');
  const std::string tag(value_of(response, "ETag"));
  if (!is_known(request, tag)) return response;
  return {.status = 304, .headers = {{"ETag", tag}}};
}

}  // namespace hearth::api
