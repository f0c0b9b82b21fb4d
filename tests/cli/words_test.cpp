// What is said and how it is read: problems, tables, suggestions, call reports, last words.
#include "cli/call_report.h"
#include "cli/client.h"
#include "cli/daemon_log.h"
#include "cli/paths.h"
#include "cli/problem.h"
#include "cli/suggestion.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/utf8.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Fault;
using domain::Layer;
using testing::HasSubstr;

TEST(Problem, IsReadAsTheServerWordsIt) {
  const auto fault =
      read_problem(409,
                   R"({"code":"conflict","layer":"client","detail":"moved on","hint":"look again","log":"end\n",
          "errors":[{"field":"limits.memory","message":"too small"}]})");
  EXPECT_EQ(fault, (Fault{.code = Code::conflict,
                          .layer = Layer::client,
                          .message = "moved on",
                          .hint = "look again",
                          .detail = "limits.memory: too small\nend\n"}));
}

TEST(Problem, CountsByItsStatusWhereItIsNone) {
  const std::tuple<int, Code, int> rows[] = {
      {400, Code::invalid, 3},  {401, Code::denied, 3},      {404, Code::not_found, 3},     {409, Code::conflict, 3},
      {412, Code::stale, 3},    {413, Code::invalid, 3},     {422, Code::unprocessable, 3}, {429, Code::overloaded, 3},
      {500, Code::internal, 3}, {502, Code::unavailable, 4}, {503, Code::unavailable, 4},   {504, Code::timeout, 5}};
  for (const auto& [status, code, exit] : rows) {
    for (const char* body : {"", "<html>", "[1]", "{\"code\":7,\"layer\":\"moon\"}"}) {
      const auto fault = read_problem(status, body);
      EXPECT_EQ(fault.code, code) << status << body;
      EXPECT_EQ(domain::exit_code(fault), exit) << status << body;
      EXPECT_FALSE(fault.message.empty());
    }
  }
}

TEST(Problem, IsADocumentAgain) {
  const Fault fault{
      .code = Code::timeout, .layer = Layer::function, .message = "late", .hint = "more", .detail = "log"};
  EXPECT_EQ(read_problem(504, problem_document(fault)), fault);
  EXPECT_NO_THROW(problem_document({.message = "\xff"}));
}

TEST(Suggestion, IsTheNearestWord) {
  const std::vector<std::string> words{"memory", "cpu", "timeout", "tmp"};
  const std::pair<const char*, const char*> rows[] = {
      {"memmory", "memory"}, {"mem", ""}, {"timout", "timeout"}, {"tpm", "tmp"}, {"cpus", "cpu"},
      {"xyz", ""},           {"", ""},    {"Memory", "memory"}};
  for (const auto& [word, meant] : rows) EXPECT_EQ(nearest(word, words), meant) << word;
  EXPECT_EQ(nearest(std::string(1000, 'a'), words), "");
  EXPECT_EQ(enumerate({"a", "b", "c"}), "a, b and c");
}

TEST(Table, AlignsColumnsByWhatIsSeen) {
  EXPECT_EQ(table({{"NAME", "STATE"}, {"\xc3\xbc", "\x1b[32mwarm\x1b[0m"}, {"longer", "x"}}),
            "NAME    STATE\n\xc3\xbc       \x1b[32mwarm\x1b[0m\nlonger  x\n");
  EXPECT_EQ(table({{"\x1b[32mwarm\x1b[0m", "x"}, {"cold", "y"}}), "\x1b[32mwarm\x1b[0m  x\ncold  y\n");
}

TEST(Terminal, LetsAStrangersTextSteerNothing) {
  EXPECT_EQ(without_controls("a\x1b[31mred\x1b[0m\tb\n"), "a\x1b[31mred\x1b[0m\tb\n");
  EXPECT_EQ(without_controls("\x1b[2J\x1b]0;title\x07x\r\x7f\b"), "[2J]0;titlex");
  EXPECT_EQ(without_controls("\x1b[31"), "[31");
}

// A terminal over a pipe, so that what it says can be read back.
class Piped {
 public:
  explicit Piped(Terminal::Settings settings) {
    if (::pipe2(pipe_, O_CLOEXEC) != 0) std::abort();
    settings.out = settings.err = pipe_[1];
    terminal_ = std::make_unique<Terminal>(settings);
  }
  ~Piped() {
    for (const int fd : pipe_) {
      if (fd >= 0) ::close(fd);
    }
  }
  const Terminal& operator*() const { return *terminal_; }
  void leave() { ::close(std::exchange(pipe_[0], -1)); }
  std::string said() {
    ::close(std::exchange(pipe_[1], -1));
    std::string text(65536, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(pipe_[0], text.data(), text.size()))));
    return text;
  }

 private:
  int pipe_[2] = {-1, -1};
  std::unique_ptr<Terminal> terminal_;
};

const Fault kFault{.code = Code::invalid, .message = "no\x1b[2J", .hint = "mend", .detail = "one\ntwo"};

TEST(Terminal, TellsAnErrorInALineWithItsMend) {
  Piped piped({});
  (*piped).fail(kFault);
  EXPECT_EQ(piped.said(), "error: no[2J\n  one\n  two\nhint: mend\n");
}

TEST(Terminal, TellsAnErrorAsADocument) {
  Piped piped({.format = Format::json});
  (*piped).fail(kFault);
  const auto document = nlohmann::json::parse(piped.said());
  EXPECT_EQ(document["code"], "invalid");
  EXPECT_EQ(document["hint"], "mend");
}

TEST(Terminal, PaintsOnlyOnATerminalThatMayBePainted) {
  EXPECT_EQ(Terminal({.out_is_terminal = true}).paint(Style::red, "x"), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(Terminal({.out_is_terminal = true, .colours = false}).paint(Style::red, "x"), "x");
  EXPECT_EQ(Terminal({}).paint(Style::red, "x"), "x");
  EXPECT_EQ(Terminal({.format = Format::json, .out_is_terminal = true}).paint(Style::red, "x"), "x");
}

TEST(Terminal, TellsAReaderThatLeftFromADiskThatIsFull) {
  std::signal(SIGPIPE, SIG_IGN);
  Piped piped({});
  piped.leave();
  try {
    (*piped).print("x");
    FAIL();
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, Code::cancelled);
  }
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  try {
    Terminal({.out = full}).print("x");
    FAIL();
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().message, "the output cannot be written: No space left on device");
  }
  ::close(full);
}

TEST(CallReport, ReadsServerTiming) {
  std::string text;
  for (const auto& timing : read_timings("held;dur=92.5, cold;desc=\"a\";dur=61,init ; dur=0.25, odd, bad;dur=x")) {
    text += timing.name + "=" + std::to_string(timing.millis) + timing.why + " ";
  }
  EXPECT_EQ(text, "held=92.500000 cold=61.000000a init=0.250000 ");
  EXPECT_TRUE(read_timings("").empty());
}

TEST(CallReport, TellsStatusCallAndTimings) {
  net::Response head{
      .status = 200,
      .headers = {{"hearth-call-id", "c1"}, {"server-timing", "cold;dur=9;desc=\"image: why\", exec;dur=1.234"}},
      .body = {}};
  EXPECT_EQ(call_lines(head, 12.6),
            "status   200\ncall     c1\ntimings  cold 9.00 ms (image: why) · exec 1.23 ms · total 13 ms\n");
  const auto document = call_document(head, "\xff\xfe", 1.0);
  EXPECT_EQ(document["body_base64"], "//4=");
  EXPECT_EQ(call_document(head, "hi", 1.0)["body"], "hi");
  EXPECT_EQ(call_document(head, "hi", 1.0)["call"], "c1");
}

TEST(DaemonLog, FindsItsOwnErrorLine) {
  const auto fault =
      read_last_words("starting\nhearthd: port 8080 is in use; choose another with --gateway\nbye\n", "/log");
  EXPECT_EQ(fault.message, "hearthd did not start: port 8080 is in use; choose another with --gateway");
  EXPECT_EQ(domain::exit_code(fault), 4);
}

TEST(DaemonLog, ShowsTheLastLinesWhereThereIsNoErrorLine) {
  const auto fault = read_last_words("one\ntwo\nthree", "/log");
  EXPECT_EQ(fault.message, "hearthd ended at once: three");
  EXPECT_EQ(fault.detail, "one\ntwo\n");
  EXPECT_EQ(fault.hint, "see its log: /log");
  EXPECT_EQ(read_last_words("", "/log").message, "hearthd ended at once and wrote nothing");
}

TEST(Utf8, IsToldFromWhatIsNot) {
  const std::pair<std::string, std::optional<std::size_t>> rows[] = {
      {"", {}},
      {"abc", {}},
      {"\xc3\xbc", {}},
      {"\xe2\x82\xac", {}},
      {"\xf0\x9f\x94\xa5", {}},
      {"a\xff", 1},
      {"\xc3", 0},
      {"\xc0\x80", 0},
      {"\xe0\x80\x80", 0},
      {"\xed\xa0\x80", 0},
      {"\xf4\x90\x80\x80", 0},
      {"ab\xe2\x82", 2},
      {"\x80", 0},
  };
  for (const auto& [text, bad] : rows) EXPECT_EQ(find_bad_utf8(text), bad) << testing::PrintToString(text);
}

TEST(Paths, TakeAddressesWithAndWithoutAScheme) {
  EXPECT_EQ(base_url("127.0.0.1:8081"), "http://127.0.0.1:8081");
  EXPECT_EQ(base_url("https://hearth.example.org/"), "https://hearth.example.org");
}

TEST(Client, ReadsFunctionsWithAndWithoutNamespace) {
  EXPECT_EQ(parse_function("hello", "default"), (domain::FunctionName{"default", "hello"}));
  EXPECT_EQ(parse_function("team.hello", "default"), (domain::FunctionName{"team", "hello"}));
  EXPECT_EQ(path_of({"team", "hello"}), "/v1/namespaces/team/functions/hello");
  for (const char* text : {"", "Hello", "a/b", "../x", "a.b.c", ".a", "a.", "x?y"}) {
    EXPECT_THROW(parse_function(text, "default"), domain::Error) << text;
  }
}

}  // namespace
}  // namespace hearth::cli
