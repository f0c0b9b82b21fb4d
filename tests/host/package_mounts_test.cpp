// Packages bound into what runs already. Mounting needs root.
#include "host/package_mounts.h"

#include "domain/error.h"
#include "fakes/temporary_folder.h"
#include "host/linux_host.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace hearth::host {
namespace {

namespace fs = std::filesystem;

bool is_mounted(const fs::path& folder) {
  std::ifstream table{"/proc/mounts"};
  for (std::string line; std::getline(table, line);) {
    if (line.find(" " + folder.string() + " ") != line.npos) return true;
  }
  return false;
}

// A container's view: a mount namespace of its own, bound to `folder` as Docker binds with `rslave`.
class Inside {
 public:
  Inside(const fs::path& folder, const fs::path& target, const std::function<int()>& look) {
    int ready[2];
    if (::pipe(ready) != 0 || ::pipe(go_) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      const bool own = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0 &&
                       ::mount(folder.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
                       ::mount(nullptr, target.c_str(), nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
      char byte = own ? 'y' : 'n';
      if (::write(ready[1], &byte, 1) != 1 || ::read(go_[0], &byte, 1) != 1) ::_exit(98);
      ::_exit(own ? look() : 99);
    }
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 1) std::abort();
    ::close(ready[0]);
    ::close(ready[1]);
  }
  // What `look` answered in there.
  int look() {
    const char byte = 'g';
    if (::write(go_[1], &byte, 1) != 1) return -1;
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  int go_[2] = {};
  pid_t child_ = 0;
};

class Packages : public testing::Test {
 protected:
  void SetUp() override {
    if (!mounts_.open()) GTEST_SKIP() << "mounting needs root";
    for (const char* name : {"package", "target"}) fs::create_directories(run_.path() / name);
    std::ofstream{run_.path() / "package/handler.py"} << "mine";
  }
  void TearDown() override {
    for (const char* name : {"one", "two", "three"}) mounts_.remove(name);
    mounts_.close();
    EXPECT_FALSE(is_mounted(run_.path() / "cells"));
  }

  tests::TemporaryFolder run_;
  PackageMounts mounts_{run_.path() / "cells"};
};

TEST_F(Packages, ShowUpReadOnlyInWhatWasBoundBeforeAndInNothingElse) {
  const auto target = run_.path() / "target";
  const auto look = [&] {
    if (!fs::exists(target / "handler.py")) return 1;
    if (::open((target / "new").c_str(), O_CREAT | O_WRONLY, 0600) >= 0 || errno != EROFS) return 2;
    struct statvfs status {};
    if (::statvfs(target.c_str(), &status) != 0) return 3;
    return (status.f_flag & ST_NOSUID) != 0 && (status.f_flag & ST_NODEV) != 0 && (status.f_flag & ST_RDONLY) != 0 ? 0
                                                                                                                   : 4;
  };
  Inside mine{mounts_.make("one"), target, look};
  Inside other{mounts_.make("two"), target, [&] { return fs::is_empty(target) ? 0 : 1; }};

  mounts_.bind("one", run_.path() / "package");

  EXPECT_EQ(mine.look(), 0);
  EXPECT_EQ(other.look(), 0);
}

TEST_F(Packages, FollowTheFolderToItsNewName) {
  const auto target = run_.path() / "target";
  Inside mine{mounts_.make("one"), target, [&] { return fs::exists(target / "handler.py") ? 0 : 1; }};

  mounts_.rename("one", "three");
  mounts_.bind("three", run_.path() / "package");

  EXPECT_EQ(mine.look(), 0);
  mounts_.remove("three");
  EXPECT_FALSE(fs::exists(run_.path() / "cells/three"));
}

TEST_F(Packages, AreFoundAndTakenAwayByTheNextHearthd) {
  mounts_.make("one");
  mounts_.bind("one", run_.path() / "package");

  PackageMounts next{run_.path() / "cells"};
  ASSERT_TRUE(next.open());
  next.remove("one");
  EXPECT_FALSE(is_mounted(run_.path() / "cells/one"));
  EXPECT_TRUE(fs::exists(run_.path() / "package/handler.py")) << "what was bound is not touched";
}

TEST_F(Packages, StayWhileTheirFolderIsOpen) {
  mounts_.make("one");
  mounts_.close();
  EXPECT_TRUE(is_mounted(run_.path() / "cells")) << "somebody is in it";
}

TEST_F(Packages, ThatAreMissingAreAnError) {
  mounts_.make("one");
  EXPECT_THROW(mounts_.bind("one", run_.path() / "nothing"), domain::Error);
  EXPECT_THROW(mounts_.make("one"), domain::Error) << "it is there already";
}

TEST_F(Packages, AreNotNeededForACellToBecomeAReplica) {
  LinuxHost host{run_.path(), true};
  host.make_socket_folder(7, ports::kReplicaUser);
  host.remember(7, "idle");

  host.become(7, 8, "a replica's");

  EXPECT_EQ(host.remembered(), (std::map<domain::ReplicaId, std::string>{{8, "a replica's"}}));
  host.forget(8);
  EXPECT_TRUE(host.remembered().empty());
}

TEST_F(Packages, BecomeAReplicasWithItsRecord) {
  LinuxHost host{run_.path(), true};
  host.make_socket_folder(7, ports::kReplicaUser);
  host.make_package_folder(7);
  host.remember(7, "idle");

  host.become(7, 8, "a replica's");
  host.bind_package(8, run_.path() / "package");

  EXPECT_EQ(host.remembered(), (std::map<domain::ReplicaId, std::string>{{8, "a replica's"}}));
  host.forget(8);
  EXPECT_TRUE(host.remembered().empty());
  EXPECT_TRUE(fs::is_empty(run_.path() / "cells"));
}

}  // namespace
}  // namespace hearth::host
