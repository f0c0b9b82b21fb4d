#include "host/cgroup.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth::host {
namespace {

const std::string kId(64, 'a');
const std::string kOther(64, 'b');

TEST(BelongsTo, KnowsDockersWaysToNameAControlGroup) {
  for (const auto& text : {
           "4:memory:/docker/" + kId + "\n",                                             // version 1, cgroupfs
           "1:name=systemd:/x\n5:cpu,cpuacct:/system.slice/docker-" + kId + ".scope\n",  // version 1, systemd
           "0::/docker/" + kId,                                                          // version 2, cgroupfs
           "0::/system.slice/docker-" + kId + ".scope\n",                                // version 2, systemd
           "0::/user.slice/user-1000.slice/docker-" + kId + ".scope/init\n",  // rootless, a group of its own inside
           "9:pids:/process_api/80a9634c/docker/" + kId + "\n",               // nested
       }) {
    EXPECT_TRUE(belongs_to(text, kId)) << text;
    EXPECT_FALSE(belongs_to(text, kOther)) << text;
  }
}

TEST(BelongsTo, TakesNoPartOfAName) {
  for (const auto& text : {std::string{}, std::string{"\n"}, std::string{"0::/"}, "0::/docker/" + kId + "a",
                           "0::/docker/x" + kId, "0::/docker/" + kId + ".scope", "4:" + kId + ":/docker", kId}) {
    EXPECT_FALSE(belongs_to(text, kId)) << text;
  }
  EXPECT_FALSE(belongs_to("0::/", ""));
}

}  // namespace
}  // namespace hearth::host
