#include "store/sqlite_store.h"

#include "domain/error.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fstream>

namespace hearth::store {
namespace {

using domain::Code;
using domain::Fault;
using testing::HasSubstr;
using tests::TemporaryFolder;

template <class Attempt>
Fault fault_of(const Attempt& attempt) {
  try {
    attempt();
  } catch (const domain::Error& error) {
    return error.fault();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

void run_sql(const std::filesystem::path& file, const char* sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

TEST(SqliteStore, KeepsItsInstallationAndItsDocumentsWhenOpenedAgain) {
  TemporaryFolder folder;
  std::string installation;
  std::uint64_t version = 0;
  {
    SqliteStore store(folder / "state/hearth.db");
    installation = store.installation();
    version = store.put("key", "body", 0).value();
  }
  SqliteStore store(folder / "state/hearth.db");
  EXPECT_EQ(store.installation(), installation);
  EXPECT_THAT(installation, testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(installation.size(), 16u);
  EXPECT_EQ(store.get("key")->version, version);
  EXPECT_GT(store.put("key", "other", version).value(), version);
}

TEST(SqliteStore, OnceClosedIsAnothersToOpenAndRefusesEverything) {
  TemporaryFolder folder;
  SqliteStore before(folder / "hearth.db");
  ASSERT_TRUE(before.put("key", "body", 0));
  before.close();
  SqliteStore after(folder / "hearth.db");
  EXPECT_EQ(after.get("key")->body, "body");
  try {
    before.put("key", "late", 1);
    ADD_FAILURE() << "a second writer";
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, domain::Code::unavailable);
  }
}

TEST(SqliteStore, IsReadableByItsOwnerOnly) {
  TemporaryFolder folder;
  SqliteStore store(folder / "hearth.db");
  store.put("key", "body", 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u) << entry.path();
  }
}

TEST(SqliteStore, RefusesAFileThatAnotherHearthdUses) {
  TemporaryFolder folder;
  SqliteStore first(folder / "hearth.db");
  const auto fault = fault_of([&] { SqliteStore second(folder / "hearth.db"); });
  EXPECT_EQ(fault.code, Code::unavailable);
  EXPECT_THAT(fault.message, HasSubstr("another hearthd"));
  EXPECT_THAT(fault.hint, HasSubstr("fn down"));
}

TEST(SqliteStore, RefusesAFileThatIsNoDatabaseAndLeavesItAlone) {
  TemporaryFolder folder;
  const std::string garbage(5000, 'x');
  std::ofstream(folder / "hearth.db") << garbage;
  EXPECT_THAT(fault_of([&] { SqliteStore store(folder / "hearth.db"); }).message, HasSubstr("no Hearth store"));
  std::ifstream file(folder / "hearth.db");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), garbage);
}

TEST(SqliteStore, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  TemporaryFolder folder;
  run_sql(folder / "hearth.db", "CREATE TABLE bookmarks (url)");
  const auto before = std::filesystem::last_write_time(folder / "hearth.db");
  EXPECT_THAT(fault_of([&] { SqliteStore store(folder / "hearth.db"); }).message, HasSubstr("another program"));
  EXPECT_EQ(std::filesystem::last_write_time(folder / "hearth.db"), before);
}

TEST(SqliteStore, RefusesASchemaOfANewerHearthd) {
  TemporaryFolder folder;
  { SqliteStore store(folder / "hearth.db"); }
  run_sql(folder / "hearth.db", "PRAGMA user_version = 99");
  const auto fault = fault_of([&] { SqliteStore store(folder / "hearth.db"); });
  EXPECT_THAT(fault.message, HasSubstr("newer hearthd"));
  EXPECT_FALSE(fault.hint.empty());
}

TEST(SqliteStore, TellsOfADamagedFile) {
  TemporaryFolder folder;
  {
    SqliteStore store(folder / "hearth.db");
    const std::string body(2000, 'x');
    for (int i = 0; i < 20; ++i) store.put("key" + std::to_string(i), body, 0);
  }
  {
    std::fstream file(folder / "hearth.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(16384, '\xa5');
  }
  const auto fault = fault_of([&] {
    SqliteStore store(folder / "hearth.db");
    store.list("", "", 100);
  });
  EXPECT_EQ(fault.code, Code::unavailable);
  EXPECT_THAT(fault.message, HasSubstr("damaged"));
}

TEST(SqliteStore, TellsOfAFolderThatItMayNotWrite) {
  TemporaryFolder folder;
  std::ofstream(folder / "file") << "in the way";
  const auto fault = fault_of([&] { SqliteStore store(folder / "file/hearth.db"); });
  EXPECT_EQ(fault.code, Code::unavailable);
  EXPECT_THAT(fault.message, HasSubstr("state folder"));
  EXPECT_FALSE(fault.hint.empty());
}

// A child writes and says so after each write, until it is killed in the middle of one.
TEST(SqliteStore, LosesNothingThatWasAcknowledgedWhenItIsKilled) {
  TemporaryFolder folder;
  const auto file = folder / "hearth.db";
  std::uint32_t acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      SqliteStore store(file);
      for (std::uint32_t next = acknowledged + 1;; ++next) {
        const auto seen = store.get("last");
        if (!store.put("last", std::to_string(next), seen ? seen->version : 0)) ::_exit(1);
        if (!store.put("all/" + std::to_string(next), "x", 0)) ::_exit(1);
        if (::write(ends[1], &next, sizeof next) != sizeof next) ::_exit(1);
      }
    }
    ::close(ends[1]);
    for (int i = 0; i < 10 + round; ++i) {
      std::uint32_t told = 0;
      ASSERT_EQ(::read(ends[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
      acknowledged = told;
    }
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    for (std::uint32_t told = 0; ::read(ends[0], &told, sizeof told) > 0;) acknowledged = told;
    ::close(ends[0]);

    SqliteStore store(file);
    for (std::uint32_t i = 1; i <= acknowledged; ++i) ASSERT_TRUE(store.get("all/" + std::to_string(i))) << i;
    // At most the write that was under way is there besides.
    if (const auto extra = store.get("all/" + std::to_string(acknowledged + 1))) ++acknowledged;
    EXPECT_FALSE(store.get("all/" + std::to_string(acknowledged + 1)));
    const auto last = store.get("last");
    if (std::stoul(last->body) > acknowledged) store.put("last", std::to_string(acknowledged), last->version);
  }
}

// On a file system of one MiB.
TEST(SqliteStore, TellsOfAFullDiskAndGoesOnWhenThereIsRoomAgain) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  TemporaryFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "cannot mount a tmpfs here";
  {
    SqliteStore store(folder / "hearth.db");
    const auto ballast = folder / "ballast";
    std::ofstream(ballast) << std::string(400'000, 'x');
    const std::string body(50'000, 'x');
    int kept = 0;
    const auto fault = fault_of([&] {
      for (;; ++kept) store.put("key" + std::to_string(100 + kept), body, 0);
    });
    EXPECT_EQ(fault.code, Code::full);
    EXPECT_THAT(fault.message, HasSubstr("full"));
    EXPECT_FALSE(fault.hint.empty());
    EXPECT_GT(kept, 0);
    EXPECT_EQ(store.list("key", "", 100).size(), static_cast<std::size_t>(kept));

    std::filesystem::remove(ballast);
    EXPECT_TRUE(store.put("again", body, 0));
    EXPECT_EQ(store.get("again")->body, body);
  }
  EXPECT_EQ(::umount(folder.path().c_str()), 0);
}

}  // namespace
}  // namespace hearth::store
