#include "host/container_group.h"

#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>

namespace hearth::host {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream{file} << text;
}

TEST(ContainerGroup, IsFoundWhereEitherDriverOfEitherVersionPutsIt) {
  for (const auto* place : {"docker/abc", "system.slice/docker-abc.scope"}) {
    const tests::TemporaryFolder first;
    write(first.path() / "memory" / place / "memory.limit_in_bytes", "67108864\n");
    write(first.path() / "memory" / place / "memory.max_usage_in_bytes", "67104768\n");
    const auto old = read_memory(first.path(), "abc");
    ASSERT_TRUE(old) << place;
    EXPECT_EQ(old->limit, domain::mebibytes(64));
    EXPECT_EQ(old->peak, domain::Bytes{67104768});

    const tests::TemporaryFolder second;
    write(second.path() / "cgroup.controllers", "memory pids\n");
    write(second.path() / place / "memory.max", "67108864\n");
    const auto without = read_memory(second.path(), "abc");
    ASSERT_TRUE(without) << place;
    EXPECT_FALSE(without->peak);  // an older kernel
    write(second.path() / place / "memory.peak", "1048576\n");
    EXPECT_EQ(read_memory(second.path(), "abc")->peak, domain::mebibytes(1));
  }
}

TEST(ContainerGroup, IsNoneWhereItIsGone) {
  const tests::TemporaryFolder root;
  write(root.path() / "cgroup.controllers", "memory\n");
  EXPECT_FALSE(read_memory(root.path(), "abc"));
  EXPECT_FALSE(find_group(root.path(), "memory", ""));
  write(root.path() / "docker/abc/memory.max", "max\n");
  EXPECT_FALSE(read_memory(root.path(), "abc"));  // no limit to tell of
}

std::string read(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

TEST(ContainerGroup, TakesAnAllowanceInEitherVersion) {
  const ports::Allowance allowance{.memory = domain::mebibytes(128), .cpu_millis = 250, .processes = 33};

  const tests::TemporaryFolder first;
  write(first.path() / "memory/docker/abc/memory.limit_in_bytes", "268435456");
  write(first.path() / "memory/docker/abc/memory.memsw.limit_in_bytes", "268435456");
  write(first.path() / "cpu/docker/abc/cpu.cfs_quota_us", "-1");
  write(first.path() / "cpu/docker/abc/cpu.cfs_period_us", "50000");
  write(first.path() / "pids/docker/abc/pids.max", "65");
  ASSERT_TRUE(write_allowance(first.path(), "abc", allowance));
  EXPECT_TRUE(read(first.path() / "memory/docker/abc/memory.limit_in_bytes").starts_with("134217728"));
  EXPECT_TRUE(read(first.path() / "memory/docker/abc/memory.memsw.limit_in_bytes").starts_with("134217728"));
  EXPECT_TRUE(read(first.path() / "cpu/docker/abc/cpu.cfs_quota_us").starts_with("25000"));
  EXPECT_TRUE(read(first.path() / "cpu/docker/abc/cpu.cfs_period_us").starts_with("100000"));
  EXPECT_TRUE(read(first.path() / "pids/docker/abc/pids.max").starts_with("33"));

  const tests::TemporaryFolder second;
  write(second.path() / "cgroup.controllers", "memory cpu pids");
  for (const char* file : {"memory.max", "cpu.max", "pids.max"}) write(second.path() / "docker/abc" / file, "max");
  ASSERT_TRUE(write_allowance(second.path(), "abc", allowance));
  EXPECT_EQ(read(second.path() / "docker/abc/memory.max"), "134217728");
  EXPECT_EQ(read(second.path() / "docker/abc/cpu.max"), "25000 100000");
  EXPECT_TRUE(read(second.path() / "docker/abc/pids.max").starts_with("33"));

  EXPECT_FALSE(write_allowance(second.path(), "another", allowance));
}

TEST(ContainerGroup, CountsRefusedProcesses) {
  const tests::TemporaryFolder root;
  EXPECT_EQ(read_refusals(root.path()), 0u);
  write(root.path() / "pids.events", "max 17\nmax.imposed 3\n");
  EXPECT_EQ(read_refusals(root.path()), 17u);
}

}  // namespace
}  // namespace hearth::host
