// Socket folders that no function can fill the machine through. Mounting needs root.
#include "host/small_folder.h"

#include "fakes/temporary_folder.h"
#include "host/linux_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

namespace hearth::host {
namespace {

namespace fs = std::filesystem;
using ports::Descriptor;

bool is_mounted(const fs::path& folder) {
  std::ifstream table{"/proc/mounts"};
  for (std::string line; std::getline(table, line);) {
    if (line.find(" " + folder.string() + " ") != line.npos) return true;
  }
  return false;
}

class SmallFolder : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_small_folder(run_.path(), 0)) GTEST_SKIP() << "mounting needs root";
    unmount_small_folder(run_.path());
  }
  void TearDown() override {
    LinuxHost host{run_.path(), true};
    for (const auto& [replica, record] : host.remembered()) host.forget(replica);
  }

  tests::TemporaryFolder run_;
};

TEST_F(SmallFolder, TakesFewFilesOfLittleSize) {
  LinuxHost host{run_.path(), true};
  const auto folder = host.make_socket_folder(1, ports::kReplicaUser);
  int files = 0;
  while (files < 1000 && std::ofstream{folder / std::to_string(files)}) ++files;
  EXPECT_LT(files, 32);
  struct statvfs room {};
  ASSERT_EQ(::statvfs(folder.c_str(), &room), 0);
  EXPECT_EQ(room.f_blocks * room.f_frsize, 64u << 10);
  constexpr unsigned long kClosed = ST_NOSUID | ST_NODEV | ST_NOEXEC;
  EXPECT_EQ(room.f_flag & kClosed, kClosed);
}

TEST_F(SmallFolder, IsItsReplicasAlone) {
  LinuxHost host{run_.path(), true};
  struct stat status {};
  ASSERT_EQ(::stat(host.make_socket_folder(1, ports::kReplicaUser).c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 65534u);
  EXPECT_EQ(status.st_gid, 65534u);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(SmallFolder, IsForgottenWithWhatIsInItAlsoWhileItIsOpen) {
  LinuxHost host{run_.path(), true};
  const auto folder = host.make_socket_folder(1, ports::kReplicaUser);
  std::ofstream open{folder / "file"};
  host.forget(1);
  EXPECT_FALSE(is_mounted(folder));
  EXPECT_TRUE(fs::is_empty(run_ / "replicas"));
}

TEST_F(SmallFolder, OutlivesAnEndOfOursAndIsForgottenAfterIt) {
  const auto folder = LinuxHost{run_.path(), true}.make_socket_folder(1, ports::kReplicaUser);
  EXPECT_TRUE(is_mounted(folder));
  LinuxHost again{run_.path(), true};
  EXPECT_EQ(again.remembered().size(), 1u);
  again.forget(1);
  EXPECT_FALSE(is_mounted(folder));
  EXPECT_TRUE(fs::is_empty(run_ / "replicas"));
}

TEST_F(SmallFolder, StaysPlainWhereTheEngineWouldNotSeeIt) {
  LinuxHost host{run_.path(), false};
  EXPECT_FALSE(is_mounted(host.make_socket_folder(1, ports::kReplicaUser)));
}

Descriptor listen_at(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << path;
  ::listen(socket.get(), 8);
  return socket;
}

TEST_F(SmallFolder, IsSeenByWhoListensHereAndNotByNobody) {
  EXPECT_FALSE(sees_our_mounts(run_ / "engine.sock"));
  const auto engine = listen_at(run_ / "engine.sock");
  EXPECT_TRUE(sees_our_mounts(run_ / "engine.sock"));
}

TEST_F(SmallFolder, IsNotSeenFromAnotherMountNamespace) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    if (::unshare(CLONE_NEWNS) != 0) ::_exit(1);
    const auto engine = listen_at(run_ / "engine.sock");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  ::close(ready[1]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(sees_our_mounts(run_ / "engine.sock"));
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  ::close(ready[0]);
}

}  // namespace
}  // namespace hearth::host
