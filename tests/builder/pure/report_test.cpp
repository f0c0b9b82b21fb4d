#include "engines/docker/build_report.h"

#include "engines/docker/build_codec.h"
#include "engines/docker/images.h"
#include "engines/docker/runtime_images.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth::docker {
namespace {

using domain::Code;
using domain::Layer;

class BuildReportTest : public testing::Test {
 protected:
  std::string shown_;
  const ports::BuildOutput output_ = [this](std::string_view text) { shown_ += text; };
  BuildReport report_{output_};
};

TEST_F(BuildReportTest, HandsOutputOnAndFindsTheImageHoweverTheStreamIsCut) {
  const std::string stream =
      "{\"stream\":\"Step 1/2 : FROM x\\n\"}\r\n{\"stream\":\" ---\\u003e abc\\n\"}\r\n"
      "{\"aux\":{\"ID\":\"sha256:12\"}}\r\n{\"stream\":\"Successfully built 12\\n\"}";
  for (const char byte : stream) report_.feed({&byte, 1});
  report_.end();
  EXPECT_EQ(report_.image(), "sha256:12");
  EXPECT_FALSE(report_.failed());
  EXPECT_EQ(shown_, "Step 1/2 : FROM x\n ---> abc\nSuccessfully built 12\n");
}

TEST_F(BuildReportTest, AFailureNamesTheStepAndShowsItsLastLinesAlone) {
  report_.feed("{\"stream\":\"Step 1/3 : FROM x\\n\"}\n{\"stream\":\"of step one\\n\"}\n");
  report_.feed("{\"stream\":\"Step 2/3 : RUN make\\n\"}\n{\"stream\":\"cc: no such\"}\n{\"stream\":\" file\\n\"}\n");
  report_.feed("{\"errorDetail\":{\"code\":2,\"message\":\"returned 2\"},\"error\":\"returned 2\"}\n");
  const auto fault = report_.fault();
  EXPECT_EQ(fault.code, Code::invalid);
  EXPECT_EQ(fault.layer, Layer::client);
  EXPECT_EQ(fault.message, "Step 2/3 : RUN make failed: returned 2");
  EXPECT_EQ(fault.detail, "cc: no such file\n");
}

TEST_F(BuildReportTest, ABaseThatIsNotThereHasAMendOfItsOwn) {
  report_.feed("{\"stream\":\"Step 1/2 : FROM python:3.12\\n\"}\n{\"error\":\"no such host\"}\n");
  EXPECT_EQ(report_.fault().message, "Step 1/2 : FROM python:3.12 failed: no such host");
  EXPECT_NE(report_.fault().hint.find("docker load"), std::string::npos);
}

TEST_F(BuildReportTest, AFullDiskIsNotTheUsersFault) {
  report_.feed("{\"error\":\"write /x: no space left on device\"}\n");
  EXPECT_EQ(report_.fault().code, Code::unavailable);
  EXPECT_NE(report_.fault().hint, "");
}

TEST_F(BuildReportTest, OfALongStepTheEndIsKept) {
  LastLines last;
  for (int i = 0; i < 1000; ++i) last.feed("line " + std::to_string(i) + "\n");
  last.feed(std::string(10'000, 'x'));
  EXPECT_EQ(last.text().substr(0, 9), "line 970\n");
  EXPECT_LT(last.text().size(), 1000u);
}

TEST(BuildCodec, CountingBytesIsNotShown) {
  EXPECT_EQ(read_progress(R"({"status":"Downloading","id":"a","progressDetail":{"current":1}})").text, "");
  EXPECT_EQ(read_progress(R"({"status":"Pull complete","id":"a","progressDetail":{}})").text, "a: Pull complete\n");
  EXPECT_EQ(read_progress("not json").text, "");
}

TEST(BuildCodec, FramesAreTakenApartHoweverTheyAreCut) {
  const std::string frames = std::string("\1\0\0\0\0\0\0\3one", 11) + std::string("\2\0\0\0\0\0\0\4 two", 12);
  for (std::size_t cut = 0; cut < frames.size(); ++cut) {
    Demultiplexer demultiplexer;
    std::string text = demultiplexer.feed(frames.substr(0, cut));
    text += demultiplexer.feed(frames.substr(cut));
    EXPECT_EQ(text, "one two");
  }
}

TEST(ImageNames, AreSplitAtTheTagAndNotAtThePort) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(split_name("a"), (Pair{"a", "latest"}));
  EXPECT_EQ(split_name("a:1"), (Pair{"a", "1"}));
  EXPECT_EQ(split_name("host:5000/a"), (Pair{"host:5000/a", "latest"}));
  EXPECT_EQ(split_name("host:5000/a:1"), (Pair{"host:5000/a", "1"}));
  EXPECT_EQ(split_name("a@sha256:12"), (Pair{"a", "sha256:12"}));
}

TEST(Requirements, ThatNameFilesOfThePackageAreKnown) {
  EXPECT_FALSE(names_files("# -r x\nsix==1.16.0 --hash=sha256:1\n  requests>=2 ; python_version > '3'\n"));
  EXPECT_FALSE(names_files("{\"dependencies\": {\"a\": \"1\"}}\n//registry.example.org/:_authToken=x\n"));
  EXPECT_TRUE(names_files("{\n  \"workspaces\": [\"packages/*\"]\n}\n"));
  EXPECT_TRUE(names_files("-r more.txt\n"));
  EXPECT_TRUE(names_files("six\n./local\n"));
  EXPECT_TRUE(names_files("thing @ file:./thing\n"));
  EXPECT_TRUE(names_files("wheels/six.whl\n"));
}

}  // namespace
}  // namespace hearth::docker
