// Builds against a real engine: the socket in $HEARTH_TEST_DOCKER, which has debian:bookworm-slim (`./dev test` brings
// both). Each test is an installation of its own and leaves none of its images behind.
#include "engines/docker/builder.h"

#include "builder/make_tar.h"
#include "engines/docker/builder_container.h"
#include "fakes/temporary_folder.h"
#include "runtimes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>
#include <random>
#include <thread>

namespace hearth::docker {
namespace {

using domain::Code;
using domain::Layer;
using domain::Revision;
using testing::HasSubstr;
using testing::Not;

const std::string kHandler = "def handle(request, context):\n    return {'hello': 'world'}\n";
const std::string kFrom = "FROM debian:bookworm-slim\n";

std::string socket_path() {
  const char* path = std::getenv("HEARTH_TEST_DOCKER");
  return path != nullptr ? path : "";
}

std::string new_id() { return domain::format_replica(std::uint64_t{std::random_device{}()} << 16); }

class BuilderTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(socket_path(), "") << "HEARTH_TEST_DOCKER names no engine's socket: run it by `./dev test engine`";
  }
  void TearDown() override {
    for (const auto& revision : built_) builder_.discard(revision);
    EXPECT_EQ(images_of_ours(), std::vector<std::string>{}) << "discarded, and still there";
    EXPECT_FALSE(has_containers_of_ours());
    for (const char* space : {"default", "other"}) {
      api_.call({.method = "DELETE",
                 .path = "/volumes/" + cache_volume(installation_, space),
                 .attempt = "remove the cache",
                 .expected = {404}});
    }
  }

  BuildSettings settings() {
    BuildSettings settings{
        .installation = installation_, .runtimes = read_runtimes(HEARTH_TEMPLATES), .work_folder = home_ / "work"};
    if (const char* bundle = std::getenv("SSL_CERT_FILE")) settings.ca_bundle = bundle;
    for (const char* name : {"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}) {
      if (const char* value = std::getenv(name)) settings.proxies[name] = value;
    }
    return settings;
  }

  Revision revision(std::uint64_t number = 1) {
    Revision revision;
    revision.function.name = "hello";
    revision.number = number;
    revision.spec.name = revision.function;
    return revision;
  }
  Revision python(std::uint64_t number = 1) {
    Revision made = revision(number);
    made.spec.runtime = "python";
    made.spec.handler = "handler.py:handle";
    return made;
  }
  Revision dockerfile(std::uint64_t number = 1) {
    Revision made = revision(number);
    made.spec.build = "./Dockerfile";
    return made;
  }

  std::string build(Revision revision, const std::map<std::string, std::string>& files, std::stop_token stop = {}) {
    const auto package = home_ / "package.tar";
    tests::make_package(package, files);
    revision.package = "sha256:" + hex_digest(std::to_string(files.size()) + files.begin()->second);
    built_.push_back(revision);
    output_.clear();
    return builder_.build(
        revision, package, [this](std::string_view text) { output_ += text; }, stop);
  }
  domain::Fault fault_of(const Revision& revision, const std::map<std::string, std::string>& files) {
    try {
      build(revision, files);
    } catch (const domain::Error& error) {
      return error.fault();
    }
    return {.message = "nothing was thrown"};
  }

  // What a command in a container of `image` prints; the function's own entry point is put aside.
  std::string run(const std::string& image, const std::vector<std::string>& command) {
    BuilderContainer container{api_,
                               installation_,
                               {.image = image,
                                .command = command,
                                .cache_volume = cache_volume(installation_, "default"),
                                .memory = domain::mebibytes(256),
                                .pids = 64},
                               {}};
    std::string output;
    const Deadline deadline{std::chrono::minutes{1}};
    container.run(deadline, [&](std::string_view text) { output += text; }, {});
    return output;
  }

  std::vector<std::string> images_of_ours() { return images_.list(std::string(kBuiltBy) + "=" + installation_.id); }
  std::string list(const std::string& path) { return api_.call({.path = path, .attempt = "list"}).body; }
  bool has_containers_of_ours() {
    const auto filter = label_filter(std::string(kInstallationLabel) + "=" + installation_.id);
    return list("/containers/json?all=1&filters=" + net::url_encode(filter)) != "[]\n";
  }
  // Docker tells nobody when the step of a build that was ended is gone.
  bool runs_no_more(const std::string& command) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (list("/containers/json?all=1").find(command) != std::string::npos) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    return true;
  }

  const Installation installation_{.id = new_id(), .secret = "test"};
  tests::TemporaryFolder home_;
  Api api_{socket_path()};
  Images images_{api_};
  Builder builder_{api_, settings()};
  std::string output_;
  std::vector<Revision> built_;
};

TEST_F(BuilderTest, APackageWithoutDependenciesIsOneLayerOnItsRuntime) {
  const auto image = build(python(), {{"handler.py", kHandler}, {"lib/words.py", "WORD = 1\n"}});

  EXPECT_TRUE(image.starts_with("sha256:"));
  EXPECT_EQ(run(image, {"python3", "-c",
                        "import sys; sys.path.insert(0, '/function'); import handler, lib.words; "
                        "print(handler.handle(None, None))"}),
            "{'hello': 'world'}\n");
  EXPECT_THAT(output_, HasSubstr("COPY function /function"));
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
  Builder builder{api_, impatient};
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
  without.runtimes.front().bases = {"localhost:1/nonesuch:1"};
  Builder builder{api_, without};
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
  runtime = {.name = "t" + installation_.id, .folder = home_ / "runtime", .bases = runtime.bases};
  std::filesystem::create_directory(runtime.folder);
  std::ofstream(runtime.folder / "Dockerfile") << "ARG BASE\nFROM ${BASE} AS run\nRUN echo " << runtime.name << "\n";
  Builder builder{api_, own};
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
