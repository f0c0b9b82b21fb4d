// Runs the tests against $HEARTH_TEST_DOCKER, else against a Docker started for them in a network of their own.
#include "docker/docker_world.h"
#include "docker/own_dockerd.h"

#include <gtest/gtest.h>

#include <sched.h>

#include <cstdlib>
#include <iostream>
#include <optional>

int main(int count, char** words) {
  testing::InitGoogleTest(&count, words);
  std::optional<hearth::docker::OwnDockerd> own;
  if (const char* socket = std::getenv("HEARTH_TEST_DOCKER")) {
    hearth::docker::set_test_socket(socket);
  } else if (!GTEST_FLAG_GET(list_tests)) {
    if (::unshare(CLONE_NEWNET) != 0) {
      std::cerr << "these tests need root, or HEARTH_TEST_DOCKER set to the socket of a Docker\n";
      return 1;
    }
    hearth::docker::bring_up_loopback();
    own.emplace(std::vector<std::string>{}, true);
    hearth::docker::set_test_socket(own->socket());
  }
  return RUN_ALL_TESTS();
}
