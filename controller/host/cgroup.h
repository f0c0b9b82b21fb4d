// Which container a process belongs to, by its control groups. Pure.
#pragma once

#include <string_view>

namespace hearth::host {

// Whether /proc/PID/cgroup, read as `text`, bears the container `owner`: as a folder of its own (Docker's cgroupfs
// driver: "/docker/ID") or as a unit (its systemd driver: "docker-ID.scope"), in version 1 or 2, at any depth.
bool belongs_to(std::string_view text, std::string_view owner);

}  // namespace hearth::host
