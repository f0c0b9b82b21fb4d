#include "docker/docker_world.h"

#include "engines/docker/tar.h"
#include "host/container_group.h"
#include "host/freezer.h"

#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

namespace hearth::docker {

using contract::Behaviour;
using domain::ReplicaId;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

std::string& socket_path() {
  static std::string path;
  return path;
}

std::string random_id() {
  std::random_device random;
  return domain::format_replica(std::uint64_t{random()} << 32 | random());
}

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// What /build takes: the test replica as the only file of an image.
std::string build_context(const std::vector<std::string>& instructions) {
  std::string dockerfile = "FROM scratch\nCOPY server /server\nCMD [\"/server\"]\n";
  for (const auto& one : instructions) dockerfile += one + "\n";
  const ports::Descriptor file{::memfd_create("image", MFD_CLOEXEC)};
  TarWriter tar{file.get()};
  tar.add_file("Dockerfile", dockerfile);
  tar.add_file("server", read_file(TEST_REPLICA), true);
  tar.finish();
  std::string bytes(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
  if (::pread(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return bytes;
}

std::string name_of(Behaviour behaviour) {
  switch (behaviour) {
    case Behaviour::serves: return "serves";
    case Behaviour::exits_with_3: return "exits";
    case Behaviour::never_listens: return "silent";
    case Behaviour::listens_elsewhere: return "wrong-port";
    case Behaviour::does_not_load: return "does-not-load";
  }
  return "";
}

// Sends a request and reads to the end; both sides give up after ten seconds.
std::string converse(int connection, const std::string& path) {
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
  if (::send(connection, request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  std::string answer;
  char bytes[65536];
  pollfd ready{connection, POLLIN, 0};
  while (::poll(&ready, 1, 10'000) == 1) {
    const auto got = ::recv(connection, bytes, sizeof bytes, 0);
    if (got <= 0) break;
    answer.append(bytes, static_cast<std::size_t>(got));
  }
  const auto body = answer.find("\r\n\r\n");
  return body == answer.npos ? std::string{} : answer.substr(body + 4);
}

}  // namespace

const std::string& test_socket() { return socket_path(); }
void set_test_socket(std::string socket) { socket_path() = std::move(socket); }

std::string make_image(Api& api, const std::vector<std::string>& instructions) {
  net::Request request;
  request.method = "POST";
  request.target = "/build?rm=1&forcerm=1";
  request.headers = {{"Content-Type", "application/x-tar"}};
  request.body = build_context(instructions);
  request.timeout = std::chrono::minutes{1};
  const auto answer = api.send(request);
  std::string id;
  std::istringstream lines{answer.body};
  for (std::string line; std::getline(lines, line);) {
    const auto progress = json::parse(line, nullptr, false);
    if (progress.is_object() && progress.contains("aux")) id = progress["aux"].value("ID", id);
  }
  if (id.empty()) throw std::runtime_error("no image was made: " + answer.body);
  return id;
}

void Lines::line(const ports::LogLine& line) {
  const std::lock_guard lock{mutex_};
  lines_.push_back({line.replica, line.error_stream, std::string{line.text}});
  changed_.notify_all();
}

bool Lines::await(const std::string& text, std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, patience, [&] {
    for (const auto& line : lines_) {
      if (line.text == text) return true;
    }
    return false;
  });
}

std::vector<Lines::Line> Lines::all() {
  const std::lock_guard lock{mutex_};
  return lines_;
}

DockerWorld::DockerWorld(bool templated, std::string socket, ParkedNetworks::Settings parked)
    : installation{random_id(), random_id()},
      api(socket),
      image(make_image(api)),
      templated_(templated),
      socket_(std::move(socket)),
      parked_(parked) {
  restart();
}

DockerWorld::~DockerWorld() {
  engine_.reset();
  for (const auto& container : containers.list(installation)) containers.remove(container.id);
  for (const auto& [replica, record] : host.remembered()) host.forget(replica);
  Networks{api, installation}.tidy();
}

DockerEngine& DockerWorld::restart() {
  engine_.reset();
  engine_ = std::make_unique<DockerEngine>(
      EngineSettings{.location = {.socket = socket_}, .installation = installation, .parked = parked_}, host, lines);
  return *engine_;
}

ports::ReplicaSpec DockerWorld::spec(Behaviour behaviour) {
  ports::ReplicaSpec spec;
  spec.id = ++last_;
  spec.function = {"default", "hello"};
  spec.revision = 3;
  spec.image = image;
  spec.templated = behaviour == Behaviour::does_not_load || (behaviour == Behaviour::serves && templated_);
  spec.network.egress = !templated_;
  spec.env = {{"TEST_BEHAVIOUR", name_of(behaviour)}};
  spec.limits.memory = domain::mebibytes(64);
  return spec;
}

ports::Descriptor DockerWorld::connect(const ports::Address& address) {
  if (const auto* socket = std::get_if<ports::UnixAddress>(&address)) return host.connect(*socket);
  const auto& tcp = std::get<ports::TcpAddress>(address);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(tcp.port);
  ::inet_pton(AF_INET, tcp.host.c_str(), &peer.sin_addr);
  ports::Descriptor connection{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const timeval patience{2, 0};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(connection.get(), reinterpret_cast<sockaddr*>(&peer), sizeof peer) != 0) return {};
  return connection;
}

std::string DockerWorld::call(const ports::Address& address, const std::string& path) {
  try {
    const auto connection = connect(address);
    return connection ? converse(connection.get(), path) : std::string{};
  } catch (const domain::Error&) {
    return {};
  }
}

bool DockerWorld::serves(ReplicaId replica, const ports::Address& address) {
  return call(address, "/") == "hello from " + domain::format_replica(replica);
}

// By the kernel's word, whoever froze it.
bool DockerWorld::is_frozen(ReplicaId replica) {
  const std::string id = inspect(replica).value("Id", "");
  if (const auto group = host::find_group(host::kGroups, "freezer", id)) {
    const auto state = read_file(*group / "freezer.state");
    return host::frost_of_state(state) == host::Frost::frozen ||
           host::frost_of_events(read_file(*group / "cgroup.events")) == host::Frost::frozen;
  }
  return false;
}

void DockerWorld::make_exit(ReplicaId, const ports::Address& address, int code) {
  call(address, "/die?" + std::to_string(code));
}

std::size_t DockerWorld::things() { return containers.list(installation).size() + host.remembered().size(); }

json DockerWorld::inspect(ReplicaId replica) {
  const auto wanted = domain::format_replica(replica);
  for (const auto& container : containers.list(installation)) {
    const auto label = container.labels.find("dev.hearth.replica");
    if (label == container.labels.end() || label->second != wanted) continue;
    return api.get({.path = "/containers/" + container.id + "/json", .attempt = "inspect"});
  }
  return {};
}

}  // namespace hearth::docker
