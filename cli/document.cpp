#include "cli/document.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

std::string dumped(const json& document, int indent) {
  return document.dump(indent, ' ', false, json::error_handler_t::replace);
}

// Whether YAML reads `text`, written as it is, as that very string.
bool is_plain(const std::string& text) {
  constexpr std::array<std::string_view, 9> kOther{"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  constexpr std::string_view kInside = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@";
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return false;
  if (text.find_first_not_of(kInside) != std::string::npos) return false;
  std::string lower(text);
  for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::ranges::find(kOther, lower) == kOther.end();
}

// JSON lets DEL and the controls from U+0080 to U+009F stand as they are, YAML does not.
std::string without_raw_controls(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
    const bool high = byte(i) == 0xc2 && byte(i + 1) >= 0x80 && byte(i + 1) <= 0x9f;
    if (!high && byte(i) != 0x7f) continue;
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04x", high ? byte(i + 1) : 0x7fU);
    text.replace(i, high ? 2 : 1, escape.data());
    i += 5;
  }
  return text;
}

// JSON's strings are YAML's, in double quotes.
std::string scalar(const json& value) {
  if (value.is_string() && is_plain(value.get_ref<const std::string&>())) return value.get<std::string>();
  return without_raw_controls(dumped(value, -1));
}

bool is_block(const json& value) { return value.is_structured() && !value.empty(); }

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document
void append_yaml(std::string& text, const json& value, const std::string& indent) {
  for (const auto& [key, child] : value.items()) {
    const bool list = value.is_array();
    text += indent + (list ? "-" : scalar(json(key)) + ":");
    if (!is_block(child)) {
      text += " " + scalar(child) + "\n";
      continue;
    }
    const auto inner = indent + "  ";
    if (!list) {
      text += "\n";
      append_yaml(text, child, inner);
      continue;
    }
    // A list's item begins behind its dash.
    std::string item;
    append_yaml(item, child, inner);
    text += " " + item.substr(inner.size());
  }
}

std::string yaml(const json& document) {
  if (!is_block(document)) return scalar(document) + "\n";
  std::string text;
  append_yaml(text, document, "");
  return text;
}

}  // namespace

std::string written(const json& document, Format format) {
  return format == Format::yaml ? yaml(document) : dumped(document, 2) + "\n";
}

std::string written_in_stream(const json& document, Format format) {
  return format == Format::yaml ? "---\n" + yaml(document) : dumped(document, -1) + "\n";
}

}  // namespace hearth::cli
