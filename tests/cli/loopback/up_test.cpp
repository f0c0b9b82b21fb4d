// `fn up` and `fn down` with a hearthd of the tests' own.
#include "cli/program.h"
#include "fakes/temporary_folder.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// One that nobody listens on at this moment.
std::string free_address() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

class Up : public testing::Test {
 protected:
  ~Up() override { fn("down"); }

  Outcome fn(const std::string& command, const std::vector<std::string>& options = {}) {
    std::vector<std::string> words{command};
    words.insert(words.end(), options.begin(), options.end());
    return run(words, variables_);
  }
  std::string log() const {
    std::ifstream file(folder_ / "state/hearthd.log");
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  tests::TemporaryFolder folder_;
  Program::Variables variables_{{"HEARTHD", FAKE_HEARTHD},
                                {"HEARTH_API", "http://" + free_address()},
                                {"HEARTH_STATE_DIR", folder_ / "state"},
                                {"HEARTH_RUN_DIR", folder_ / "run"},
                                {"HEARTH_CONFIG_DIR", folder_ / "config"}};
};

TEST_F(Up, StartsItOnceAndStopsIt) {
  const auto first = fn("up", {"--gateway", "127.0.0.1:9999", "--log-level", "debug"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, testing::StartsWith("hearthd is up (pid "));
  EXPECT_THAT(first.out, HasSubstr("gateway  http://127.0.0.1:9999\n"));
  EXPECT_THAT(log(), HasSubstr("arguments --gateway 127.0.0.1:9999 --api " + variables_["HEARTH_API"].substr(7) +
                               " --log-level debug / True\n"));

  const auto second = fn("up", {"--output", "json"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(nlohmann::json::parse(second.out)["started"], false);

  EXPECT_EQ(fn("down").out, "hearthd is down\n");
  EXPECT_THAT(log(), testing::EndsWith("bye\n"));
  EXPECT_EQ(fn("down").out, "hearthd was not running\n");
}

TEST_F(Up, TellsWhyItDidNotStart) {
  variables_["FAIL"] = "1";
  const auto outcome = fn("up");
  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(outcome.err, "error: hearthd did not start: port 8080 is in use; choose another with --gateway\n");
}

TEST_F(Up, TellsWhyItIsNotReady) {
  variables_["NEVER"] = "1";
  const auto outcome = fn("up", {"--timeout", "1"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("but is not ready: Docker does not answer\nhint: start Docker\n"));
}

TEST_F(Up, LeavesAProcessAloneThatHasItsPidByNow) {
  fs::create_directories(folder_ / "run");
  std::ofstream(folder_ / "run/hearthd.pid") << ::getpid() << " 1 /usr/bin/hearthd\n";
  EXPECT_EQ(fn("down").out, "hearthd was not running\n");
}

TEST_F(Up, SaysWhereItLooked) {
  variables_["HEARTHD"] = "/nonexistent/hearthd";
  EXPECT_EQ(fn("up").err, "error: HEARTHD names /nonexistent/hearthd, which is no program\nhint: name it in HEARTHD\n");
}

}  // namespace
}  // namespace hearth::cli
