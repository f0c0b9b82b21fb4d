#include "cli/package.h"

#include "fakes/temporary_folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <map>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::TemporaryFolder;

void write(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

Package packed(const fs::path& folder, domain::Bytes limit = kPackageLimit) {
  return pack(folder, scan_folder(folder, ignore_rules(folder, "")), limit, {});
}

std::vector<std::string> paths_in(const fs::path& folder, const std::string& dockerfile = "") {
  std::vector<std::string> paths;
  for (const auto& entry : scan_folder(folder, ignore_rules(folder, dockerfile))) paths.push_back(entry.path);
  return paths;
}

domain::Fault refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const domain::Error& error) {
    return error.fault();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

// What a reader of the tar finds: path → "type mode content-or-target".
std::map<std::string, std::string> unpacked(const fs::path& tar) {
  std::map<std::string, std::string> found;
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader{archive_read_new(), archive_read_free};
  archive_read_support_format_tar(reader.get());
  EXPECT_EQ(archive_read_open_filename(reader.get(), tar.c_str(), 65536), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    if (!content.empty()) archive_read_data(reader.get(), content.data(), content.size());
    const char* target = archive_entry_symlink(entry);
    std::ostringstream text;
    text << (archive_entry_filetype(entry) == AE_IFLNK   ? "l"
             : archive_entry_filetype(entry) == AE_IFDIR ? "d"
                                                         : "-")
         << std::oct << archive_entry_perm(entry) << " " << archive_entry_uid(entry) << " "
         << (target != nullptr ? target : content);
    found[archive_entry_pathname(entry)] = text.str();
  }
  return found;
}

TEST(Package, IsTheSameBytesForTheSameContents) {
  const TemporaryFolder one;
  const TemporaryFolder other;
  write(one / "a.py", "a");
  write(one / "lib/b.py", "b");
  write(other / "lib/b.py", "b");  // made in another order, at another time, with other modes
  write(other / "a.py", "a");
  fs::last_write_time(other / "a.py", fs::file_time_type::clock::now() - std::chrono::hours(999));
  fs::permissions(other / "a.py", fs::perms::owner_read | fs::perms::owner_write);
  fs::permissions(other / "lib", fs::perms::owner_all);

  const auto first = packed(one.path());
  const auto second = packed(other.path());

  EXPECT_EQ(first.digest, second.digest);
  EXPECT_THAT(first.digest, testing::MatchesRegex("sha256:[0-9a-f]{64}"));
  EXPECT_EQ(first.size, fs::file_size(first.tar.path()));
  EXPECT_EQ(first.files, 2u);
  write(other / "a.py", "A");
  EXPECT_NE(packed(other.path()).digest, first.digest);
}

TEST(Package, HoldsFilesFoldersAndLinksWithPlainOwnersAndModes) {
  const TemporaryFolder folder;
  const std::string long_name(150, 'n');
  write(folder / "run.sh", "#!/bin/sh\n");
  fs::permissions(folder / "run.sh", fs::perms::owner_all);
  write(folder / "lib/\xc3\xbc.txt", "umlaut");
  write(folder / ("deep/" + long_name + "/" + long_name), "long");
  fs::create_symlink("../run.sh", folder / "lib/link");

  const auto package = packed(folder.path());
  const auto found = unpacked(package.tar.path());

  EXPECT_EQ(found.at("run.sh"), "-755 0 #!/bin/sh\n");
  EXPECT_EQ(found.at("lib/"), "d755 0 ");
  EXPECT_EQ(found.at("lib/\xc3\xbc.txt"), "-644 0 umlaut");
  EXPECT_EQ(found.at("deep/" + long_name + "/" + long_name), "-644 0 long");
  EXPECT_EQ(found.at("lib/link"), "l755 0 ../run.sh");
}

TEST(Package, LeavesOutWhatNoFunctionNeeds) {
  const TemporaryFolder folder;
  for (const char* path : {"fn.yaml", ".fnignore", ".git/config", "handler.py", "x.pyc", "__pycache__/x", ".venv/lib",
                           "node_modules/a", "data/fn.yaml"}) {
    write(folder / path, path == std::string_view(".fnignore") ? "secret*\n" : "");
  }
  write(folder / "secret.txt", "");
  EXPECT_THAT(paths_in(folder.path()), ElementsAre("data", "data/fn.yaml", "handler.py"));
  EXPECT_THAT(paths_in(folder.path(), "./Dockerfile"), ElementsAre(".venv", ".venv/lib", "data", "data/fn.yaml",
                                                                   "handler.py", "node_modules", "node_modules/a"));
}

TEST(Package, HeedsADockerignoreForADockerfileOnly) {
  const TemporaryFolder folder;
  write(folder / ".dockerignore", "skip\nDockerfile\n.dockerignore\n");
  write(folder / "skip", "");
  write(folder / "Dockerfile", "");
  EXPECT_THAT(paths_in(folder.path(), "./Dockerfile"), ElementsAre(".dockerignore", "Dockerfile"));
  EXPECT_THAT(paths_in(folder.path()), ElementsAre(".dockerignore", "Dockerfile", "skip"));
}

TEST(Package, RefusesLinksThatLeadOut) {
  const char* targets[] = {"/etc/passwd", "../outside", "../../etc/passwd", "lib/../../outside", "up/../../x"};
  for (const auto* target : targets) {
    const TemporaryFolder parent;
    const auto folder = parent / "function";
    write(folder / "lib/a", "");
    write(parent / "outside", "secret");
    fs::create_directory_symlink("lib", folder / "up");
    fs::create_symlink(target, folder / "link");
    const auto fault = refusal([&] { paths_in(folder); });
    EXPECT_THAT(fault.message, HasSubstr("link is a link to " + std::string(target))) << target;
    EXPECT_THAT(fault.message, HasSubstr("leads out of the folder")) << target;
  }
}

TEST(Package, RefusesALinkThatGoesOutByWayOfAnother) {
  const TemporaryFolder parent;
  const auto folder = parent / "function";
  write(folder / "deep/er/a", "");
  fs::create_directory_symlink("deep/er", folder / "door");
  fs::create_symlink("door/../../../outside", folder / "link");  // by its words: ./../outside
  EXPECT_THAT(refusal([&] { paths_in(folder); }).message, HasSubstr("leads out of the folder"));
}

TEST(Package, RefusesALoopOfLinks) {
  const TemporaryFolder folder;
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  EXPECT_THAT(refusal([&] { paths_in(folder.path()); }).message, HasSubstr("is a link that leads nowhere"));
}

TEST(Package, IgnoresALinkThatFnignoreNames) {
  const TemporaryFolder folder;
  write(folder / ".fnignore", "out\n");
  fs::create_symlink("/etc", folder / "out");
  EXPECT_TRUE(paths_in(folder.path()).empty());
}

TEST(Package, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const auto fault = refusal([&] { paths_in(folder.path()); });
  EXPECT_EQ(fault.message, "pipe is neither a file, a folder nor a link, and cannot be packed");
  EXPECT_EQ(fault.hint, "leave it out by a line in .fnignore");
}

TEST(Package, NamesTheLargestFileOfOneThatIsTooLarge) {
  const TemporaryFolder folder;
  write(folder / "small", "x");
  write(folder / "model.bin", "");
  fs::resize_file(folder / "model.bin", 3 << 20);
  const auto fault = refusal([&] { packed(folder.path(), domain::mebibytes(2)); });
  EXPECT_EQ(fault.layer, domain::Layer::limit);
  EXPECT_THAT(fault.message, HasSubstr("its largest file is model.bin with 3 MiB"));
  EXPECT_THAT(fault.hint, HasSubstr(".fnignore"));
}

TEST(Package, RefusesAFileThatChangesMeanwhile) {
  const TemporaryFolder folder;
  write(folder / "a", "longer");
  auto entries = scan_folder(folder.path(), ignore_rules(folder.path(), ""));
  write(folder / "a", "short");
  EXPECT_EQ(refusal([&] { pack(folder.path(), entries, kPackageLimit, {}); }).message, "a changed while it was packed");
  write(folder / "a", "much longer");
  EXPECT_EQ(refusal([&] { pack(folder.path(), entries, kPackageLimit, {}); }).message, "a changed while it was packed");
}

TEST(Package, DoesNotFollowAFileThatBecameALink) {
  const TemporaryFolder folder;
  write(folder / "a", "12345");
  auto entries = scan_folder(folder.path(), ignore_rules(folder.path(), ""));
  fs::remove(folder / "a");
  write(folder / "target", "12345");
  fs::create_symlink("target", folder / "a");
  EXPECT_THAT(refusal([&] { pack(folder.path(), entries, kPackageLimit, {}); }).message, HasSubstr("cannot be read"));
}

TEST(Package, StopsWhenInterrupted) {
  const TemporaryFolder folder;
  write(folder / "a", "x");
  std::stop_source source;
  source.request_stop();
  const auto entries = scan_folder(folder.path(), ignore_rules(folder.path(), ""));
  EXPECT_EQ(refusal([&] { pack(folder.path(), entries, kPackageLimit, source.get_token()); }).code,
            domain::Code::cancelled);
}

TEST(Package, LeavesNoTemporaryFileBehind) {
  const TemporaryFolder folder;
  write(folder / "a", "x");
  fs::path tar;
  {
    const auto package = packed(folder.path());
    tar = package.tar.path();
    EXPECT_TRUE(fs::exists(tar));
  }
  EXPECT_FALSE(fs::exists(tar));
}

}  // namespace
}  // namespace hearth::cli
