#include "engines/docker/package_tar.h"

#include "engines/docker/build_context.h"
#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <archive.h>
#include <archive_entry.h>

#include <map>

namespace hearth::docker {
namespace {

using Kind = TarEntry::Kind;

class PackageTar : public testing::Test {
 protected:
  // What an image has: a folder, a file that may be run, one that may not, a link, and something else.
  void fill() {
    TarWriter writer{image_.descriptor()};
    writer.begin({.kind = Kind::folder, .path = "function"});
    writer.begin({.kind = Kind::folder, .path = "function/sub"});
    writer.add_file("function/sub/run", "#!/bin/sh", true);
    writer.add_file("function/handler.py", std::string(5000, 'x'));
    writer.begin({.kind = Kind::link, .path = "function/again", .target = "handler.py"});
    writer.add_file("other/file", "not of the package");
    writer.finish();
    image_.rewind();
  }

  // Mode by path, in their order.
  static std::vector<std::pair<std::string, mode_t>> modes(int tar) {
    const std::unique_ptr<archive, int (*)(archive*)> from{archive_read_new(), archive_read_free};
    archive_read_support_format_tar(from.get());
    EXPECT_EQ(archive_read_open_fd(from.get(), tar, 64 << 10), ARCHIVE_OK);
    std::vector<std::pair<std::string, mode_t>> all;
    for (archive_entry* entry = nullptr; archive_read_next_header(from.get(), &entry) == ARCHIVE_OK;) {
      all.emplace_back(archive_entry_pathname(entry), archive_entry_perm(entry));
    }
    return all;
  }

  tests::TemporaryFolder folder_;
  Spool image_{folder_.path()};
  Spool package_{folder_.path()};
};

TEST_F(PackageTar, HasWhatIsInTheFolderReadOnlyAndTheFolderItselfLast) {
  fill();
  TarReader reader{image_.descriptor(), {}};
  write_package(reader, "function", package_.descriptor(), domain::mebibytes(1));
  package_.rewind();
  EXPECT_EQ(modes(package_.descriptor()),
            (std::vector<std::pair<std::string, mode_t>>{
                {"sub/", 0555}, {"sub/run", 0555}, {"handler.py", 0444}, {"again", 0777}, {"./", 0555}}));
}

TEST_F(PackageTar, TakesWholePagesOfACellsMemory) {
  fill();
  TarReader reader{image_.descriptor(), {}};
  const auto room = write_package(reader, "function", package_.descriptor(), domain::mebibytes(1));
  EXPECT_EQ(room.count, 4 * 1024 + 4096 + 8192);
  package_.rewind();
  EXPECT_EQ(room_of_package(package_.descriptor()), room) << "the same when it is looked at again";
}

TEST_F(PackageTar, IsNotReadOnPastWhatThereIsRoomFor) {
  fill();
  TarReader reader{image_.descriptor(), {}};
  const domain::Bytes most{7000};
  EXPECT_GT(write_package(reader, "function", package_.descriptor(), most), most);
}

}  // namespace
}  // namespace hearth::docker
