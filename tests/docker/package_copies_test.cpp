// Copies of what an image has in /function, as Docker gives it.
#include "engines/docker/package_copies.h"

#include "docker_world.h"
#include "domain/cells.h"
#include "engines/docker/tar.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace hearth::docker {
namespace {

namespace fs = std::filesystem;

class Copies : public testing::Test {
 protected:
  PackageCopies copies(PackageWay way) {
    return {api_, {.id = "0123456789abcdef", .secret = "s"}, folder_.path(), way, spent_};
  }

  Api api_{Location{.socket = test_socket()}};
  SpentContainers spent_;
  tests::TemporaryFolder folder_;
  const std::string image_ = make_image(api_, {"COPY server /function/sub/server", "COPY server /elsewhere"});
};

TEST_F(Copies, AreFoldersToBindOrTarsToStream) {
  auto bound = copies(PackageWay::bound);
  EXPECT_FALSE(bound.has(image_));
  EXPECT_EQ(bound.make(image_, {}).count, 0u);
  EXPECT_TRUE(fs::is_regular_file(bound.path_of(image_) / "sub/server"));

  auto streamed = copies(PackageWay::streamed);
  EXPECT_FALSE(streamed.has(image_)) << "a folder is none of its copies";
  const auto room = streamed.make(image_, {});
  EXPECT_GE(room.count, fs::file_size(bound.path_of(image_) / "sub/server"));
  EXPECT_LE(room, domain::kLargestStreamed);
  TarReader reader{streamed.path_of(image_), {}};
  EXPECT_EQ(reader.next().value().path, "sub");
  EXPECT_EQ(reader.next().value().path, "sub/server");
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(copies(PackageWay::streamed).make(image_, {}), room) << "another hearthd finds the same";

  streamed.hold(image_, "somebody");
  streamed.tidy();
  EXPECT_TRUE(streamed.has(image_));
  EXPECT_FALSE(bound.has(image_)) << "nobody holds it";
  streamed.let_go("somebody");
  streamed.tidy();
  EXPECT_FALSE(streamed.has(image_));
}

}  // namespace
}  // namespace hearth::docker
