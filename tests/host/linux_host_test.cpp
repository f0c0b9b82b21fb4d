#include "host/linux_host.h"

#include "domain/error.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <future>
#include <thread>

namespace hearth::host {
namespace {

using namespace std::chrono_literals;
using ports::Awaited;
using ports::Descriptor;
using testing::HasSubstr;

const std::string kSomebody(64, 'c');

// A component of this process's own control group, so that what it listens on passes for a container's; empty where
// it is in none but the root.
std::string own_group() {
  std::ifstream file{"/proc/self/cgroup"};
  for (std::string line; std::getline(file, line);) {
    const auto slash = line.rfind('/');
    if (slash != line.npos && slash + 1 < line.size()) return line.substr(slash + 1);
  }
  return {};
}

Descriptor listen_at(const std::filesystem::path& path, int backlog = 8, int type = SOCK_STREAM) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  Descriptor socket{::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << path;
  if (type == SOCK_STREAM && backlog >= 0) ::listen(socket.get(), backlog);
  return socket;
}

class LinuxHostTest : public testing::Test {
 protected:
  std::string refusal() {
    try {
      host_.connect({.replica = 1, .owner = kSomebody});
    } catch (const domain::Error& error) {
      EXPECT_EQ(error.fault().layer, domain::Layer::function);
      EXPECT_EQ(error.fault().code, domain::Code::unavailable);
      return error.fault().message;
    }
    return "connected";
  }

  tests::TemporaryFolder run_;
  LinuxHost host_{run_.path(), false};
  std::filesystem::path folder_ = host_.make_socket_folder(1, ports::kReplicaUser);
  std::filesystem::path socket_ = folder_ / "fn.sock";
};

TEST_F(LinuxHostTest, TellsThatNothingIsThere) { EXPECT_THAT(refusal(), HasSubstr("socket is gone")); }

TEST_F(LinuxHostTest, FollowsNoLinkToAnothersSocket) {
  const auto engine = listen_at(run_ / "docker.sock");
  std::filesystem::create_symlink(run_ / "docker.sock", socket_);
  EXPECT_THAT(refusal(), HasSubstr("a symbolic link"));
}

TEST_F(LinuxHostTest, FollowsNoLinkInsideTheFolder) {
  const auto real = listen_at(folder_ / "real.sock");
  std::filesystem::create_symlink("real.sock", socket_);
  EXPECT_THAT(refusal(), HasSubstr("a symbolic link"));
}

TEST_F(LinuxHostTest, FollowsNoMagicLink) {
  const auto engine = listen_at(run_ / "docker.sock");
  const Descriptor held{::open((run_ / "docker.sock").c_str(), O_PATH | O_CLOEXEC)};
  std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(held.get()), socket_);
  EXPECT_THAT(refusal(), HasSubstr("a symbolic link"));
}

TEST_F(LinuxHostTest, DoesNotHangOnAPipe) {
  ASSERT_EQ(::mkfifo(socket_.c_str(), 0666), 0);
  EXPECT_THAT(refusal(), HasSubstr("a pipe"));
}

TEST_F(LinuxHostTest, OpensNoDevice) {
  if (::mknod(socket_.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) GTEST_SKIP() << "making a device needs root";
  EXPECT_THAT(refusal(), HasSubstr("a device"));
}

TEST_F(LinuxHostTest, TakesNeitherAFileNorAFolder) {
  std::ofstream{socket_} << "x";
  EXPECT_THAT(refusal(), HasSubstr("a file"));
  std::filesystem::remove(socket_);
  std::filesystem::create_directory(socket_);
  EXPECT_THAT(refusal(), HasSubstr("a folder"));
}

TEST_F(LinuxHostTest, RefusesASocketThatAnotherProcessListensOn) {
  const auto stranger = listen_at(socket_);
  EXPECT_THAT(refusal(), HasSubstr("no process of its container"));
}

TEST_F(LinuxHostTest, RefusesAnothersSocketLinkedIntoTheFolder) {
  const auto engine = listen_at(run_ / "docker.sock");
  ASSERT_EQ(::link((run_ / "docker.sock").c_str(), socket_.c_str()), 0);
  EXPECT_THAT(refusal(), HasSubstr("no process of its container"));
}

TEST_F(LinuxHostTest, RefusesADatagramSocket) {
  const auto datagrams = listen_at(socket_, 0, SOCK_DGRAM);
  EXPECT_THAT(refusal(), HasSubstr("a socket of another kind"));
}

TEST_F(LinuxHostTest, NeverReachesALinkWhileItIsSwappedForASocket) {
  const auto engine = listen_at(run_ / "docker.sock");
  ASSERT_EQ(::fcntl(engine.get(), F_SETFL, O_NONBLOCK), 0);
  const auto mine = listen_at(folder_ / "mine");
  std::filesystem::create_symlink(run_ / "docker.sock", folder_ / "link");
  std::jthread swapper{[&](std::stop_token stop) {
    while (!stop.stop_requested()) {
      ::renameat2(AT_FDCWD, (folder_ / "mine").c_str(), AT_FDCWD, (folder_ / "link").c_str(), RENAME_EXCHANGE);
      ::rename((folder_ / "mine").c_str(), socket_.c_str());
      ::rename(socket_.c_str(), (folder_ / "mine").c_str());
    }
  }};
  for (int i = 0; i < 2000; ++i) EXPECT_NE(refusal(), "connected");
  EXPECT_EQ(::accept(engine.get(), nullptr, nullptr), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(LinuxHostTest, ConnectsToItsOwnersSocketWithoutBlocking) {
  const auto owner = own_group();
  if (owner.empty())
    GTEST_SKIP() << "this process is in no control group of a name; tests/docker connects to real ones";
  const auto listener = listen_at(socket_);
  const auto connection = host_.connect({.replica = 1, .owner = owner});
  ASSERT_TRUE(connection);
  EXPECT_NE(::fcntl(connection.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(LinuxHostTest, TellsAFullQueueAsSomethingToTryAgain) {
  const auto listener = listen_at(socket_, 0);
  std::vector<Descriptor> waiting;
  try {
    for (int i = 0; i < 8; ++i) waiting.push_back(host_.connect({.replica = 1, .owner = own_group()}));
    if (!own_group().empty()) FAIL() << "the queue never filled";
  } catch (const domain::Error& error) {
    if (own_group().empty()) GTEST_SKIP() << "this process is in no control group of a name";
    EXPECT_THAT(error.fault().message, HasSubstr("queue is full"));
    EXPECT_TRUE(error.fault().retry_after);
  }
}

TEST_F(LinuxHostTest, AwaitsASocketThatIsRenamedIntoPlace) {
  const auto owner = own_group();
  if (owner.empty()) GTEST_SKIP() << "this process is in no control group of a name";
  auto awaited = std::async(std::launch::async, [&] { return host_.await_socket(1, owner, 10s, {}); });
  const auto listener = listen_at(folder_ / "fn.sock.new");
  std::filesystem::rename(folder_ / "fn.sock.new", socket_);
  EXPECT_EQ(awaited.get(), Awaited::listening);
}

TEST_F(LinuxHostTest, AwaitsUntilABoundSocketListens) {
  const auto owner = own_group();
  if (owner.empty()) GTEST_SKIP() << "this process is in no control group of a name";
  const auto socket = listen_at(socket_, -1);
  auto awaited = std::async(std::launch::async, [&] { return host_.await_socket(1, owner, 10s, {}); });
  EXPECT_EQ(awaited.wait_for(50ms), std::future_status::timeout);
  ::listen(socket.get(), 8);
  EXPECT_EQ(awaited.get(), Awaited::listening);
}

TEST_F(LinuxHostTest, AwaitsNoLongerThanItsTime) {
  EXPECT_EQ(host_.await_socket(1, kSomebody, 20ms, {}), Awaited::timed_out);
}

TEST_F(LinuxHostTest, EndsAWaitThatIsCancelled) {
  std::stop_source stop;
  auto awaited = std::async(std::launch::async, [&] { return host_.await_socket(1, kSomebody, 1h, stop.get_token()); });
  stop.request_stop();
  EXPECT_EQ(awaited.get(), Awaited::cancelled);
}

TEST_F(LinuxHostTest, WaitsForMoreFoldersAtOnceThanAUserHasInotifyInstances) {
  std::stop_source stop;
  std::vector<std::future<Awaited>> waits;
  for (domain::ReplicaId id = 2; id < 202; ++id) {
    host_.make_socket_folder(id, ports::kReplicaUser);
    waits.push_back(
        std::async(std::launch::async, [&, id] { return host_.await_socket(id, kSomebody, 1h, stop.get_token()); }));
  }
  stop.request_stop();
  for (auto& wait : waits) EXPECT_EQ(wait.get(), Awaited::cancelled);
}

TEST_F(LinuxHostTest, RemembersUntilItForgets) {
  host_.remember(1, "first");
  host_.remember(1, "second");
  EXPECT_EQ((LinuxHost{run_.path(), false}.remembered()), (std::map<domain::ReplicaId, std::string>{{1, "second"}}));
  host_.forget(1);
  host_.forget(1);
  EXPECT_TRUE(host_.remembered().empty());
  EXPECT_TRUE(std::filesystem::is_empty(run_ / "replicas"));
}

TEST_F(LinuxHostTest, KeepsItsRecordsOutOfTheSocketFolder) {
  host_.remember(1, "secret");
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  struct stat status {};
  ASSERT_EQ(::stat((folder_.parent_path() / "record").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(folder_.parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(LinuxHostTest, ForgetsWhateverAFunctionLeftAndNothingElse) {
  std::ofstream{run_ / "precious"} << "keep";
  std::filesystem::create_directory(run_ / "folder");
  std::ofstream{run_ / "folder" / "precious"} << "keep";
  std::filesystem::create_symlink(run_ / "precious", folder_ / "link");
  std::filesystem::create_symlink(run_ / "folder", folder_ / "folder-link");
  std::filesystem::create_directories(folder_ / ".lifted-1" / "full");
  std::ofstream{folder_ / ".lifted-2"} << "in the way";
  for (int i = 0; i < 1500; ++i) std::ofstream{folder_ / std::to_string(i)};
  Descriptor at{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const std::string deep(200, 'd');
  for (int depth = 0; depth < 100; ++depth) {  // deeper than any path is long
    ASSERT_EQ(::mkdirat(at.get(), deep.c_str(), 0700), 0);
    ASSERT_EQ(::symlinkat("/", at.get(), "root"), 0);
    at = Descriptor{::openat(at.get(), deep.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  }

  host_.forget(1);

  EXPECT_TRUE(std::filesystem::is_empty(run_ / "replicas"));
  EXPECT_TRUE(std::filesystem::exists(run_ / "precious"));
  EXPECT_TRUE(std::filesystem::exists(run_ / "folder" / "precious"));
}

}  // namespace
}  // namespace hearth::host
