// The file that remembers a hearthd, and its lock.
#include "cli/daemon.h"

#include "domain/error.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace hearth::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

domain::Fault refusal(const std::filesystem::path& folder, std::stop_token stop, std::chrono::milliseconds patience) {
  try {
    const PidFile file(folder, std::move(stop), patience);
  } catch (const domain::Error& error) {
    return error.fault();
  }
  ADD_FAILURE() << "the lock was given";
  return {};
}

TEST(PidFileLock, LetsNobodyElseOpenItsFile) {
  const tests::TemporaryFolder folder;
  std::ofstream(folder / "hearthd.pid") << "";  // left by a version that opened it to all
  ::chmod((folder / "hearthd.pid").c_str(), 0644);
  const PidFile file(folder.path());
  EXPECT_EQ(mode_of(folder / "hearthd.pid"), 0600u);
}

TEST(PidFileLock, TellsWhoHoldsItInsteadOfWaitingForEver) {
  const tests::TemporaryFolder folder;
  const PidFile held(folder.path());
  const auto fault = refusal(folder.path(), {}, 1ms);
  EXPECT_EQ(fault.code, domain::Code::conflict);
  EXPECT_THAT(fault.message, HasSubstr("hearthd.pid"));
  EXPECT_THAT(fault.hint, HasSubstr("fuser"));
}

TEST(PidFileLock, StopsWaitingWhenItIsInterrupted) {
  const tests::TemporaryFolder folder;
  const PidFile held(folder.path());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(refusal(folder.path(), stop.get_token(), 1h).code, domain::Code::cancelled);
}

TEST(PidFileLock, IsFreeOnceItsOwnerIsGone) {
  const tests::TemporaryFolder folder;
  { const PidFile held(folder.path()); }
  const PidFile file(folder.path(), {}, 0ms);
  EXPECT_FALSE(file.running());
}

}  // namespace
}  // namespace hearth::cli
