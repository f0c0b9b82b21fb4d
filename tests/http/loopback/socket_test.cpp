// What a socket tells of what came: edge-triggered, each thing is told once, and none may be lost.
#include "http/socket.h"

#include "http/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hearth::http {
namespace {

using namespace std::chrono_literals;

Time soon() { return std::chrono::steady_clock::now() + 10s; }

// A loop on a thread of its own.
class SocketTest : public testing::Test {
 protected:
  SocketTest() : thread_([this] { loop_->run(); }) {}
  ~SocketTest() override {
    loop_->stop();
    thread_.join();
    for (const int fd : peers_) ::close(fd);
  }

  // Runs `task` on the loop, from its start to its end.
  void run(Task<> task) {
    std::promise<void> ended;
    loop_->post([&] { loop_->spawn(tell(std::move(task), ended)); });
    ASSERT_EQ(ended.get_future().wait_for(30s), std::future_status::ready);
  }
  static Task<> tell(Task<> task, std::promise<void>& ended) {
    co_await task;
    ended.set_value();
  }
  // A connection's other end; ours is watched by the loop.
  int pair(int& ours) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours = ends[0];
    peers_.push_back(ends[1]);
    return ends[1];
  }

  std::shared_ptr<Loop> loop_ = std::make_shared<Loop>(0);
  std::vector<int> peers_;
  std::thread thread_;
};

void send_text(int fd, std::string_view text) {
  ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

// As much as the kernel takes.
std::size_t fill(int fd, std::size_t most) {
  const std::string chunk(16 << 10, 'x');
  std::size_t sent = 0;
  while (sent < most) {
    const auto count = ::send(fd, chunk.data(), std::min(chunk.size(), most - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

Task<std::string> read_until(Socket& socket, std::size_t count, std::size_t at_once) {
  std::string all;
  std::string buffer(at_once, '\0');
  while (all.size() < count) {
    const auto wake = co_await socket.readable(soon());
    if (wake != Wake::opened) break;
    const auto moved = socket.receive(buffer.data(), buffer.size());
    if (moved.state == Moved::State::blocked) continue;
    if (moved.state != Moved::State::some) break;
    all.append(buffer, 0, moved.count);
  }
  co_return all;
}

Task<> expect_text(Socket& socket, std::string text, std::size_t at_once) {
  const auto got = co_await read_until(socket, text.size(), at_once);
  EXPECT_EQ(got, text);
}

TEST_F(SocketTest, LosesNothingThatIsReadInSmallerPiecesThanItCame) {
  int ours = -1;
  const int peer = pair(ours);
  send_text(peer, "all of it at once");
  Socket socket(*loop_, ours);
  run(expect_text(socket, "all of it at once", 3));
}

Task<> expect_end(Socket& socket) {
  std::array<char, 64> buffer;
  auto moved = Moved{Moved::State::blocked};
  while (moved.state == Moved::State::blocked) {
    const auto wake = co_await socket.readable(soon());
    EXPECT_EQ(wake, Wake::opened);
    if (wake != Wake::opened) co_return;
    moved = socket.receive(buffer.data(), buffer.size());
  }
  EXPECT_EQ(moved.state, Moved::State::ended);
}

// The end is told together with the bytes before it, and not again after them.
TEST_F(SocketTest, SeesAnEndThatCameTogetherWithTheLastBytes) {
  int ours = -1;
  const int peer = pair(ours);
  send_text(peer, "bye");
  ::shutdown(peer, SHUT_WR);
  Socket socket(*loop_, ours);
  run(expect_text(socket, "bye", 64));
  run(expect_end(socket));
}

struct Ear final : Watcher {
  void on_readable() override { readable.set_value(); }
  void on_hang_up() override { hung_up.set_value(); }
  std::promise<void> readable;
  std::promise<void> hung_up;
};

Task<> watch(Socket& socket, Ear& ear, bool for_hang_up) {
  if (for_hang_up) {
    socket.watch_hang_up(ear);
  } else {
    socket.watch(ear);
  }
  co_return;
}

TEST_F(SocketTest, TellsAWatcherOfWhatWasLeftUnread) {
  int ours = -1;
  const int peer = pair(ours);
  send_text(peer, "two words");
  Socket socket(*loop_, ours);
  run(expect_text(socket, "two", 3));
  Ear ear;
  run(watch(socket, ear, false));
  EXPECT_EQ(ear.readable.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(SocketTest, TellsAWatcherOfAHangUpBehindBytesThatNobodyReads) {
  int ours = -1;
  const int peer = pair(ours);
  send_text(peer, "unread");
  Socket socket(*loop_, ours);
  Ear ear;
  run(watch(socket, ear, true));
  auto hung_up = ear.hung_up.get_future();
  EXPECT_NE(hung_up.wait_for(0s), std::future_status::ready);
  ::shutdown(peer, SHUT_WR);
  EXPECT_EQ(hung_up.wait_for(10s), std::future_status::ready);
  Ear late;  // to whom it is no news of the kernel's
  run(watch(socket, late, true));
  EXPECT_EQ(late.hung_up.get_future().wait_for(10s), std::future_status::ready);
}

Task<> send_much(Socket& socket, std::size_t count, bool& sent) {
  std::string text(count, 'y');
  std::array pieces{iovec{text.data(), text.size()}};
  sent = co_await socket.send_all(pieces, 10s);
}

TEST_F(SocketTest, SendsMoreThanThePeerTakesAtOnce) {
  constexpr std::size_t kMuch = 4 << 20;
  int ours = -1;
  const int peer = pair(ours);
  Socket socket(*loop_, ours);
  std::thread reader([peer] {
    std::string buffer(64 << 10, '\0');
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::fcntl(peer, F_SETFL, 0);
    for (std::size_t got = 0; got < kMuch;) {
      const auto count = ::recv(peer, buffer.data(), buffer.size(), 0);
      if (count <= 0) return ADD_FAILURE() << "not sent";
      got += static_cast<std::size_t>(count);
    }
  });
  for (int times = 0; times < 2; ++times) {
    bool sent = false;
    run(send_much(socket, kMuch / 2, sent));
    EXPECT_TRUE(sent);
    EXPECT_TRUE(socket.rest());
  }
  reader.join();
}

// One peer that always has more to say, beside one that says a word.
TEST_F(SocketTest, GivesEveryoneATurnBesideAPeerThatNeverPauses) {
  int ours = -1;
  const int busy_peer = pair(ours);
  Socket busy(*loop_, ours);
  const int quiet_peer = pair(ours);
  Socket quiet(*loop_, ours);
  std::atomic<bool> over = false;
  struct Refill {
    // Takes in without end: what it takes is put back before it looks again, so that the kernel always has more.
    static Task<> run(Socket& socket, int peer, const std::atomic<bool>& over) {
      std::string buffer(16 << 10, '\0');
      while (!over) {
        const auto wake = co_await socket.readable(soon());
        if (wake != Wake::opened) break;
        while (!over) {
          fill(peer, 64 << 10);
          if (socket.receive(buffer.data(), buffer.size()).state != Moved::State::some) break;
        }
      }
    }
  };
  std::promise<void> ended;
  fill(busy_peer, 64 << 10);
  loop_->post([&] { loop_->spawn(tell(Refill::run(busy, busy_peer, over), ended)); });
  send_text(quiet_peer, "word");
  run(expect_text(quiet, "word", 64));
  over = true;
  EXPECT_EQ(ended.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(SocketTest, WaitsNoLongerThanItsDeadline) {
  int ours = -1;
  pair(ours);
  Socket socket(*loop_, ours);
  struct Waiting {
    static Task<> run(Socket& socket) {
      const auto begun = std::chrono::steady_clock::now();
      const auto wake = co_await socket.readable(begun + 20ms);
      EXPECT_EQ(wake, Wake::timed_out);
      EXPECT_GE(std::chrono::steady_clock::now() - begun, 20ms);
    }
  };
  run(Waiting::run(socket));
}

// As a replica's kept connections are, by whoever stops the replica, while their loop hears of their end.
TEST_F(SocketTest, EndsOnAnotherThreadWhileEventsOfItAreUnderWay) {
  for (int i = 0; i < 500; ++i) {
    int ours = -1;
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours = ends[0];
    auto socket = std::make_unique<Socket>(*loop_, ours);
    ::send(ends[1], "x", 1, MSG_NOSIGNAL);
    ::close(ends[1]);
    if (i % 2 == 0) {
      socket.reset();
    } else {
      const int fd = socket->release();
      Socket moved(*loop_, fd);
    }
  }
  std::promise<void> alive;
  loop_->post([&] { alive.set_value(); });
  EXPECT_EQ(alive.get_future().wait_for(10s), std::future_status::ready);
}

// --- the loop itself ---

TEST_F(SocketTest, RunsWhatIsPostedInOrder) {
  std::string order;
  std::promise<void> done;
  for (const char letter : std::string("abcdef")) loop_->post([&order, letter] { order += letter; });
  loop_->post([&] {
    loop_->post([&] { done.set_value(); });
    order += '.';
  });
  ASSERT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(order, "abcdef.");
}

TEST_F(SocketTest, HearsEveryPostOfManyThreads) {
  constexpr int kThreads = 4, kPosts = 5'000;
  std::atomic<int> heard = 0;
  std::promise<void> all;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int post = 0; post < kPosts; ++post) {
        loop_->post([&] {
          if (++heard == kThreads * kPosts) all.set_value();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(all.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Loop, LetsGoOfWhatWasPostedAfterItsEnd) {
  auto loop = std::make_shared<Loop>(0);
  loop->stop();
  loop->run();
  const auto held = std::make_shared<int>(1);
  loop->post([held] { ADD_FAILURE() << "nobody runs it"; });
  loop.reset();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace hearth::http
