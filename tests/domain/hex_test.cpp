#include "domain/hex.h"

#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

TEST(Hex, HasTwoLowerCaseDigitsForEachByte) {
  const unsigned char bytes[] = {0x00, 0x0a, 0xff, 0x90};
  EXPECT_EQ(to_hex(bytes), "000aff90");
  EXPECT_EQ(to_hex({}), "");
}

}  // namespace
}  // namespace hearth::domain
