// The beginning of a WebSocket (RFC 6455 §4), as far as whoever passes it on must understand it. Pure.
#pragma once

#include "http/head.h"

namespace hearth::gateway {

// A GET of HTTP/1.1 without a body that says Connection: Upgrade and Upgrade: websocket. What says less is a request as
// any other, and its Upgrade goes no further.
bool asks_for_web_socket(const http::RequestHead& request) noexcept;

// A 101 that says the same.
bool is_web_socket(const http::ResponseHead& answer) noexcept;

}  // namespace hearth::gateway
