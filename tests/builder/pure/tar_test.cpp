#include "engines/docker/tar.h"

#include "builder/make_tar.h"
#include "engines/docker/build_context.h"
#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace hearth::docker {
namespace {

using domain::Code;
using tests::make_tar;
using tests::Member;

class TarTest : public testing::Test {
 protected:
  // "" when it comes through whole, else the message of its refusal.
  std::string refusal_of(const std::vector<Member>& members, TarLimits limits = {}) {
    make_tar(package_, members);
    return refusal_of_file(limits);
  }
  std::string refusal_of_file(TarLimits limits = {}) {
    try {
      TarReader reader{package_, limits};
      while (const auto entry = reader.next()) {
        while (!reader.read().empty()) {
        }
      }
      return "";
    } catch (const domain::Error& error) {
      EXPECT_EQ(error.fault().code, Code::invalid);
      EXPECT_EQ(error.fault().layer, domain::Layer::client);
      return error.what();
    }
  }
  std::string normal_form(const std::vector<Member>& members) {
    make_tar(package_, members);
    Spool spool{home_.path()};
    TarWriter writer{spool.descriptor()};
    TarReader reader{package_, {}};
    copy_entries(reader, writer, "function/");
    writer.finish();
    spool.rewind();
    std::string bytes(spool.size(), '\0');
    EXPECT_EQ(spool.read(bytes.data(), bytes.size()), bytes.size());
    return bytes;
  }

  tests::TemporaryFolder home_;
  const std::filesystem::path package_ = home_ / "package.tar";
};

TEST_F(TarTest, APlainPackageComesThrough) {
  EXPECT_EQ(refusal_of({{.path = "./", .type = AE_IFDIR, .mode = 0755},
                        {.path = "./handler.py", .content = "x"},
                        {.path = "src", .type = AE_IFDIR},
                        {.path = "src/", .type = AE_IFDIR},
                        {.path = "src/link.py", .type = AE_IFLNK, .link = "../handler.py"},
                        {.path = "top.py", .type = AE_IFLNK, .link = "src/link.py"}}),
            "");
}

TEST_F(TarTest, WhatLeadsOutOrIsNoFileIsRefusedByName) {
  const std::vector<std::pair<std::vector<Member>, std::string>> table{
      {{{.path = "/etc/passwd"}}, "an entry outside of it: /etc/passwd"},
      {{{.path = "../x"}}, "an entry outside of it: ../x"},
      {{{.path = "a/../../x"}}, "an entry outside of it: a/../../x"},
      {{{.path = "a", .type = AE_IFLNK, .link = "/etc"}}, "a link that leads out of it: a → /etc"},
      {{{.path = "a", .type = AE_IFLNK, .link = ".."}}, "a link that leads out of it: a → .."},
      {{{.path = "d/a", .type = AE_IFLNK, .link = "../../x"}}, "a link that leads out of it"},
      {{{.path = "d/a", .type = AE_IFLNK, .link = "x/../../../y"}}, "a link that leads out of it"},
      {{{.path = "a"}, {.path = "b", .link = "a"}}, "a hard link: b"},
      {{{.path = "b", .link = "/etc/shadow"}}, "a hard link: b"},
      {{{.path = "dev", .type = AE_IFCHR}}, "a device, a pipe or a socket: dev"},
      {{{.path = "dev", .type = AE_IFBLK}}, "a device, a pipe or a socket: dev"},
      {{{.path = "pipe", .type = AE_IFIFO}}, "a device, a pipe or a socket: pipe"},
      {{{.path = "a", .type = AE_IFLNK, .link = "b"}, {.path = "a/x"}}, "a/x below what is no folder"},
      {{{.path = "a"}, {.path = "a/b/x"}}, "a/b/x below what is no folder"},
      {{{.path = "a"}, {.path = "./a"}}, "a twice"},
      {{{.path = "a", .type = AE_IFDIR}, {.path = "a", .type = AE_IFLNK, .link = "b"}}, "a twice"},
  };
  for (const auto& [members, words] : table) {
    EXPECT_NE(refusal_of(members).find(words), std::string::npos) << words << " / " << refusal_of(members);
  }
}

TEST_F(TarTest, SizesAreBounded) {
  EXPECT_NE(refusal_of({{.path = "a", .content = std::string(2048, 'x')}}, {.unpacked = domain::kibibytes(1)}), "");
  EXPECT_NE(refusal_of({{.path = "a"}, {.path = "b"}, {.path = "c"}}, {.entries = 2}), "");
}

TEST_F(TarTest, WhatIsNotAWholeTarIsRefused) {
  std::ofstream(package_, std::ios::binary) << "PK\x03\x04 this is a zip, or nothing at all, of some length";
  EXPECT_NE(refusal_of_file(), "");
  make_tar(package_, {{.path = "a", .content = std::string(100'000, 'x')}});
  std::filesystem::resize_file(package_, 50'000);
  EXPECT_NE(refusal_of_file(), "");
}

TEST_F(TarTest, OwnersTimesAndModesDoNotShowInTheNormalForm) {
  const auto one = normal_form({{.path = "a", .content = "x", .mode = 0600, .time = 1, .owner = 5},
                                {.path = "run", .content = "y", .mode = 0700}});
  const auto two = normal_form({{.path = "./a", .content = "x", .mode = 0666, .time = 2'000'000'000, .owner = 0},
                                {.path = "run", .content = "y", .mode = 04755}});
  EXPECT_EQ(one, two);
  EXPECT_NE(one, normal_form({{.path = "a", .content = "x"}, {.path = "run", .content = "y"}})) << "still executable";
}

TEST_F(TarTest, AnIndexSaysWhatThereIs) {
  tests::make_package(package_, {{"handler.py", "x"}, {"requirements.txt", "six\n"}, {"src/b.py", ""}});
  const auto index = look_through(package_, {"requirements.txt"}, {});
  EXPECT_TRUE(index.has("src/b.py"));
  EXPECT_EQ(index.contents.at("requirements.txt"), "six\n");
  EXPECT_EQ(index.describe(), "it has handler.py, requirements.txt, src/b.py");
}

}  // namespace
}  // namespace hearth::docker
