#include "domain/route_pattern.h"

#include <algorithm>

namespace hearth::domain {
namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_unreserved(char c) noexcept {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
// What may stand in a path's segment as it is (RFC 3986 §3.3).
bool is_plain(char c) noexcept {
  return is_unreserved(c) || std::string_view{"!$&'()*+,;=:@"}.find(c) != std::string_view::npos;
}

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that "%XX" at `at` stands for, or -1.
int escaped_at(std::string_view text, std::size_t at) noexcept {
  if (text[at] != '%' || text.size() - at < 3) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), lower);
  return text;
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

// Goes through a pattern from left to right and says where it stumbled.
class PathParser {
 public:
  PathParser(std::string_view path, std::vector<Complaint>& complaints) : path_(path), complaints_(complaints) {}

  std::vector<Segment> parse() {
    if (!path_.starts_with('/')) return stop(0, "must begin with /, like /api/users/{id}");
    if (path_.size() > kMaxPattern) return stop(kMaxPattern, "is longer than 1024 bytes");
    auto left = path_.substr(1);
    while (!left.empty()) {
      const auto text = left.substr(0, left.find('/'));
      const bool last = left.size() - text.size() <= 1;  // one slash at the end says nothing
      if (!segment(path_.size() - left.size(), text, last)) return {};
      left.remove_prefix(std::min(text.size() + 1, left.size()));
    }
    return std::move(segments_);
  }

 private:
  std::vector<Segment> stop(std::size_t at, const std::string& why) {
    complaints_.push_back({"path", "column " + std::to_string(at + 1) + ": " + why});
    return {};
  }
  bool refuse(std::size_t at, const std::string& why) {
    stop(at, why);
    return false;
  }

  bool segment(std::size_t at, std::string_view text, bool last) {
    if (text.empty()) return refuse(at, "a segment without anything in it");
    if (segments_.size() == kMaxSegments) return refuse(at, "more than 32 segments");
    if (text.front() == '{') return parameter(at, text, last);
    std::string canonical;
    if (!literal(at, text, canonical)) return false;
    if (canonical == "." || canonical == "..") return refuse(at, in_quotes(text) + " names no segment of its own");
    if (segments_.empty() && is_reserved(canonical)) {
      return refuse(at, "/" + canonical + " is Hearth's own; choose another first segment");
    }
    segments_.push_back({Segment::Kind::literal, std::move(canonical)});
    return true;
  }

  bool literal(std::size_t at, std::string_view text, std::string& into) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const auto byte = static_cast<unsigned char>(c);
      if (c == '{' || c == '}') return refuse(at + i, "a parameter is a whole segment, like /{id}/");
      if (c == '%') {
        if (escaped_at(text, i) < 0) return refuse(at + i, "% must be followed by two hexadecimal digits");
        into.append(text.substr(i, 3));
        i += 2;
      } else if (byte >= 0x80) {
        into.append({'%', kHex[byte >> 4], kHex[byte & 15]});
      } else if (is_plain(c)) {
        into += c;
      } else {
        return refuse(at + i, wrong_character(c));
      }
    }
    std::array<char, 3 * kMaxPattern> canonical;
    into.assign(canonical.data(), canonical_segment(into, canonical.data(), canonical.size()));
    return true;
  }

  static std::string wrong_character(char c) {
    if (c == '?') return "a path ends before the query; queries are not matched";
    if (c == ' ') return "a space must be written %20";
    return std::string("the character ") + (c > ' ' && c < 0x7f ? in_quotes({&c, 1}) : "here") +
           " must be percent-encoded";
  }

  bool parameter(std::size_t at, std::string_view text, bool last) {
    if (text.find('}') != text.size() - 1) {
      return refuse(at, text.find('}') == text.npos ? "{ without }" : "a parameter is a whole segment, like /{id}/");
    }
    auto name = text.substr(1, text.size() - 2);
    const bool rest = name.ends_with("...");
    if (rest) name.remove_suffix(3);
    const bool named = !name.empty() && name.size() <= 32 && is_letter(name.front()) &&
                       std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
    if (!named) {
      return refuse(at + 1, "a parameter's name is letters, digits and _, begins with a letter, and has at most 32");
    }
    if (rest && !last) return refuse(at, "{" + std::string(name) + "...} takes all that follows, so it must be last");
    const auto folded = lowered(std::string(name));
    if (std::ranges::find(names_, folded) != names_.end()) {
      return refuse(at + 1, in_quotes(name) + " stands twice; names are the same in any case");
    }
    if (names_.size() == kMaxParameters) return refuse(at, "more than 16 parameters");
    names_.push_back(folded);
    segments_.push_back({rest ? Segment::Kind::rest : Segment::Kind::parameter, std::string(name)});
    return true;
  }

  std::string_view path_;
  std::vector<Complaint>& complaints_;
  std::vector<Segment> segments_;
  std::vector<std::string> names_;
};

bool is_host_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 253) return false;
  while (true) {
    const auto label = name.substr(0, name.find('.'));
    const bool fine =
        !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
        std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
    if (!fine || label.size() == name.size()) return fine;
    name.remove_prefix(label.size() + 1);
  }
}

void parse_host(std::string_view host, RoutePattern& pattern, std::vector<Complaint>& complaints) {
  if (host.empty()) return;
  const bool wildcard = host.starts_with("*.");
  const auto name = wildcard ? host.substr(2) : host;
  if (is_host_name(name)) {
    pattern.host_kind = wildcard ? HostKind::wildcard : HostKind::exact;
    pattern.host = lowered(std::string(wildcard ? host.substr(1) : host));
    return;
  }
  const bool foreign = std::ranges::any_of(host, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const bool ported = host.find(':') != host.npos;
  complaints.push_back(
      {"host", in_quotes(host) + (foreign  ? " must be written in its xn-- form"
                                  : ported ? " must have no scheme and no port"
                                           : " is no host; write it like example.org or *.example.org")});
}

MethodSet parse_methods(const std::vector<std::string>& names, const std::string& field,
                        std::vector<Complaint>& complaints) {
  MethodSet methods = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto bit = method_bit(names[i]);
    methods |= bit;
    if (bit != 0) continue;
    complaints.push_back({field + "[" + std::to_string(i) + "]",
                          in_quotes(names[i]) + " is not one of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS"});
  }
  return methods;
}

bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_letter(c) || is_digit(c) || kMarks.find(c) != kMarks.npos;
  });
}

// An origin as browsers send it (RFC 6454 §6.2): scheme, host, port where it is not the scheme's own.
bool is_origin(std::string_view text) noexcept {
  const auto colon = text.find("://");
  if (text == "*" || text == "null") return true;
  if (colon == text.npos || colon == 0) return false;
  const auto host = text.substr(colon + 3);
  const auto plain = [](char c) {
    return c > ' ' && c < 0x7f && c != '/' && c != '?' && c != '#' && c != '*' && c != ',';
  };
  const auto scheme = text.substr(0, colon);
  const auto of_scheme = [](char c) { return is_digit(c) || is_lower(c) || c == '+' || c == '-' || c == '.'; };
  return !host.empty() && is_lower(scheme.front()) && std::ranges::all_of(scheme, of_scheme) &&
         std::ranges::all_of(host, plain) && std::ranges::all_of(host, [](char c) { return lower(c) == c; });
}

void check_cors(const Cors& cors, std::vector<Complaint>& complaints) {
  if (cors.origins.empty()) complaints.push_back({"cors.origins", "must name at least one origin, or \"*\""});
  for (std::size_t i = 0; i < cors.origins.size(); ++i) {
    if (is_origin(cors.origins[i])) continue;
    complaints.push_back({"cors.origins[" + std::to_string(i) + "]",
                          in_quotes(cors.origins[i]) + " is no origin; write it like https://example.org, or \"*\""});
  }
  if (cors.credentials && std::ranges::find(cors.origins, "*") != cors.origins.end()) {
    complaints.push_back(
        {"cors.credentials", "excludes the origin \"*\": every page could act as the user; name the origins"});
  }
  parse_methods(cors.methods, "cors.methods", complaints);
  const std::pair<const char*, const std::vector<std::string>&> lists[] = {{"cors.headers", cors.headers},
                                                                           {"cors.expose", cors.expose}};
  for (const auto& [field, names] : lists) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (is_token(names[i])) continue;
      complaints.push_back({field + ("[" + std::to_string(i) + "]"), in_quotes(names[i]) + " is no header's name"});
    }
  }
  if (cors.max_age < std::chrono::milliseconds{0} || cors.max_age > std::chrono::hours{24}) {
    complaints.push_back({"cors.max_age", "must be from 0s to 24h"});
  }
}

}  // namespace

MethodSet method_bit(std::string_view method) noexcept {
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i] == method) return static_cast<MethodSet>(1u << i);
  }
  return 0;
}

std::string method_names(MethodSet methods) {
  if ((methods & kGet) != 0) methods |= kHead;
  std::string names;
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if ((methods & (1u << i)) == 0) continue;
    names.append(names.empty() ? "" : ", ").append(kMethods[i]);
  }
  return names;
}

RoutePattern parse_pattern(const HttpTrigger& trigger, std::vector<Complaint>& complaints) {
  RoutePattern pattern;
  if (trigger.path.empty()) {
    complaints.push_back({"path", "is missing; write it like /api/users/{id}"});
  } else {
    pattern.segments = PathParser(trigger.path, complaints).parse();
  }
  parse_host(trigger.host, pattern, complaints);
  pattern.methods = parse_methods(trigger.methods, "methods", complaints);
  if (trigger.cors) check_cors(*trigger.cors, complaints);
  return pattern;
}

bool clash(const RoutePattern& one, const RoutePattern& other) noexcept {
  const auto same = [](const Segment& a, const Segment& b) {
    return a.kind == b.kind && (a.kind != Segment::Kind::literal || a.text == b.text);
  };
  if (one.host_kind != other.host_kind || one.host != other.host) return false;
  if (!std::ranges::equal(one.segments, other.segments, same)) return false;
  return one.methods == other.methods || (one.methods & other.methods) != 0;
}

std::string to_string(const HttpTrigger& trigger) {
  std::string text;
  for (const auto& method : trigger.methods) text.append(text.empty() ? "" : ", ").append(method);
  return text.append(text.empty() ? "" : " ").append(trigger.host).append(trigger.path);
}

std::size_t canonical_segment(std::string_view segment, char* into, std::size_t size) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const int byte = escaped_at(segment, i);
    const bool kept = byte >= 0 && !is_unreserved(static_cast<char>(byte));
    if (count + (kept ? 3 : 1) > size) return size + 1;
    if (byte < 0) {
      into[count++] = segment[i];
      continue;
    }
    constexpr std::string_view kHex = "0123456789ABCDEF";
    if (kept) into[count++] = '%', into[count++] = kHex[static_cast<unsigned>(byte) >> 4];
    into[count++] = kept ? kHex[static_cast<unsigned>(byte) & 15] : static_cast<char>(byte);
    i += 2;
  }
  return count;
}

bool is_reserved(std::string_view canonical) noexcept {
  return canonical == "fn" || canonical == "hooks" || canonical == "async" || canonical == "events";
}

}  // namespace hearth::domain
