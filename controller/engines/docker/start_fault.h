// Why a container did not come to serve, in words that tell its author what to change. Pure.
#pragma once

#include "domain/error.h"
#include "engines/docker/listeners.h"
#include "ports/engine.h"

#include <chrono>
#include <string>
#include <vector>

namespace hearth::docker {

// The exit code by which our runtimes say that the handler did not load (docs/reference/container.md).
inline constexpr int kDidNotLoad = 121;

// It ended before it listened. `log` is the end of its output.
domain::Fault ended_early(const ports::ReplicaSpec& spec, const ports::Exit& exit, const std::string& log);

// It lives and does not listen where it should.
domain::Fault never_listened(const ports::ReplicaSpec& spec, const std::vector<Listener>& listeners,
                             const std::string& log);

}  // namespace hearth::docker
