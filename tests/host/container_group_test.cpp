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

TEST(ContainerGroup, CountsRefusedProcesses) {
  const tests::TemporaryFolder root;
  EXPECT_EQ(read_refusals(root.path()), 0u);
  write(root.path() / "pids.events", "max 17\nmax.imposed 3\n");
  EXPECT_EQ(read_refusals(root.path()), 17u);
}

}  // namespace
}  // namespace hearth::host
