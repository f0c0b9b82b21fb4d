// Waiting that can be ended.
#pragma once

#include <chrono>
#include <stop_token>

namespace hearth::net {

// Blocks until `end`, or until `stop` is triggered.
void pause(std::chrono::steady_clock::time_point end, std::stop_token stop);

}  // namespace hearth::net
