#include "listen.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace hearth::server {

namespace asio = boost::asio;

namespace {

Acceptor bound_to(asio::io_context& loop, const asio::generic::stream_protocol& protocol, const auto& endpoint) {
  Acceptor acceptor{loop, protocol};
  if (protocol.family() != AF_UNIX) acceptor.set_option(asio::socket_base::reuse_address{true});
  acceptor.bind(endpoint);
  acceptor.listen(asio::socket_base::max_listen_connections);
  return acceptor;
}

}  // namespace

Acceptor listen(asio::io_context& loop) {
  const char* path = std::getenv("HEARTH_SOCKET");
  if (path == nullptr || *path == '\0') {
    const char* port = std::getenv("PORT");
    const asio::ip::tcp::endpoint endpoint{asio::ip::tcp::v4(),
                                           static_cast<unsigned short>(port != nullptr ? std::atoi(port) : 8080)};
    return bound_to(loop, endpoint.protocol(), endpoint);
  }
  const std::string staging = std::string{path} + "." + std::to_string(::getpid());
  ::unlink(staging.c_str());
  const asio::local::stream_protocol::endpoint endpoint{staging};
  auto acceptor = bound_to(loop, endpoint.protocol(), endpoint);
  ::chmod(staging.c_str(), 0666);  // its folder says who may come here
  if (std::rename(staging.c_str(), path) != 0) {
    throw boost::system::system_error{errno, boost::system::system_category(), "rename"};
  }
  return acceptor;
}

}  // namespace hearth::server
