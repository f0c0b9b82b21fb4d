#include "net/own_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

namespace hearth::net {
namespace {

// Only an address of this machine can be bound to.
bool can_bind(const addrinfo& found) {
  const int fd = ::socket(found.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool bound = ::bind(fd, found.ai_addr, found.ai_addrlen) == 0;
  ::close(fd);
  return bound;
}

}  // namespace

std::string host_of_url(const std::string& url) {
  const auto scheme = url.find("://");
  auto host = scheme == url.npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  host = host.substr(host.rfind('@') + 1);  // 0 where there is none
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_own_address(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &list) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found{list, &::freeaddrinfo};
  for (const auto* one = found.get(); one != nullptr; one = one->ai_next) {
    if (can_bind(*one)) return true;
  }
  return false;
}

}  // namespace hearth::net
