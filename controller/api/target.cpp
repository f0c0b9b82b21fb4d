#include "api/target.h"

#include "domain/error.h"

#include <algorithm>
#include <cctype>

namespace hearth::api {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool may_stand_in_uri(char c) {
  constexpr std::string_view kOthers = "-._~:/?@!$&'()*+,;=%";
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || kOthers.find(c) != std::string_view::npos;
}

std::string decoded(std::string_view text) {
  auto plain = percent_decoded(text);
  if (!plain) throw Error(Code::invalid, Layer::client, "the URL has a % without two hex digits after it");
  return *std::move(plain);
}

// In a query a + is a space, as forms and HTTP clients write it.
std::string decoded_word(std::string text) {
  std::ranges::replace(text, '+', ' ');
  return decoded(text);
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

void read_target(std::string_view target, Request& into) {
  if (!target.starts_with('/') || !std::ranges::all_of(target, may_stand_in_uri)) {
    throw Error(Code::invalid, Layer::client, "the URL holds what no URL may", "percent-encode it");
  }
  const auto question = target.find('?');
  into.path = target.substr(0, question);
  decoded(into.path);  // what cannot be decoded is refused here, once
  if (question == std::string_view::npos) return;
  for (auto rest = target.substr(question + 1); !rest.empty();) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto key = decoded_word(std::string(pair.substr(0, equals)));
    auto value = decoded_word(std::string(pair.substr(std::min(equals + 1, pair.size()))));
    if (!into.query.emplace(key, std::move(value)).second) {
      throw Error(Code::invalid, Layer::client, "the parameter " + key + " stands twice in the URL");
    }
  }
}

}  // namespace hearth::api
