// Builds against a real engine: the socket in $HEARTH_TEST_DOCKER, which has debian:bookworm-slim (`./dev test` brings
// both). Each test is an installation of its own and leaves none of its images behind.
#pragma once

#include "builder/make_tar.h"
#include "engines/docker/builder.h"
#include "engines/docker/builder_container.h"
#include "fakes/temporary_folder.h"
#include "runtimes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace hearth::docker {
using domain::Code;
using domain::Layer;
using domain::Revision;
using testing::HasSubstr;
using testing::Not;

inline const std::string kHandler = "def handle(request, context):\n    return {'hello': 'world'}\n";
inline const std::string kFrom = "FROM debian:bookworm-slim\n";

inline std::string socket_path() {
  const char* path = std::getenv("HEARTH_TEST_DOCKER");
  return path != nullptr ? path : "";
}

inline std::string new_id() { return domain::format_replica(std::uint64_t{std::random_device{}()} << 16); }

class BuilderTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(socket_path(), "") << "HEARTH_TEST_DOCKER names no engine's socket: run it by `./dev test engine`";
  }
  void TearDown() override {
    for (const auto& revision : built_) builder_.discard(revision);
    EXPECT_EQ(images_of_ours(), std::vector<std::string>{}) << "discarded, and still there";
    EXPECT_FALSE(has_containers_of_ours());
    Networks{api_, installation_}.tidy();
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
    spent_.await_none();
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
  SpentContainers spent_;
  Builder builder_{api_, settings(), spent_};
  std::string output_;
  std::vector<Revision> built_;
};

}  // namespace hearth::docker
