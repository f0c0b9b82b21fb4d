// Listening sockets: bound so that a port in use is told, shared by threads, and accepted from in bursts.
// Private to http.
#pragma once

#include "http/socket.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::http {

// One listening socket a thread on the same address ("host:port", numeric). Throws domain::Error: `invalid` for what is
// no address, `conflict` when it is in use.
std::vector<int> listen_on(std::string_view address, std::uint32_t threads);
// Makes `descriptors` one for each thread, by duplicating them where there are fewer.
std::vector<int> share(std::vector<int> descriptors, std::uint32_t threads);
std::uint16_t port_of(int fd);

// Accepts until the socket's read is interrupted; hands each connection, non-blocking, to `take`.
Task<> accept_all(Socket& listener, std::function<void(int fd, std::string peer)> take);

}  // namespace hearth::http
