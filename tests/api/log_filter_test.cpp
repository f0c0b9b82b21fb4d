#include "api/log_filter.h"

#include "domain/error.h"

#include <gtest/gtest.h>

namespace hearth::api {
namespace {

LogFilter filter(std::map<std::string, std::string, std::less<>> query) {
  return LogFilter({.method = "GET", .path = "/", .query = std::move(query)});
}

std::string line(const std::string& time, const std::string& call, const std::string& text) {
  const auto member = call.empty() ? "" : R"(,"call":")" + call + '"';
  return R"({"time":")" + time + R"(","replica":"r","stream":"stdout")" + member + R"(,"text":")" + text + "\"}";
}

const std::string kEarly = line("2026-01-31T09:05:00.000Z", "abc", "one tea");
const std::string kLate = line("2026-01-31T09:05:00.250Z", "", R"(,\"call\":\"abc\",\"text\": two)");

TEST(LogFilter, TakesWhatIsAskedFor) {
  const std::tuple<std::map<std::string, std::string, std::less<>>, bool, bool> rows[] = {
      {{}, true, true},
      {{{"since", "2026-01-31T09:05:00Z"}}, true, true},
      {{{"since", "2026-01-31T09:05:00.1Z"}}, false, true},
      {{{"since", "2026-01-31T09:05:00.250999Z"}}, false, true},
      {{{"since", "2026-01-31T09:05:01Z"}}, false, false},
      {{{"call", "abc"}}, true, false},  // what a function writes is no member of its line
      {{{"call", "ab"}}, false, false},
      {{{"grep", "tea$"}}, true, false},
      {{{"grep", "^(one|,\"call)"}}, true, true},
      {{{"grep", "replica|stdout"}}, false, false},
      {{{"grep", "t"}, {"call", "abc"}, {"since", "2026-01-31T09:05:00.001Z"}}, false, false},
  };
  for (const auto& [query, early, late] : rows) {
    const auto wanted = filter(query);
    EXPECT_EQ(wanted.is_set(), !query.empty());
    EXPECT_EQ(wanted.takes(kEarly), early) << (query.empty() ? "" : query.begin()->second);
    EXPECT_EQ(wanted.takes(kLate), late) << (query.empty() ? "" : query.begin()->second);
  }
  EXPECT_EQ(filter({{"grep", "two"}}).taken(kEarly + "\n" + kLate + "\n" + kEarly + "\n"), kLate + "\n");
}

TEST(LogFilter, RefusesWhatItCannotUnderstand) {
  const std::pair<const char*, std::string> rows[] = {{"since", "yesterday"},
                                                      {"since", "2026-01-31T09:05Z"},
                                                      {"since", "2026-01-31T09:05:00"},
                                                      {"since", "2026-01-31T09:05:00.Z"},
                                                      {"since", "2026-13-31T09:05:00Z"},
                                                      {"since", "2026-01-00T09:05:00Z"},
                                                      {"since", "2026-01-31T24:05:00Z"},
                                                      {"since", "2026-01-31T09:60:00Z"},
                                                      {"since", "2026-01-31T09:05:00.0123456789Z"},
                                                      {"call", std::string(129, 'a')},
                                                      {"call", "a\"b"},
                                                      {"call", "a b"},
                                                      {"grep", "("},
                                                      {"grep", "a{9999}"},
                                                      {"grep", "(a)\\1"},
                                                      {"grep", std::string("a\0b", 3)},
                                                      {"grep", std::string(501, 'a')}};
  for (const auto& [key, value] : rows) EXPECT_THROW(filter({{key, value}}), domain::Error) << key << value;
  std::string wide;
  for (int i = 0; i < 500; ++i) wide += "\xf0\x9f\x94\xa5";
  EXPECT_NO_THROW(filter({{"grep", wide}})) << "characters are counted, not bytes";
}

}  // namespace
}  // namespace hearth::api
