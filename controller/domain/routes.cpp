#include "domain/routes.h"

#include <algorithm>
#include <tuple>

namespace hearth::domain {
namespace {

constexpr std::size_t kLongestHost = 253;

// A host in the form that it is compared in, on the stack: lower case, without port and final dot.
class HostText {
 public:
  explicit HostText(std::string_view host) noexcept {
    if (!host.ends_with(']')) host = host.substr(0, host.rfind(':'));
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.size() > bytes_.size()) return;  // longer than any that a trigger may name
    std::ranges::transform(host, bytes_.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    size_ = host.size();
  }
  std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, kLongestHost> bytes_;
  std::size_t size_ = 0;
};

// A path's segment likewise; empty where it is longer than any pattern's.
class SegmentText {
 public:
  explicit SegmentText(std::string_view segment) noexcept : view_(segment) {
    if (segment.find('%') == segment.npos) return;
    const auto size = canonical_segment(segment, bytes_.data(), bytes_.size());
    view_ = size > bytes_.size() ? std::string_view{} : std::string_view{bytes_.data(), size};
  }
  std::string_view view() const noexcept { return view_; }

 private:
  std::array<char, 3 * kMaxPattern> bytes_;
  std::string_view view_;
};

// The first segment of what begins with a slash.
std::string_view first_of(std::string_view path) noexcept { return path.substr(1, path.find('/', 1) - 1); }

// Ours, or with dot segments, whose meaning depends on who reads them.
bool is_nobodys(std::string_view path) noexcept {
  if (!path.starts_with('/')) return true;
  if (is_reserved(SegmentText(first_of(path)).view())) return true;
  while (!path.empty()) {
    const auto segment = first_of(path);
    path.remove_prefix(1 + segment.size());
    if (segment.empty() || segment.size() > 6 || (segment[0] != '.' && segment[0] != '%')) continue;
    const SegmentText text(segment);
    if (text.view() == "." || text.view() == "..") return true;
  }
  return false;
}

}  // namespace

RouteTable::RouteTable(std::vector<RouteRule> rules) : rules_(std::move(rules)) {
  const auto order = [](const RouteRule& a, const RouteRule& b) {
    return std::tie(a.function, a.trigger.host, a.trigger.path, a.trigger.methods) <
           std::tie(b.function, b.trigger.host, b.trigger.path, b.trigger.methods);
  };
  std::ranges::sort(rules_, order);
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    auto& leaf = leaf_of(rules_[i].pattern);
    const auto named = [this](std::uint32_t rule) { return rules_[rule].pattern.methods != kAllMethods; };
    const bool names = named(i);
    leaf.insert(names ? std::ranges::partition_point(leaf, named) : leaf.end(), i);
  }
}

std::uint32_t RouteTable::root_of(const RoutePattern& pattern) {
  if (pattern.host_kind == HostKind::any) return 0;
  const bool exact = pattern.host_kind == HostKind::exact;
  auto& hosts = exact ? exact_ : wildcards_;
  const auto before = [exact](const Host& host, const std::string& name) {
    if (!exact && host.name.size() != name.size()) return host.name.size() > name.size();
    return host.name < name;
  };
  const auto at = std::lower_bound(hosts.begin(), hosts.end(), pattern.host, before);
  if (at != hosts.end() && at->name == pattern.host) return at->root;
  const auto root = static_cast<std::uint32_t>(nodes_.size());
  hosts.insert(at, {pattern.host, root});
  nodes_.emplace_back();
  return root;
}

RouteTable::Leaf& RouteTable::leaf_of(const RoutePattern& pattern) {
  auto at = root_of(pattern);
  for (const auto& segment : pattern.segments) {
    const auto fresh = static_cast<std::uint32_t>(nodes_.size());
    auto& node = nodes_[at];
    if (segment.kind == Segment::Kind::rest) return node.rest;
    if (segment.kind == Segment::Kind::parameter) {
      if (node.parameter == 0) node.parameter = fresh;
      at = node.parameter;
    } else {
      using Child = std::pair<std::string, std::uint32_t>;
      const auto child = std::ranges::lower_bound(node.literals, segment.text, {}, &Child::first);
      const bool known = child != node.literals.end() && child->first == segment.text;
      at = known ? child->second : node.literals.insert(child, {segment.text, fresh})->second;
    }
    if (at == fresh) nodes_.emplace_back();
  }
  return nodes_[at].end;
}

// Goes down the trie, the most specific way first, and comes back from where no rule takes the method. Each node is
// looked at once at most.
class RouteTable::Search {
 public:
  Search(const RouteTable& table, std::string_view method, std::string_view path) noexcept
      : table_(table), method_(method_bit(method)), whole_(path) {
    without_slash_ = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
  }

  bool from(std::uint32_t root) noexcept { return visit(root, 0, 0); }
  const RouteMatch& found() const noexcept { return match_; }

 private:
  bool visit(std::uint32_t at, std::size_t used, std::size_t parameters) noexcept {
    const auto& node = table_.nodes_[at];
    const auto left = without_slash_.substr(used);
    if (left.empty()) {
      if (takes(node.end)) return true;
    } else {
      const auto segment = first_of(left);
      const auto next = used + 1 + segment.size();
      const auto literal = node.literals.empty() ? 0 : literal_child(node, segment);
      if (literal != 0 && visit(literal, next, parameters)) return true;
      if (node.parameter != 0 && !segment.empty()) {
        match_.values[parameters] = segment;
        if (visit(node.parameter, next, parameters + 1)) return true;
      }
    }
    if (!takes(node.rest)) return false;
    match_.values[parameters] = used < whole_.size() ? whole_.substr(used + 1) : std::string_view{};
    return true;
  }

  static std::uint32_t literal_child(const Node& node, std::string_view segment) noexcept {
    const SegmentText text(segment);
    using Child = std::pair<std::string, std::uint32_t>;
    const auto child = std::ranges::lower_bound(node.literals, text.view(), {},
                                                [](const Child& one) { return std::string_view{one.first}; });
    return child != node.literals.end() && child->first == text.view() ? child->second : 0;
  }

  bool takes(const Leaf& leaf) noexcept {
    const RouteRule* by_get = nullptr;
    for (const auto index : leaf) {
      const auto& rule = table_.rules_[index];
      const auto methods = rule.pattern.methods;
      if ((methods & method_) != 0) return take(rule);
      if (method_ == kHead && (methods & kGet) != 0 && by_get == nullptr) by_get = &rule;
      if (methods == kAllMethods) return take(by_get != nullptr ? *by_get : rule);
      match_.allowed |= methods;
    }
    return by_get != nullptr && take(*by_get);
  }
  bool take(const RouteRule& rule) noexcept {
    match_.rule = &rule;
    return true;
  }

  const RouteTable& table_;
  MethodSet method_;
  std::string_view whole_;
  std::string_view without_slash_;
  RouteMatch match_;
};

RouteMatch RouteTable::match(std::string_view host, std::string_view method, std::string_view path) const noexcept {
  if (rules_.empty() || is_nobodys(path)) return {};
  Search search(*this, method, path);
  const HostText text(host);
  const auto name = text.view();
  const auto exact =
      std::ranges::lower_bound(exact_, name, {}, [](const Host& one) { return std::string_view{one.name}; });
  if (exact != exact_.end() && exact->name == name && search.from(exact->root)) return search.found();
  for (const auto& wildcard : wildcards_) {
    const bool under = name.size() > wildcard.name.size() && name.ends_with(wildcard.name);
    if (under && search.from(wildcard.root)) return search.found();
  }
  search.from(0);
  return search.found();
}

}  // namespace hearth::domain
