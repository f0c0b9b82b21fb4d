#include "contract/engine_contract.h"
#include "docker/docker_world.h"

#include <gtest/gtest.h>

namespace hearth::contract {
namespace {

INSTANTIATE_TEST_SUITE_P(DockerWithSockets, EngineContract,
                         testing::Values([] { return std::make_unique<docker::DockerWorld>(true); }));
INSTANTIATE_TEST_SUITE_P(DockerWithPorts, EngineContract,
                         testing::Values([] { return std::make_unique<docker::DockerWorld>(false); }));

}  // namespace
}  // namespace hearth::contract
