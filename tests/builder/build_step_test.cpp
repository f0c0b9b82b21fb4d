// Runtimes whose packages are built: what their template.yaml may ask for, on a real engine.
#include "builder/builder_fixture.h"

#include <fstream>

namespace hearth::docker {
namespace {

// A runtime of the test's own, whose build is a line of shell.
class BuildStepTest : public BuilderTest {
 protected:
  void SetUp() override {
    BuilderTest::SetUp();
    runtime_.name = "t" + installation_.id;
    runtime_.folder = home_ / "runtime";
    runtime_.bases = {"debian:bookworm-slim"};
    std::filesystem::create_directory(runtime_.folder);
    std::ofstream(runtime_.folder / "Dockerfile")
        << "ARG BASE\nFROM ${BASE} AS run\nFROM run AS builder\nRUN echo " << runtime_.name << "\n";
  }
  void TearDown() override {
    BuilderTest::TearDown();
    const std::string filter = R"({"reference":["hearth/runtime-)" + runtime_.name + R"(*"]})";
    for (const auto& name : read_names(list("/images/json?filters=" + net::url_encode(filter)))) images_.untag(name);
  }

  void builds_by(const std::string& script) { runtime_.build = {.command = {"sh", "-euc", script}, .folder = "/out"}; }
  std::string build_with(const std::map<std::string, std::string>& files, const std::string& handler = "",
                         bool debug = false) {
    auto own = settings();
    own.runtimes = {runtime_};
    Builder builder{api_, own, spent_};
    if (!undebuggable_.empty()) builder.refuse_debuggers(undebuggable_);
    const auto package = home_ / "package.tar";
    tests::make_package(package, files);
    auto wanted = revision(++number_);
    wanted.spec.runtime = runtime_.name;
    wanted.spec.handler = handler;
    wanted.spec.debug = debug;
    wanted.package = "sha256:" + std::to_string(number_);
    built_.push_back(wanted);
    output_.clear();
    return builder.build(wanted, package, [this](std::string_view text) { output_ += text; }, {});
  }
  domain::Fault fault_with(const std::map<std::string, std::string>& files, const std::string& handler = "",
                           bool debug = false) {
    try {
      build_with(files, handler, debug);
    } catch (const domain::Error& error) {
      return error.fault();
    }
    return {.message = "nothing was thrown"};
  }

  Runtime runtime_;
  std::uint64_t number_ = 0;
  std::string undebuggable_;
};

TEST_F(BuildStepTest, WhatABuildLeavesIsTheFunctionAndNothingElse) {
  builds_by(
      "mkdir -p /out/lib; cat source.txt > /out/main; chmod +x /out/main; ln -s ../main /out/lib/link; echo made");
  const auto image = build_with({{"source.txt", "hello\n"}});
  EXPECT_THAT(output_, HasSubstr("made\n"));
  EXPECT_EQ(
      run(image, {"sh", "-c", "find /function -mindepth 1 | sort; cat /function/lib/link; test -x /function/main"}),
      "/function/lib\n/function/lib/link\n/function/main\nhello\n");
}

TEST_F(BuildStepTest, ABuildFindsWhatEarlierOnesOfItsNamespaceLeftInTheCache) {
  builds_by("mkdir /out; cat /cache/seen > /out/seen 2>/dev/null || touch /out/seen; cat source.txt >> /cache/seen");
  build_with({{"source.txt", "one\n"}});
  const auto image = build_with({{"source.txt", "two\n"}});
  EXPECT_EQ(run(image, {"cat", "/function/seen"}), "one\n");
}

TEST_F(BuildStepTest, AFailedBuildShowsItsLastLines) {
  builds_by("echo main.x:3: no such word >&2; exit 2");
  const auto fault = fault_with({{"source.txt", ""}});
  EXPECT_EQ(fault.code, Code::invalid);
  EXPECT_EQ(fault.layer, Layer::client);
  EXPECT_EQ(fault.message, "building it with runtime " + runtime_.name + " failed with exit code 2");
  EXPECT_EQ(fault.detail, "main.x:3: no such word\n");
  EXPECT_FALSE(has_containers_of_ours());
}

TEST_F(BuildStepTest, ABuildThatLeavesNothingIsTheTemplatesFault) {
  builds_by("true");
  const auto fault = fault_with({{"source.txt", ""}});
  EXPECT_EQ(fault.code, Code::internal);
  EXPECT_THAT(fault.message, HasSubstr("left no folder /out"));
}

TEST_F(BuildStepTest, OnlyPackagesThatHaveSomethingToBuildAreBuilt) {
  builds_by("mkdir /out; touch /out/built");
  runtime_.builds = "**/*.x";
  EXPECT_EQ(run(build_with({{"handler.y", ""}}), {"ls", "/function"}), "handler.y\n");
  EXPECT_EQ(run(build_with({{"handler.y", ""}, {"lib/deep.x", ""}}), {"ls", "/function"}), "built\n");
}

TEST_F(BuildStepTest, ABuildGoesOnTopOfDependenciesThatSeveralFilesName) {
  builds_by("mkdir /out; touch /out/built");
  runtime_.dependencies_files = {"wanted", "wanted.lock"};
  runtime_.dependencies = {.command = {"sh", "-c", "mkdir deps; cat wanted wanted.lock > deps/all"}, .folder = "deps"};
  const auto show = [&](const std::string& image) {
    return run(image, {"sh", "-c", "cd /function; ls; cat deps/all"});
  };

  EXPECT_EQ(show(build_with({{"wanted", "a\n"}, {"wanted.lock", "1\n"}})), "built\ndeps\na\n1\n");
  EXPECT_EQ(show(build_with({{"wanted", "a\n"}, {"wanted.lock", "2\n"}})), "built\ndeps\na\n2\n") << "another lock";
  EXPECT_EQ(show(build_with({{"wanted", "a\n"}, {"wanted.lock", "2\n"}, {"x", ""}})), "built\ndeps\na\n2\n");
  EXPECT_THAT(output_, HasSubstr("Dependencies unchanged"));
  EXPECT_EQ(run(build_with({{"wanted.lock", "1\n"}}), {"ls", "/function"}), "built\n") << "nothing asks for any";
}

TEST_F(BuildStepTest, WhatWasCompiledOfDependenciesIsVoidWhereAPackageBringsSome) {
  runtime_.dependencies_files = {"wanted"};
  runtime_.dependencies = {.command = {"sh", "-c", "mkdir deps; echo all > deps/all; echo code > deps/compiled"},
                           .folder = "deps"};
  runtime_.dependencies_compiled = "deps/compiled";
  const std::vector<std::string> show{"sh", "-c", "cd /function/deps; cat all compiled"};

  EXPECT_EQ(run(build_with({{"wanted", ""}}), show), "all\ncode\n");
  EXPECT_EQ(run(build_with({{"wanted", ""}, {"deps/compiled", "its own"}, {"deps/x", ""}}), show), "all\n");
}

TEST_F(BuildStepTest, ADebuggerIsOfTheRevisionsThatAskForItAlone) {
  const std::map<std::string, std::string> files{{"wanted", "a"}};
  const auto refused = fault_with(files, "", true);
  EXPECT_EQ(refused.code, Code::invalid);
  EXPECT_EQ(refused.message, "debug: runtime " + runtime_.name + " has no debugger");

  runtime_.debugger = BuildStep{};
  EXPECT_EQ(run(build_with(files, "", true), {"ls", "-A", "/function"}), "wanted\n") << "the language brings it";
  runtime_.debugger = {.command = {"sh", "-c", "mkdir .debugger; touch .debugger/it"}, .folder = ".debugger"};
  runtime_.dependencies_files = {"wanted"};
  runtime_.dependencies = {.command = {"sh", "-c", "mkdir deps"}, .folder = "deps"};
  const auto image = build_with(files, "", true);
  EXPECT_EQ(run(image, {"sh", "-c", "ls -A /function; ls .debugger"}), ".debugger\ndeps\nwanted\nit\n");
  EXPECT_THAT(output_, HasSubstr("Installing the debugger of runtime " + runtime_.name));
  build_with({{"wanted", "b"}}, "", true);
  EXPECT_THAT(output_, Not(HasSubstr("Installing the debugger"))) << "it is there already";
  EXPECT_EQ(run(build_with(files), {"ls", "-A", "/function"}), "deps\nwanted\n");

  undebuggable_ = "not permitted";
  EXPECT_EQ(fault_with(files, "", true).message, "debug: other machines could reach the debugger: not permitted");
  EXPECT_NO_THROW(build_with(files));
}

TEST_F(BuildStepTest, AFileThatAsksForNothingByItsWordsNeedsNoBuilder) {
  runtime_.dependencies_files = {"wanted"};
  runtime_.dependencies_when = {"\"needs\"", "\"wants\""};
  runtime_.dependencies = {.command = {"sh", "-c", "! grep -q some wanted || mkdir deps"}, .folder = "deps"};
  EXPECT_EQ(run(build_with({{"wanted", "name: needs"}}), {"ls", "/function"}), "wanted\n");
  EXPECT_THAT(output_, Not(HasSubstr("Installing")));
  EXPECT_EQ(run(build_with({{"wanted", "\"wants\": some"}}), {"ls", "/function"}), "deps\nwanted\n");
  EXPECT_EQ(run(build_with({{"wanted", "\"needs\": none"}}), {"ls", "/function"}), "wanted\n") << "it made no folder";
}

TEST_F(BuildStepTest, ARuntimeSaysWhatItsHandlerIs) {
  const std::map<std::string, std::string> files{{"a.x", ""}};
  const std::string subject = "handler: runtime " + runtime_.name;
  EXPECT_EQ(fault_with(files, "a.x:f").message, subject + " has none");

  runtime_.handler_form = HandlerForm::function;
  EXPECT_EQ(fault_with(files).message, subject + " wants FILE:FUNCTION");
  for (const char* wrong : {"a.x", "a.x:", ":f"}) {
    EXPECT_EQ(fault_with(files, wrong).message, subject + " wants FILE:FUNCTION, not " + wrong);
  }
  EXPECT_EQ(fault_with(files, "b.x:f").message, "handler: the package has no file b.x");
  EXPECT_NO_THROW(build_with(files, "a.x:f"));

  runtime_.handler_form = HandlerForm::file;
  EXPECT_EQ(fault_with(files, "a.x:f").message, "handler: the package has no file a.x:f");
  EXPECT_NO_THROW(build_with(files, "a.x"));

  runtime_.handler_form = HandlerForm::module;
  EXPECT_EQ(fault_with(files, "a.x:").message, subject + " wants FILE or FILE:EXPORT, not a.x:");
  EXPECT_NO_THROW(build_with(files, "a.x"));
  EXPECT_NO_THROW(build_with(files, "a.x:f"));

  runtime_.handler = "b.x";
  EXPECT_EQ(fault_with(files).message, "handler: the package has no file b.x");
  runtime_.handler = "a.x";
  EXPECT_EQ(run(build_with(files), {"sh", "-c", "echo $HEARTH_HANDLER"}), "a.x\n") << "what fn.yaml left out";
}

TEST_F(BuildStepTest, ATemplateThatCannotBeUnderstoodIsToldWithItsPlace) {
  for (const auto& [line, told] : {std::pair{"handler: {form: words}", "17: form is file, function or module"},
                                   std::pair{"concurrency: 0", "14: concurrency is from 1 to 1000"}}) {
    std::ofstream(runtime_.folder / "template.yaml") << "name: x\nbases: []\n" << line << "\n";
    try {
      read_runtimes(home_.path());
      FAIL() << "it was read";
    } catch (const domain::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("template.yaml:3:" + std::string{told}));
    }
  }
}

}  // namespace
}  // namespace hearth::docker
