#include "builder/builder_fixture.h"

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

namespace hearth::docker {
namespace {

TEST_F(BuilderTest, APackageWithoutDependenciesIsOneLayerOnItsRuntime) {
  const auto image = build(python(), {{"handler.py", kHandler}, {"lib/words.py", "WORD = 1\n"}});

  EXPECT_TRUE(image.starts_with("sha256:"));
  EXPECT_EQ(run(image, {"python3", "-c",
                        "import sys; sys.path.insert(0, '/function'); import handler, lib.words; "
                        "print(handler.handle(None, None))"}),
            "{'hello': 'world'}\n");
  EXPECT_THAT(output_, HasSubstr("Putting it on top of"));
}

TEST_F(BuilderTest, TheSameFolderGivesTheSameImageAndANewRevisionCostsLittle) {
  const auto first = build(python(1), {{"handler.py", kHandler}});
  const auto begun = std::chrono::steady_clock::now();
  const auto second = build(python(2), {{"handler.py", kHandler}});
  const auto took = std::chrono::steady_clock::now() - begun;

  EXPECT_EQ(first, second);
  RecordProperty("rebuild_ms", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  builder_.discard(python(1));
  EXPECT_TRUE(images_.find(second)) << "the other revision still wants it";
  builder_.discard(python(2));
  EXPECT_FALSE(images_.find(second));
}

TEST_F(BuilderTest, RequirementsAreInstalledAndKeptWhileTheyAreUnchanged) {
  const std::string uses = "import six\ndef handle(request, context):\n    return six.__version__\n";
  const auto first = build(python(1), {{"handler.py", uses}, {"requirements.txt", "six==1.16.0\n"}});
  EXPECT_THAT(output_, HasSubstr("Successfully installed six-1.16.0"));
  const std::string version =
      "import sys, site; site.addsitedir('/function/.packages'); import six; print(six.__version__)";
  EXPECT_EQ(run(first, {"python3", "-c", version}), "1.16.0\n");

  const auto second = build(python(2), {{"handler.py", uses + "# changed\n"}, {"requirements.txt", "six==1.16.0\n"}});
  EXPECT_NE(first, second);
  EXPECT_THAT(output_, HasSubstr("Dependencies unchanged"));
  EXPECT_THAT(output_, Not(HasSubstr("Collecting six")));
  EXPECT_EQ(run(second, {"python3", "-c", version}), "1.16.0\n");
  // Neither authorities nor proxies of this machine are left in what was made.
  const auto left = run(second, {"sh", "-c", "env; ls /etc/hearth-build 2>&1; find / -xdev -name pip -maxdepth 6"});
  EXPECT_THAT(left, Not(HasSubstr("PIP_CERT")));
  EXPECT_THAT(left, Not(HasSubstr("roxy")));
  EXPECT_THAT(left, HasSubstr("cannot access '/etc/hearth-build'"));
  EXPECT_THAT(left, Not(HasSubstr("dist-packages/pip")));
}

TEST_F(BuilderTest, RequirementsThatCannotBeInstalledShowWhatPipSaid) {
  const auto fault = fault_of(python(), {{"handler.py", kHandler}, {"requirements.txt", "six==0.0.0.nonesuch\n"}});

  EXPECT_EQ(fault.code, Code::invalid);
  EXPECT_EQ(fault.layer, Layer::client);
  EXPECT_THAT(fault.message, HasSubstr("installing what requirements.txt asks for failed with exit code 1"));
  EXPECT_THAT(fault.detail, HasSubstr("ERROR:"));
  EXPECT_FALSE(has_containers_of_ours());
}

TEST_F(BuilderTest, RequirementsThatAskForNothingAreFine) {
  const auto image = build(python(), {{"handler.py", kHandler}, {"requirements.txt", "# none yet\n"}});
  EXPECT_EQ(run(image, {"ls", "/function"}), "handler.py\nrequirements.txt\n");
}

TEST_F(BuilderTest, NamespacesShareNeitherCachesNorWhatWasInstalled) {
  const std::map<std::string, std::string> files{{"handler.py", kHandler}, {"requirements.txt", "# none yet\n"}};
  auto other = python();
  other.function.space = "other";
  other.spec.name = other.function;
  build(python(), files);
  build(other, files);
  EXPECT_THAT(output_, HasSubstr("Installing what requirements.txt asks for"));
  const auto volumes = list("/volumes");
  EXPECT_THAT(volumes, HasSubstr("\"" + cache_volume(installation_, "default") + "\""));
  EXPECT_THAT(volumes, HasSubstr("\"" + cache_volume(installation_, "other") + "\""));
}

TEST_F(BuilderTest, APackageWithoutItsHandlerIsRefusedWithWhatItHas) {
  const auto fault = fault_of(python(), {{"main.py", kHandler}});

  EXPECT_EQ(fault.code, Code::invalid);
  EXPECT_EQ(fault.message, "handler: the package has no file handler.py");
  EXPECT_THAT(fault.hint, HasSubstr("it has main.py"));
}

TEST_F(BuilderTest, AnUnknownRuntimeIsRefusedWithThoseThereAre) {
  auto unknown = python();
  unknown.spec.runtime = "cobol";
  const auto fault = fault_of(unknown, {{"handler.py", kHandler}});
  EXPECT_THAT(fault.message, HasSubstr("no runtime cobol"));
  EXPECT_THAT(fault.hint, HasSubstr("python"));
}

TEST_F(BuilderTest, AHostilePackageNeverReachesTheEngine) {
  const auto package = home_ / "package.tar";
  tests::make_tar(package,
                  {{.path = "handler.py", .content = kHandler}, {.path = "../../etc/cron.d/x", .content = "x"}});
  try {
    builder_.build(python(), package, nullptr, {});
    FAIL() << "it was built";
  } catch (const domain::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("an entry outside of it: ../../etc/cron.d/x"));
  }
}

TEST_F(BuilderTest, ADockerfileIsBuiltWithItsFolderButNotWhatIsIgnored) {
  const auto image = build(dockerfile(), {{"Dockerfile", kFrom + "COPY . /app\n"},
                                          {".dockerignore", "secret*\n"},
                                          {"app.txt", "kept\n"},
                                          {"secret.txt", "no\n"}});
  EXPECT_EQ(run(image, {"sh", "-c", "cat /app/app.txt; ls /app"}), "kept\nDockerfile\napp.txt\n");
}

TEST_F(BuilderTest, AFailingStepIsShownWithItsLastLines) {
  const auto fault = fault_of(
      dockerfile(), {{"Dockerfile", kFrom + "RUN echo fine\nRUN echo about to fail; echo no luck >&2; exit 7\n"}});

  EXPECT_EQ(fault.code, Code::invalid);
  EXPECT_EQ(fault.layer, Layer::client);
  EXPECT_THAT(fault.message, HasSubstr("Step 3/"));
  EXPECT_THAT(fault.message, HasSubstr("RUN echo about to fail"));
  EXPECT_THAT(fault.message, HasSubstr("returned a non-zero code: 7"));
  EXPECT_THAT(fault.detail, HasSubstr("about to fail\n"));
  EXPECT_THAT(fault.detail, HasSubstr("no luck"));
  EXPECT_THAT(fault.detail, Not(HasSubstr("fine")));
  EXPECT_THAT(output_, HasSubstr("no luck")) << "streamed as it came";
}

TEST_F(BuilderTest, ADockerfileThatDoesNotParseOrIsNotThereIsTheUsersFault) {
  const auto broken = fault_of(dockerfile(), {{"Dockerfile", "FROM debian:bookworm-slim\nNONSENSE here\n"}});
  EXPECT_EQ(broken.code, Code::invalid);
  EXPECT_EQ(broken.layer, Layer::client);
  EXPECT_THAT(broken.message, HasSubstr("NONSENSE"));

  const auto missing = fault_of(dockerfile(), {{"dockerfile.txt", kFrom}});
  EXPECT_EQ(missing.message, "build: the package has no file Dockerfile");
}

TEST_F(BuilderTest, ACancelledBuildEndsSoonAndLeavesNothing) {
  std::stop_source source;
  std::promise<void> running;
  auto output = [&, told = false](std::string_view text) mutable {
    if (told || text.find("sleeping") == text.npos || text.find("RUN") != text.npos) return;
    told = true;
    running.set_value();
  };
  const auto package = home_ / "package.tar";
  tests::make_package(package, {{"Dockerfile", kFrom + "RUN echo sleeping; sleep 300\n"}});
  auto building = std::async(std::launch::async, [&] {
    try {
      builder_.build(dockerfile(), package, output, source.get_token());
      return std::string{"it was built"};
    } catch (const domain::Error& error) {
      return std::string{domain::name(error.fault().code)};
    }
  });
  ASSERT_EQ(running.get_future().wait_for(std::chrono::seconds{60}), std::future_status::ready);

  const auto begun = std::chrono::steady_clock::now();
  source.request_stop();
  EXPECT_EQ(building.get(), "cancelled");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{5});
  EXPECT_TRUE(runs_no_more("sleep 300"));
}

TEST_F(BuilderTest, ACancelledInstallationRemovesItsContainer) {
  std::stop_source source;
  const auto package = home_ / "package.tar";
  tests::make_package(package, {{"handler.py", kHandler},
                                {"requirements.txt", "-r later.txt\n./slow\n"},
                                {"later.txt", ""},
                                {"slow/setup.py", "import time\nprint('slow', flush=True)\ntime.sleep(300)\n"}});
  auto revision = python();
  revision.package = "sha256:slow";
  const auto cancel_once_installing = [&](std::string_view text) {
    if (text.find("Processing ./slow") != text.npos) source.request_stop();
  };
  try {
    builder_.build(revision, package, cancel_once_installing, source.get_token());
    FAIL() << "it was built";
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, Code::cancelled) << error.what();
  }
  EXPECT_FALSE(has_containers_of_ours());
}

TEST_F(BuilderTest, ABuildThatTakesTooLongIsEnded) {
  auto impatient = settings();
  impatient.timeout = std::chrono::seconds{2};
  Builder builder{api_, impatient, spent_};
  const auto package = home_ / "package.tar";
  tests::make_package(package, {{"Dockerfile", kFrom + "RUN sleep 301\n"}});
  try {
    builder.build(dockerfile(), package, nullptr, {});
    FAIL() << "it was built";
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().layer, Layer::limit);
    EXPECT_THAT(error.what(), HasSubstr("the build took longer than 2s"));
  }
  EXPECT_TRUE(runs_no_more("sleep 301"));
}

TEST_F(BuilderTest, AnImageThatIsHereIsPinnedWhereNothingCanBePulled) {
  auto named = revision();
  named.spec.image = "debian:bookworm-slim";
  built_.push_back(named);
  const auto image = builder_.build(named, "", nullptr, {});
  EXPECT_EQ(image, images_.find("debian:bookworm-slim")->id);
  builder_.discard(named);
  EXPECT_TRUE(images_.find("debian:bookworm-slim")) << "the user's own name for it stays";
}

TEST_F(BuilderTest, AnImageThatIsNowhereIsToldSo) {
  auto named = revision();
  named.spec.image = "localhost:1/nonesuch:1";
  try {
    builder_.build(named, "", nullptr, {});
    FAIL() << "it was built";
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, Code::invalid);
    EXPECT_THAT(error.what(), HasSubstr("image: localhost:1/nonesuch:1 is not in Docker and cannot be pulled: "));
  }
}

TEST_F(BuilderTest, WithoutABaseTheMendIsNamed) {
  auto without = settings();
  for (auto& runtime : without.runtimes) runtime.bases = {"localhost:1/nonesuch:1"};
  Builder builder{api_, without, spent_};
  const auto package = home_ / "package.tar";
  tests::make_package(package, {{"handler.py", kHandler}});
  try {
    builder.build(python(), package, nullptr, {});
    FAIL() << "it was built";
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, Code::unavailable);
    EXPECT_EQ(error.fault().layer, Layer::engine);
    EXPECT_THAT(error.fault().hint, HasSubstr("./dev base"));
  }
}

TEST_F(BuilderTest, BuildsAtOnceMakeARuntimeOnce) {
  auto own = settings();
  own.runtimes.resize(1);
  auto& runtime = own.runtimes.front();
  runtime = {.name = "t" + installation_.id,
             .folder = home_ / "runtime",
             .bases = runtime.bases,
             .handler_form = HandlerForm::function};
  std::filesystem::create_directory(runtime.folder);
  std::ofstream(runtime.folder / "Dockerfile") << "ARG BASE\nFROM ${BASE} AS run\nRUN echo " << runtime.name << "\n";
  Builder builder{api_, own, spent_};
  const auto package = home_ / "package.tar";
  tests::make_package(package, {{"handler.py", kHandler}});
  std::atomic<int> makings = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t number = 1; number <= 4; ++number) {
      auto wanted = python(number);
      wanted.spec.runtime = runtime.name;
      built_.push_back(wanted);
      threads.emplace_back([&, wanted] {
        const auto count = [&](std::string_view text) { makings += text.find("Making the image") != text.npos; };
        builder.build(wanted, package, count, {});
      });
    }
  }
  EXPECT_EQ(makings, 1);
  const std::string filter = R"({"reference":["hearth/runtime-)" + runtime.name + R"("]})";
  for (const auto& name : read_names(list("/images/json?filters=" + net::url_encode(filter)))) images_.untag(name);
}

}  // namespace
}  // namespace hearth::docker
