#include "net/ask_quiet.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace hearth::net {
namespace {

using namespace std::chrono_literals;

const std::string kNoAnswer = "its bootstrap did not say that it is quiet";

struct Row {
  std::string bytes;
  bool ended;
  bool whole;
  std::optional<std::string> stirs;
};

TEST(QuietAnswer, IsReadAsItStands) {
  const Row rows[] = {
      {"", false, false, {}},
      {"", true, true, kNoAnswer},
      {"HTTP/1.1 204 No Content\r\n", false, false, {}},
      {"HTTP/1.1 204 No Content\r\n\r\n", false, true, std::nullopt},
      {"HTTP/1.1 204\r\nDate: x\r\n\r\n", false, true, std::nullopt},
      {"HTTP/1.1 204 No Content\r\n", true, true, kNoAnswer},
      {"HTTP/1.1 409 Conflict\r\nContent-Length: 7\r\n\r\na tim", false, false, {}},
      {"HTTP/1.1 409 Conflict\r\nContent-Length: 7\r\n\r\na timer", false, true, "a timer"},
      {"HTTP/1.1 409 Conflict\r\ncontent-length: 7\r\n\r\na tim", true, true, "a tim"},
      {"HTTP/1.1 409 Conflict\r\n\r\na thread", false, false, {}},
      {"HTTP/1.1 409 Conflict\r\n\r\na thread", true, true, "a thread"},
      {"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n", false, true, kNoAnswer},
      {"HTTP/1.1 409 Conflict\r\n\r\n\x1b[31mred\nmore", true, true, "?[31mred"},
      {"HTTP/1.1 409 Conflict\r\n\r\n" + std::string(500, 'x'), true, true, std::string(120, 'x')},
      {"HTTP/1.1 200 OK\r\n\r\n", false, true, kNoAnswer},
      {"HTTP/1.1 2040 \r\n\r\n", false, true, kNoAnswer},
      {std::string(5000, 'x'), false, true, kNoAnswer},
  };
  for (const auto& row : rows) {
    const auto said = read_quiet_answer(row.bytes, row.ended);
    ASSERT_EQ(said.has_value(), row.whole) << row.bytes;
    EXPECT_EQ(said.value_or(QuietAnswer{}).stirs, row.stirs) << row.bytes;
  }
}

struct Pair {
  std::array<int, 2> ends{};
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0); }
  ~Pair() {
    for (const int end : ends) ::close(end);
  }
};

TEST(AskQuiet, AsksWhatNoClientMayAsk) {
  const Pair pair;
  std::string heard(1024, '\0');
  std::jthread bootstrap{[&] {
    heard.resize(static_cast<std::size_t>(::recv(pair.ends[1], heard.data(), heard.size(), 0)));
    ::send(pair.ends[1], "HTTP/1.1 204 No Content\r\n\r\n", 27, MSG_NOSIGNAL);
  }};
  EXPECT_EQ(ask_quiet(pair.ends[0], 10s, {}), std::nullopt);
  bootstrap.join();
  EXPECT_TRUE(heard.starts_with("GET /.hearth/quiet HTTP/1.1\r\n")) << heard;
  EXPECT_NE(heard.find("\r\nHearth-Ask: "), heard.npos);
  EXPECT_TRUE(heard.ends_with("\r\n\r\n"));
}

TEST(AskQuiet, TakesSilenceForNoAnswer) {
  const Pair pair;
  EXPECT_EQ(ask_quiet(pair.ends[0], 5ms, {}), kNoAnswer);
}

TEST(AskQuiet, EndsWhenItIsToldTo) {
  const Pair pair;
  std::stop_source stop;
  std::jthread impatient{[&] { stop.request_stop(); }};
  EXPECT_EQ(ask_quiet(pair.ends[0], std::chrono::hours{1}, stop.get_token()), kNoAnswer);
}

}  // namespace
}  // namespace hearth::net
