#include "http/block.h"

#include <gtest/gtest.h>

#include <utility>

namespace hearth::http {
namespace {

TEST(BlockPool, LendsNoMoreThanItMayAtOnce) {
  BlockPool pool(1024, 1, 2);
  Block first = pool.take();
  Block second = pool.take();
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_EQ(second.size(), 1024u);
  EXPECT_FALSE(pool.take());
  first.release();
  first.release();  // gives nothing back twice
  EXPECT_TRUE(first = pool.take());
  EXPECT_FALSE(pool.take());
}

TEST(BlockPool, LendsAgainWhatCameBack) {
  BlockPool pool(1024, 1, 8);
  Block block = pool.take();
  const char* bytes = block.data();
  block.release();
  EXPECT_FALSE(block);
  EXPECT_EQ(pool.take().data(), bytes);
}

TEST(BlockPool, TakesBackWhatWasMovedOnlyFromItsLastOwner) {
  BlockPool pool(1024, 0, 1);
  {
    Block block = pool.take();
    const Block owner = std::move(block);
    block.release();  // NOLINT(bugprone-use-after-move): that it gives nothing back is what is tried
    EXPECT_FALSE(pool.take());
  }
  EXPECT_TRUE(pool.take());
}

}  // namespace
}  // namespace hearth::http
