#include "store/packages_folder.h"

#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <vector>

namespace hearth::store {
namespace {

using domain::Code;
namespace fs = std::filesystem;

// printf hello | sha256sum
const std::string kHello = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t count(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

template <class F>
domain::Fault fault_of(F action) {
  try {
    action();
  } catch (const domain::Error& error) {
    return error.fault();
  }
  return {.message = "nothing was thrown"};
}

class PackagesFolderTest : public testing::Test {
 protected:
  tests::TemporaryFolder home_;
  const fs::path folder_ = home_ / "packages";
  PackagesFolder packages_{folder_, domain::kibibytes(1)};
};

TEST_F(PackagesFolderTest, KeepsWhatWasUploadedUnderItsDigest) {
  EXPECT_FALSE(packages_.find(kHello));
  const auto upload = packages_.upload(kHello);
  upload->write("hel");
  upload->write("lo");
  EXPECT_FALSE(packages_.find(kHello)) << "before it is whole";
  EXPECT_TRUE(packages_.list().empty()) << "before it is whole";
  upload->commit();
  EXPECT_EQ(packages_.list(), std::vector{kHello});

  const auto path = packages_.find(kHello);
  ASSERT_TRUE(path);
  EXPECT_EQ(content(*path), "hello");
  EXPECT_TRUE(PackagesFolder(folder_).find(kHello)) << "after a restart";
}

TEST_F(PackagesFolderTest, TheSameMayBeUploadedTwiceAtOnce) {
  const auto one = packages_.upload(kHello);
  const auto two = packages_.upload(kHello);
  one->write("hello");
  two->write("hello");
  one->commit();
  two->commit();
  EXPECT_EQ(count(folder_), 1u);
}

TEST_F(PackagesFolderTest, RefusesBytesThatAreNotThoseOfTheDigestAndKeepsNothing) {
  {
    const auto upload = packages_.upload(kHello);
    upload->write("hellO");
    EXPECT_EQ(fault_of([&] { upload->commit(); }).code, Code::unprocessable);
  }
  EXPECT_EQ(count(folder_), 0u);
}

TEST_F(PackagesFolderTest, AnUploadThatIsGivenUpLeavesNothing) {
  packages_.upload(kHello)->write("hello");
  EXPECT_EQ(count(folder_), 0u);
}

TEST_F(PackagesFolderTest, WhatACrashCutOffIsGoneAfterTheNextStart) {
  std::ofstream(folder_ / "upload-abc123") << "hal";
  const PackagesFolder restarted{folder_};
  EXPECT_EQ(count(folder_), 0u);
}

TEST_F(PackagesFolderTest, AnUploadUnderWayOutlivesTheStartOfAnother) {
  auto upload = packages_.upload(kHello);
  upload->write("hel");
  PackagesFolder follower{folder_};
  upload->write("lo");
  upload->commit();
  EXPECT_TRUE(follower.find(kHello));
}

TEST_F(PackagesFolderTest, ADigestNeverNamesAnotherPlace) {
  const std::string digits(64, 'a');
  const std::vector<std::string> wrong{"",
                                       "sha256:",
                                       "md5:" + digits,
                                       digits,
                                       "sha256:../../../../etc/passwd",
                                       "sha256:" + std::string(64, 'A'),
                                       "sha256:" + digits + "/x"};
  for (const auto& digest : wrong) {
    EXPECT_EQ(fault_of([&] { packages_.upload(digest); }).code, Code::invalid) << digest;
    EXPECT_FALSE(packages_.find(digest)) << digest;
    packages_.remove(digest);
  }
}

TEST_F(PackagesFolderTest, RefusesMoreThanTheLimit) {
  const auto upload = packages_.upload(kHello);
  upload->write(std::string(1024, 'x'));
  const auto fault = fault_of([&] { upload->write("y"); });
  EXPECT_EQ(fault.code, Code::invalid);
  EXPECT_EQ(fault.layer, domain::Layer::limit);
}

TEST_F(PackagesFolderTest, RemovesAndTakesAnAbsentOneForRemoved) {
  const auto upload = packages_.upload(kHello);
  upload->write("hello");
  upload->commit();
  packages_.remove(kHello);
  EXPECT_FALSE(packages_.find(kHello));
  packages_.remove(kHello);
}

TEST_F(PackagesFolderTest, TellsOfAFullDiskWithItsMend) {
  // The upload's descriptor is made one whose every write says ENOSPC.
  const auto upload = packages_.upload(kHello);
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    if (fs::read_symlink(entry, ignored).string().find("/upload-") == std::string::npos) continue;
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    ASSERT_GE(full, 0);
    ASSERT_GE(::dup2(full, std::stoi(entry.path().filename())), 0);
    ::close(full);
    break;
  }
  const auto fault = fault_of([&] { upload->write("hello"); });
  EXPECT_EQ(fault.code, Code::full);
  EXPECT_EQ(fault.hint, "make room on that disk, then deploy again");
}

}  // namespace
}  // namespace hearth::store
