#include "api/token.h"

#include "api/secret.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

namespace hearth::api {
namespace {

using testing::HasSubstr;
using tests::TemporaryFolder;

struct stat status_of(const std::filesystem::path& file) {
  struct stat status {};
  EXPECT_EQ(::lstat(file.c_str(), &status), 0) << file;
  return status;
}

std::string refusal_of(const std::filesystem::path& folder) {
  try {
    load_or_make_token(folder);
  } catch (const domain::Error& error) {
    return error.fault().message;
  }
  return "";
}

TEST(Token, IsMadeOnceAndReadableByItsOwnerOnly) {
  TemporaryFolder folder;
  const auto token = load_or_make_token(folder / "config/hearth");
  EXPECT_EQ(token.size(), 64u);
  EXPECT_EQ(load_or_make_token(folder / "config/hearth"), token);
  EXPECT_EQ(status_of(folder / "config/hearth/token").st_mode & 0777u, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "config/hearth"), {}), 1) << "no drafts";
  TemporaryFolder other;
  EXPECT_NE(load_or_make_token(other.path()), token);
}

TEST(Token, IsTheSameForAllWhoStartAtOnce) {
  TemporaryFolder folder;
  std::vector<std::string> tokens(8);
  {
    std::vector<std::jthread> starts;
    for (auto& token : tokens) starts.emplace_back([&] { token = load_or_make_token(folder.path()); });
  }
  EXPECT_EQ(std::set(tokens.begin(), tokens.end()).size(), 1u);
}

TEST(Token, IsRefusedWhereOthersCanReadIt) {
  TemporaryFolder folder;
  load_or_make_token(folder.path());
  for (const mode_t mode : {0644, 0640, 0604, 0620}) {
    ASSERT_EQ(::chmod((folder / "token").c_str(), mode), 0);
    EXPECT_THAT(refusal_of(folder.path()), HasSubstr("can be read by others")) << mode;
  }
  ASSERT_EQ(::chmod((folder / "token").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of(folder.path()), "");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown((folder / "token").c_str(), 65534, 65534), 0);
    EXPECT_THAT(refusal_of(folder.path()), HasSubstr("can be read by others"));
  }
}

TEST(Token, IsRefusedWhereTheFileHoldsNone) {
  TemporaryFolder folder;
  std::ofstream(folder / "token") << "short\n";
  ASSERT_EQ(::chmod((folder / "token").c_str(), 0600), 0);
  EXPECT_THAT(refusal_of(folder.path()), HasSubstr("holds no token"));
  std::filesystem::remove(folder / "token");
  std::filesystem::create_symlink("/etc/passwd", folder / "token");
  EXPECT_THAT(refusal_of(folder.path()), HasSubstr("cannot read"));
}

TEST(Token, IsGivenToWhoCalledSudoAsTheirOwnFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "acting as another user needs root";
  TemporaryFolder home;
  ASSERT_EQ(::chown(home.path().c_str(), 65534, 65534), 0);
  const Caller nobody{.user = 65534, .group = 65534, .home = home.path()};
  EXPECT_FALSE(give_token("0123456789abcdef", nobody));
  EXPECT_FALSE(give_token("fedcba9876543210", nobody)) << "a second start replaces it";
  const auto status = status_of(home / ".config/hearth/token");
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  EXPECT_EQ(status.st_uid, 65534u);
  EXPECT_EQ(status.st_gid, 65534u);
  EXPECT_EQ(status_of(home / ".config").st_uid, 65534u);
  std::string kept;
  std::ifstream(home / ".config/hearth/token") >> kept;
  EXPECT_EQ(kept, "fedcba9876543210");
}

TEST(Token, IsNeverWrittenThroughALinkIntoWhatIsRoots) {
  if (::geteuid() != 0) GTEST_SKIP() << "acting as another user needs root";
  TemporaryFolder home;
  TemporaryFolder roots;
  ASSERT_EQ(::chown(home.path().c_str(), 65534, 65534), 0);
  std::filesystem::create_directory_symlink(roots.path(), home / ".config");
  const auto fault = give_token("0123456789abcdef", {.user = 65534, .group = 65534, .home = home.path()});
  ASSERT_TRUE(fault);
  EXPECT_THAT(fault->message, HasSubstr("Permission denied"));
  EXPECT_TRUE(std::filesystem::is_empty(roots.path()));
  EXPECT_EQ(::access((roots / "x").c_str(), F_OK), -1);
  std::ofstream(roots / "still-root") << "x";
  EXPECT_EQ(status_of(roots / "still-root").st_uid, 0u) << "its own rights are back";
}

TEST(Secret, IsComparedWhole) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "ab"));
  EXPECT_FALSE(same_secret("", "a"));
  EXPECT_NE(make_secret(), make_secret());
}

}  // namespace
}  // namespace hearth::api
