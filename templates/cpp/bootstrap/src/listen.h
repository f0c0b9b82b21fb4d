#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

namespace hearth::server {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

// At $HEARTH_SOCKET, which is there for nobody until it accepts: bound by another name in its folder, then renamed.
// Else on $PORT of all addresses. Throws boost::system::system_error.
Acceptor listen(boost::asio::io_context& loop);

}  // namespace hearth::server
