// nginx held beside: whatever it refuses, hearth refuses too.
#include "gateway_fixture.h"
#include "http/request_table.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace hearth::gateway {
namespace {

// A real nginx before the same upstream; ended by its own process.
class Nginx {
 public:
  explicit Nginx(const std::string& upstream) {
    char folder[] = "/tmp/hearth-nginx-XXXXXX";
    folder_ = ::mkdtemp(folder);
    port_ = free_port();
    std::ofstream(folder_ + "/nginx.conf")
        << (::geteuid() == 0 ? "user root;\n" : "") << "daemon off; master_process off; pid " << folder_
        << "/pid; error_log " << folder_ << "/log;\n"
        << "events {}\nhttp { access_log off; client_body_temp_path " << folder_ << "/b; proxy_temp_path " << folder_
        << "/p; fastcgi_temp_path " << folder_ << "/f; uwsgi_temp_path " << folder_ << "/u; scgi_temp_path " << folder_
        << "/s;\n upstream function { server unix:" << upstream
        << "; keepalive 4; }\n server { listen 127.0.0.1:" << port_
        << "; large_client_header_buffers 4 32k;\n  location / { proxy_pass http://function; "
        << "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_request_buffering off; } } }\n";
    process_ = ::fork();
    if (process_ == 0) {
      const int quiet = ::open("/dev/null", O_WRONLY);
      ::dup2(quiet, 2);
      const auto conf = folder_ + "/nginx.conf";
      const auto log = folder_ + "/log";
      ::execl("/usr/sbin/nginx", "nginx", "-c", conf.c_str(), "-e", log.c_str(), nullptr);
      ::_exit(127);
    }
  }
  ~Nginx() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  std::uint16_t port() const { return port_; }
  bool await_listening() const {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (::waitpid(process_, nullptr, WNOHANG) != 0) return false;
      const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port_);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const bool listens = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
      ::close(fd);
      if (listens) return true;
      ::poll(nullptr, 0, 10);
    }
    return false;
  }

 private:
  static std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
  }

  std::string folder_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

// Reads a request, chunks and all, and answers it.
void take_any(Peer& peer) {
  while (true) {
    const auto head = peer.read_head();
    if (head.empty()) return;
    const auto length = head.find("Content-Length: ");
    if (length != head.npos) peer.read_body(std::stoul(head.substr(length + 16)));
    if (has(head, "chunked\r\n")) peer.read_until("0\r\n");
    if (has(head, "chunked\r\n")) peer.read_until("\r\n");
    peer.send(ok("taken"));
  }
}

// What a server makes of the bytes: its status; 0 when it closes without a word, nothing while it waits for more.
std::optional<int> status_from(std::uint16_t port, const std::string& bytes) {
  RawClient client(port);
  client.send(bytes);
  pollfd ready{client.fd(), POLLIN, 0};
  if (::poll(&ready, 1, 300) == 0) return std::nullopt;
  return status_of(client.receive_until([](std::string_view all) { return has(all, "\r\n\r\n"); }));
}

TEST(Smuggling, IsRefusedWhereverNginxRefusesAndAsTheTableSays) {
  World world(take_any);
  Nginx nginx(world.upstream.path());
  ASSERT_TRUE(nginx.await_listening()) << "nginx-light is installed by ./dev";
  int stricter = 0;
  for (const auto& request : http::request_table()) {
    const int ours = status_from(world.port(), request.bytes).value_or(-1);
    const auto theirs = status_from(nginx.port(), request.bytes);
    const bool as_said = request.status == 0 ? ours == 200 || ours == 404 : ours == request.status;
    EXPECT_TRUE(as_said) << request.name << ": " << ours;
    // 502 is said of the upstream, 404 after the request was taken.
    const bool they_refuse = theirs && (*theirs == 0 || (*theirs >= 400 && *theirs != 404 && *theirs != 502));
    EXPECT_TRUE(!they_refuse || ours >= 400) << request.name << ": nginx says " << *theirs;
    if (ours >= 400 && ours != 404 && !they_refuse) ++stricter;
  }
  std::cout << "stricter than nginx in " << stricter << " cases\n";
}

}  // namespace
}  // namespace hearth::gateway
