// A Docker of the tests' own, an image that behaves as asked, and installations on it that leave nothing behind.
#pragma once

#include "contract/engine_world.h"
#include "engines/docker/api.h"
#include "engines/docker/engine.h"
#include "fakes/temporary_folder.h"
#include "host/linux_host.h"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hearth::docker {

// The engine to test against: $HEARTH_TEST_DOCKER, or one that main() started.
const std::string& test_socket();
void set_test_socket(std::string socket);

// The id of an image of the test replica alone, with a Dockerfile's instructions applied ("USER 0", "VOLUME /data").
std::string make_image(Api& api, const std::vector<std::string>& instructions = {});

// Keeps what containers print.
class Lines : public ports::LogSink {
 public:
  struct Line {
    domain::ReplicaId replica;
    bool error_stream;
    std::string text;
  };
  void line(const ports::LogLine& line) override;
  bool await(const std::string& text, std::chrono::milliseconds patience = std::chrono::seconds{10});
  std::vector<Line> all();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Line> lines_;
};

class DockerWorld final : public contract::World {
 public:
  explicit DockerWorld(bool templated, std::string socket = test_socket(), ParkedNetworks::Settings parked = {});
  ~DockerWorld() override;

  DockerEngine& engine() override { return *engine_; }
  DockerEngine& restart() override;
  ports::ReplicaSpec spec(contract::Behaviour behaviour) override;
  bool serves(domain::ReplicaId replica, const ports::Address& address) override;
  bool is_frozen(domain::ReplicaId replica) override;
  void make_exit(domain::ReplicaId replica, const ports::Address& address, int code) override;
  std::size_t things() override;

  // The body of the answer to GET `path`; empty where none came.
  std::string call(const ports::Address& address, const std::string& path);
  nlohmann::json inspect(domain::ReplicaId replica);
  ports::ReplicaSpec serving() { return spec(contract::Behaviour::serves); }

  Lines lines;
  const Installation installation;
  Api api;
  Containers containers{api};
  std::string image;
  tests::TemporaryFolder run_folder;
  host::LinuxHost host{run_folder.path(), true};

 private:
  ports::Descriptor connect(const ports::Address& address);

  const bool templated_;
  const std::string socket_;
  const ParkedNetworks::Settings parked_;
  domain::ReplicaId last_ = 0;
  std::unique_ptr<DockerEngine> engine_;
};

}  // namespace hearth::docker
