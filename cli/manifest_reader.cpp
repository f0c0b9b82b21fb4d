#include "cli/manifest_reader.h"

#include "cli/suggestion.h"
#include "cli/utf8.h"
#include "cli/yaml_text.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace hearth::cli {
namespace {

constexpr std::string_view kSourceRule = "exactly one of runtime, image and build says where the code comes from";

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // Clang 16 does not deduce it by itself

std::string joined(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string kind_of(const YAML::Node& node) {
  if (node.IsSequence()) return "a list";
  if (node.IsMap()) return "a map";
  return node.IsNull() ? "nothing" : "a single value";
}

bool is_plain_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

const Key* find_key(std::string_view section, std::string_view name) {
  const auto keys = manifest_keys();
  const auto found =
      std::ranges::find_if(keys, [&](const Key& key) { return key.section == section && key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

// Keys that a user may write there; those of later versions are not offered.
std::vector<std::string> names_in(std::string_view section) {
  std::vector<std::string> names;
  for (const auto& key : manifest_keys()) {
    if (key.section == section && !std::holds_alternative<Later>(key.kind)) names.emplace_back(key.name);
  }
  return names;
}

// A key of this name that stands elsewhere; empty where there is none.
std::string elsewhere(std::string_view section, std::string_view name) {
  for (const auto& key : manifest_keys()) {
    if (key.section != section && key.name == name && !std::holds_alternative<Later>(key.kind)) {
      return joined(key.section, key.name);
    }
  }
  return {};
}

// What a scalar of this kind must look like, said of `text`, which does not.
std::string misread(const char* what, std::string_view text, std::string_view unit, std::string_view example) {
  if (!unit.empty() && is_plain_number(text)) {
    return std::string(text) + " has no unit; write " + std::string(text) + std::string(unit);
  }
  return in_quotes(text) + " is no " + what + "; write it like " + std::string(example);
}

YAML::Mark mark_at(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, at);
  YAML::Mark mark;
  mark.line = static_cast<int>(std::ranges::count(before, '\n'));
  mark.column = static_cast<int>(before.size() - (before.rfind('\n') + 1));
  return mark;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < ' ' && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

}  // namespace

Manifest ManifestReader::read(std::string_view text) {
  if (const auto bad = find_bad_utf8(text)) {
    complain(mark_at(text, *bad), "this byte is no UTF-8");
    return manifest_;
  }
  if (const auto* bad = std::ranges::find_if(text, is_control); bad != text.end()) {
    complain(mark_at(text, static_cast<std::size_t>(bad - text.begin())), "a control character; YAML takes none");
    return manifest_;
  }
  YamlText yaml;
  try {
    yaml = read_yaml(std::string(text));
  } catch (const YAML::Exception& error) {
    complain(error.mark, error.msg);
    return manifest_;
  }
  if (yaml.garbled) complain(*yaml.garbled, "the escapes \\N and \\_ are not read; write the character itself");
  if (yaml.second) complain(*yaml.second, "a second document; fn.yaml holds one");
  const YAML::Node& root = yaml.root;
  if (!root.IsMap()) {
    complain(root.Mark(), root.IsNull() ? "is empty; write at least name: and runtime:"
                                        : "must be a map of keys such as name: and runtime:, not " + kind_of(root));
    return manifest_;
  }
  read_map(root, "", "");
  check_source();
  check_spec();
  if (!places_.contains("scale.keep_alive")) {
    manifest_.spec.scale.keep_alive = domain::unsaid_keep_alive(places_.contains("scale.idle_timeout"));
  }
  const bool says_concurrency = places_.contains("limits.concurrency");
  if (!manifest_.spec.runtime.empty() && !says_concurrency) manifest_.spec.limits.concurrency = kOfItsRuntime;
  std::ranges::stable_sort(manifest_.faults, {}, [](const auto& fault) { return std::pair(fault.line, fault.column); });
  return manifest_;
}

void ManifestReader::read_map(const YAML::Node& map, const std::string& section, const std::string& at) {
  for (const auto& entry : map) read_entry(entry.first, entry.second, section, at);
}

void ManifestReader::read_list(const YAML::Node& list, const std::string& section, const std::string& at) {
  if (list.IsNull()) return;
  const auto& example = find_key("", section)->example;
  if (!list.IsSequence()) {
    return complain(list.Mark(), at + ": must be a list such as " + std::string(example) + ", not " + kind_of(list));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto item = list[i];
    const auto here = at + "[" + std::to_string(i) + "]";
    places_.try_emplace(here, Place{item.Mark(), item.Mark()});
    if (item.IsMap() && item.size() == 1 && !item.begin()->second.IsNull()) {
      read_map(item, section, here);
    } else {
      complain(item.Mark(), here + ": must have one key, and be written like one of " + std::string(example));
    }
  }
}

void ManifestReader::read_entry(const YAML::Node& key, const YAML::Node& value, const std::string& section,
                                const std::string& at) {
  if (!key.IsScalar()) return complain(key.Mark(), "a key must be a single word, not " + kind_of(key));
  const auto& name = key.Scalar();
  const auto path = joined(at, name);
  const auto [place, first] = places_.try_emplace(path, Place{key.Mark(), value.IsNull() ? key.Mark() : value.Mark()});
  if (!first) {
    const auto line = std::to_string(place->second.key.line + 1);
    return complain(key.Mark(), path + ": stands twice; the first is on line " + line);
  }
  const Key* known = find_key(section, name);
  if (known == nullptr) return unknown(path, section, name, key.Mark());
  if (std::holds_alternative<Later>(known->kind)) {
    return complain(key.Mark(), path + ": this version of Hearth does not carry it out; remove it");
  }
  read_value(*known, path, value);
}

void ManifestReader::unknown(const std::string& path, std::string_view section, std::string_view name, YAML::Mark at) {
  auto meant = nearest(name, names_in(section));
  if (meant.empty()) meant = elsewhere(section, name);
  const std::string advice =
      meant.empty() ? "; valid here: " + enumerate(names_in(section)) : "; did you mean " + meant + "?";
  complain(at, path + ": unknown key" + advice);
}

void ManifestReader::read_value(const Key& key, const std::string& path, const YAML::Node& value) {
  if (std::holds_alternative<List>(key.kind)) return read_list(value, std::string(key.name), path);
  if (const auto* section = std::get_if<Section>(&key.kind)) {
    if (value.IsNull()) return;
    if (value.IsMap() && section->begin != nullptr) section->begin(manifest_.spec);
    if (value.IsMap()) return read_map(value, joined(key.section, key.name), path);
    return complain(value.Mark(),
                    path + ": must be a map such as " + std::string(key.example) + ", not " + kind_of(value));
  }
  if (const auto* pairs = std::get_if<Pairs>(&key.kind)) return read_pairs(*pairs, path, value);
  if (const auto* texts = std::get_if<Texts>(&key.kind)) return read_texts(*texts, path, value);
  if (!value.IsScalar()) {
    return complain(place_of(path),
                    path + ": must be one value such as " + std::string(key.example) + ", not " + kind_of(value));
  }
  read_scalar(key, path, value);
}

void ManifestReader::read_pairs(const Pairs& pairs, const std::string& path, const YAML::Node& value) {
  if (value.IsNull()) return;
  if (!value.IsMap())
    return complain(value.Mark(), path + ": must be a map such as {LEVEL: info}, not " + kind_of(value));
  for (const auto& entry : value) {
    if (!entry.first.IsScalar()) {
      complain(entry.first.Mark(), path + ": a name must be a single word");
      continue;
    }
    const auto& name = entry.first.Scalar();
    const auto inner = path + "." + name;
    const auto [place, first] = places_.try_emplace(inner, Place{entry.first.Mark(), entry.first.Mark()});
    if (!first) {
      complain(entry.first.Mark(),
               inner + ": stands twice; the first is on line " + std::to_string(place->second.key.line + 1));
    } else if (!entry.second.IsScalar()) {
      complain(entry.first.Mark(), inner + ": must be one value, not " + kind_of(entry.second) +
                                       (entry.second.IsNull() ? "; write \"\" for an empty one" : ""));
    } else {
      pairs.in(manifest_.spec)[name] = entry.second.Scalar();
    }
  }
}

void ManifestReader::read_texts(const Texts& texts, const std::string& path, const YAML::Node& value) {
  if (value.IsNull()) return;
  if (!value.IsSequence()) return complain(value.Mark(), path + ": must be a list such as [db], not " + kind_of(value));
  for (const auto& item : value) {
    auto& into = texts.in(manifest_.spec);
    if (item.IsScalar()) {
      places_.try_emplace(path + "[" + std::to_string(into.size()) + "]", Place{item.Mark(), item.Mark()});
      into.push_back(item.Scalar());
    } else {
      complain(item.Mark(), path + ": each must be one value, not " + kind_of(item));
    }
  }
}

void ManifestReader::read_scalar(const Key& key, const std::string& path, const YAML::Node& value) {
  auto& spec = manifest_.spec;
  const auto& text = value.Scalar();
  const auto refuse = [&](const std::string& why) { complain(value.Mark(), path + ": " + why); };
  const auto take = [&](auto& into, const auto& parsed, const char* what, std::string_view unit) {
    if (!parsed || (!unit.empty() && is_plain_number(text))) return refuse(misread(what, text, unit, key.example));
    into = *parsed;
  };
  std::visit(Overloaded{[&](const Text& kind) { kind.in(spec) = text; },
                        [&](const Size& kind) { take(kind.in(spec), domain::parse_bytes(text), "size", "Mi"); },
                        [&](const Time& kind) { take(kind.in(spec), domain::parse_duration(text), "duration", "s"); },
                        [&](const Frost& kind) {
                          const auto parsed = domain::parse_freeze(text);
                          if (!parsed || is_plain_number(text))
                            return refuse(in_quotes(text) + " is neither auto, never, nor a time such as 10s");
                          kind.in(spec) = *parsed;
                        },
                        [&](const Keep& kind) {
                          const auto parsed = domain::parse_keep_alive(text);
                          if (!parsed) return refuse(in_quotes(text) + " is neither auto, fixed nor hybrid");
                          kind.in(spec) = *parsed;
                        },
                        [&](const Cpu& kind) { take(kind.in(spec), domain::parse_cpu(text), "number of cores", ""); },
                        [&](const Count& kind) {
                          std::uint32_t count = 0;
                          const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
                          const bool whole = error == std::errc{} && end == text.data() + text.size();
                          take(kind.in(spec), whole ? std::optional{count} : std::nullopt, "whole number", "");
                        },
                        [&](const Choice& kind) {
                          if (text != "allow" && text != "deny")
                            return refuse(in_quotes(text) + " is neither allow nor deny");
                          kind.in(spec) = text == "allow";
                        },
                        [&](const Flag& kind) {
                          if (text != "true" && text != "false")
                            return refuse(in_quotes(text) + " is neither true nor false");
                          kind.in(spec) = text == "true";
                        },
                        [](const auto&) {}},
             key.kind);
}

// The domain knows the rule; only here is known which of the keys came second.
void ManifestReader::check_source() {
  std::vector<std::pair<YAML::Mark, std::string>> sources;
  for (const char* key : {"runtime", "image", "build"}) {
    if (const auto place = places_.find(key); place != places_.end()) sources.emplace_back(place->second.key, key);
  }
  std::ranges::sort(sources, {}, [](const auto& source) { return source.first.pos; });
  if (sources.empty()) complain({}, "runtime: missing; " + std::string(kSourceRule));
  for (std::size_t i = 1; i < sources.size(); ++i) {
    complain(sources[i].first, sources[i].second + ": excludes " + sources[0].second + " on line " +
                                   std::to_string(sources[0].first.line + 1) + "; " + std::string(kSourceRule));
  }
}

void ManifestReader::check_spec() {
  if (!places_.contains("name")) complain({}, "name: missing; write it like name: hello");
  // Whether it is FILE:FUNCTION or FILE is the runtime's to say.
  const auto& handler = manifest_.spec.handler;
  if (handler.starts_with(':') || handler.ends_with(':')) {
    complain(place_of("handler"),
             "handler: " + in_quotes(handler) + " is not FILE:FUNCTION, such as handler.py:handle");
  }
  for (const auto& complaint : domain::check(manifest_.spec)) {
    if (told(complaint.field)) continue;
    complain(place_of(complaint.field), complaint.field + ": " + complaint.message);
  }
}

void ManifestReader::complain(YAML::Mark at, const std::string& message) {
  const auto from_one = [](int number) { return static_cast<std::size_t>(std::max(number, 0)) + 1; };
  manifest_.faults.push_back({from_one(at.line), from_one(at.column), message});
}

bool ManifestReader::told(const std::string& path) const {
  const bool source = path == "runtime" || path == "image" || path == "build";
  return std::ranges::any_of(manifest_.faults, [&](const ManifestFault& fault) {
    return fault.message.starts_with(path + ":") || (source && fault.message.ends_with(kSourceRule));
  });
}

YAML::Mark ManifestReader::place_of(std::string path) const {
  for (;;) {
    if (const auto place = places_.find(path); place != places_.end()) {
      return place->second.value.is_null() ? place->second.key : place->second.value;
    }
    const auto inner = path.find_last_of(".[");
    if (inner == std::string::npos) return {};
    path.resize(inner);
  }
}

Manifest parse_manifest(std::string_view text) { return ManifestReader().read(text); }

}  // namespace hearth::cli
