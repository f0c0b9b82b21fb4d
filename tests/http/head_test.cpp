#include "http/head.h"

#include "http/chunked.h"
#include "request_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace hearth::http {
namespace {

// The status that refuses `bytes`, 0 for a whole request, -1 while more is wanted; they come cut at `cuts`.
int verdict(const std::string& bytes, const std::vector<std::size_t>& cuts) {
  RequestReader reader;
  std::optional<ChunkedReader> chunked;
  std::size_t body = 0;  // where what was not read yet begins, once the head is whole
  for (const auto cut : cuts) {
    if (!chunked) {
      const auto progress = reader.read(std::string_view(bytes).substr(0, cut));
      if (progress == Progress::refused) return reader.refusal()->status;
      if (progress == Progress::more) continue;
      if (reader.head().framing != Framing::chunked) return 0;
      chunked.emplace();
      body = reader.size();
    }
    while (body < cut) {
      const auto step = chunked->read(std::string_view(bytes).substr(body, cut - body));
      if (step.progress == Progress::refused) return chunked->refusal()->status;
      body += step.raw;
      if (step.progress == Progress::done) return 0;
    }
  }
  return -1;
}

TEST(RequestReader, JudgesEveryRequestOfTheTable) {
  for (const auto& request : request_table()) {
    EXPECT_EQ(verdict(request.bytes, {request.bytes.size()}), request.status) << request.name;
  }
}

TEST(RequestReader, JudgesAlikeHoweverTheBytesCome) {
  std::mt19937 random{7};
  for (const auto& request : request_table()) {
    const auto size = request.bytes.size();
    std::vector<std::size_t> each(size);
    for (std::size_t i = 0; i < size; ++i) each[i] = i + 1;
    EXPECT_EQ(verdict(request.bytes, each), request.status) << request.name << ", byte by byte";
    for (int round = 0; round < 20; ++round) {
      std::vector<std::size_t> cuts{size};
      for (unsigned i = random() % 8; i > 0; --i) cuts.push_back(random() % size + 1);
      std::ranges::sort(cuts);
      EXPECT_EQ(verdict(request.bytes, cuts), request.status) << request.name << ", round " << round;
    }
  }
}

TEST(RequestReader, GivesWhatTheHeadSays) {
  RequestReader reader;
  ASSERT_EQ(reader.read("PUT http://h:1/a?b HTTP/1.1\r\nhOST: h:1\r\nConnection: x, Close\r\nContent-Length: 42\r\n"
                        "Expect: 100-Continue\r\nX-A:  b c \r\n\r\nrest"),
            Progress::done);
  const auto& head = reader.head();
  EXPECT_EQ(head.method, "PUT");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.host, "h:1");
  EXPECT_EQ(head.length, 42u);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_FALSE(head.persistent());
  EXPECT_EQ(head.fields.back().value, "b c");
}

TEST(RequestReader, KeepsAnOldClientsConnectionOnlyWhenAsked) {
  RequestReader plain, asking;
  ASSERT_EQ(plain.read("GET / HTTP/1.0\r\n\r\n"), Progress::done);
  ASSERT_EQ(asking.read("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), Progress::done);
  EXPECT_FALSE(plain.head().persistent());
  EXPECT_TRUE(asking.head().persistent());
}

TEST(ResponseReader, JudgesAnswers) {
  struct Case {
    const char* bytes;
    bool to_head;
    bool refused;
    Framing framing;
  };
  const std::vector<Case> cases{
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, false, Framing::length},
      {"HTTP/1.1 200\r\n\r\n", false, false, Framing::until_close},
      {"HTTP/1.0 200 OK\r\n\r\n", false, false, Framing::until_close},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, false, Framing::chunked},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, false, Framing::none},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", false, false, Framing::none},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", false, false, Framing::none},
      {"HTTP/1.1 103 Early Hints\r\n\r\n", false, false, Framing::none},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", false, true, {}},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false, true, {}},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, true, {}},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, true, {}},
      {"HTTP/1.1 99 Low\r\n\r\n", false, true, {}},
      {"HTTP/1.1 2000 High\r\n\r\n", false, true, {}},
      {"HTTP/2 200 OK\r\n\r\n", false, true, {}},
      {"HTTP/1.1 200 OK\n\n", false, true, {}},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", false, true, {}},
      {"HTTP/1.1 200 O\x01K\r\n\r\n", false, true, {}},
      {"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", false, true, {}},
  };
  for (const auto& one : cases) {
    ResponseReader reader;
    const auto progress = reader.read(one.bytes, one.to_head);
    EXPECT_EQ(progress, one.refused ? Progress::refused : Progress::done) << one.bytes;
    const bool as_framed = one.refused || reader.head().framing == one.framing;
    EXPECT_TRUE(as_framed) << one.bytes;
  }
}

TEST(ChunkedReader, YieldsContentWhateverTheCuts) {
  const std::string bytes = "3;x\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: u\r\n\r\nNEXT";
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    ChunkedReader reader;
    std::string content;
    std::size_t at = 0;
    auto progress = Progress::more;
    while (progress == Progress::more && at < bytes.size()) {
      const auto step = reader.read(std::string_view(bytes).substr(at, size));
      content += step.content;
      at += step.raw;
      progress = step.progress;
    }
    EXPECT_EQ(progress, Progress::done);
    EXPECT_EQ(content, "abc0123456789");
    EXPECT_EQ(bytes.substr(at), "NEXT");
  }
}

}  // namespace
}  // namespace hearth::http
