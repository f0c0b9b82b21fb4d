#include "engines/docker/api.h"
#include "engines/docker/probe.h"

#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hearth::docker {

using domain::Code;
using domain::Fault;
using domain::Layer;

namespace {

// Docker's errors are {"message": "…"}; what is not is given as it is.
std::string words(std::string_view body) {
  const auto value = nlohmann::json::parse(body, nullptr, false);
  if (value.is_object() && value.contains("message") && value["message"].is_string()) return value["message"];
  while (body.ends_with('\n')) body.remove_suffix(1);
  return body.empty() ? "it gave no reason" : std::string{body.substr(0, 500)};
}

Code code_of(int status) {
  switch (status) {
    case 400: return Code::invalid;
    case 404: return Code::not_found;
    case 403:
    case 409: return Code::conflict;
    default: return Code::unavailable;
  }
}

}  // namespace

Fault refusal(const std::string& attempt, int status, std::string_view body) {
  Fault fault{.code = code_of(status), .layer = Layer::engine, .message = {}};
  const std::string said = words(body);
  fault.message = "Docker refused to " + attempt + ": " + said;
  if (said.find("no space left on device") != said.npos) {
    fault.code = Code::unavailable;
    fault.hint =
        "Docker's disk is full: `docker system df` shows what fills it, `docker system prune` frees what is unused";
  } else if (said.find("non-overlapping IPv4 address pool") != said.npos || said.find("fully subnetted") != said.npos) {
    fault.code = Code::unavailable;
    fault.hint = "Docker has no addresses left for another network: remove unused ones by `docker network prune`";
  } else if (said.find("HTTP request to an HTTPS server") != said.npos) {
    fault.code = Code::unavailable;
    fault.hint = "it wants TLS: set docker_tls_verify and docker_cert_path (or DOCKER_TLS_VERIFY and DOCKER_CERT_PATH)";
  }
  return fault;
}

Fault unreachable(const std::string& socket, int error) {
  Fault fault{.code = Code::unavailable, .layer = Layer::engine, .message = {}};
  if (error == EACCES || error == EPERM) {
    fault.message = "no permission to use Docker's socket " + socket;
    fault.hint = "run it with sudo, or join Docker's group: `sudo usermod -aG docker $USER`, then log in again";
  } else {
    fault.message = "Docker does not answer at " + socket + ": " + std::strerror(error);
    fault.hint = error == ENOENT
                     ? "install it (`sudo apt-get install docker.io`) or start it: `sudo systemctl start docker`"
                     : "start it: `sudo systemctl start docker`";
  }
  return fault;
}

Fault unreachable(const Location& location, Fault fault) {
  fault.message = "Docker cannot be used: " + fault.message;
  if (fault.hint.empty()) {
    fault.hint = "see that it runs and listens there, or set docker_host; now it is " + to_string(location);
  }
  return fault;
}

int probe(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, socket.c_str(), socket.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int error = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  ::close(fd);
  return error == EAGAIN ? 0 : error;
}

}  // namespace hearth::docker
