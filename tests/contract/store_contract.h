// What every store promises. Instantiate with a factory of empty stores:
//   INSTANTIATE_TEST_SUITE_P(Fake, StoreContract, testing::Values(factory));
#pragma once

#include "ports/store.h"

#include <gtest/gtest.h>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace hearth::tests {

using StoreFactory = std::function<std::unique_ptr<ports::Store>()>;

class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  std::unique_ptr<ports::Store> store_ = GetParam()();
};

TEST_P(StoreContract, KnowsNothingAtFirst) {
  EXPECT_FALSE(store_->get("functions/default/hello"));
  EXPECT_TRUE(store_->list("").empty());
  EXPECT_FALSE(store_->remove("functions/default/hello", 0));
  EXPECT_FALSE(store_->remove("functions/default/hello", 1));
}

TEST_P(StoreContract, GivesBackWhatWasPutByteForByte) {
  const std::string body{"{\"a\":\0\xff}", 8};
  const auto version = store_->put("key", body, 0);
  ASSERT_TRUE(version);
  const auto document = store_->get("key");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->key, "key");
  EXPECT_EQ(document->version, *version);
  EXPECT_EQ(document->body, body);
}

TEST_P(StoreContract, KeepsAnEmptyBody) {
  ASSERT_TRUE(store_->put("key", "", 0));
  ASSERT_TRUE(store_->get("key"));
  EXPECT_EQ(store_->get("key")->body, "");
}

TEST_P(StoreContract, RefusesAWriteThatExpectsAnotherVersion) {
  const auto first = store_->put("key", "one", 0);
  EXPECT_FALSE(store_->put("key", "two", 0)) << "there is one already";
  EXPECT_FALSE(store_->put("key", "two", *first + 1));
  EXPECT_FALSE(store_->put("other", "two", *first)) << "there is none yet";
  EXPECT_EQ(store_->get("key")->body, "one");
  EXPECT_FALSE(store_->get("other"));

  const auto second = store_->put("key", "two", *first);
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
  EXPECT_EQ(store_->get("key")->body, "two");
}

TEST_P(StoreContract, RemovesOnlyTheVersionThatWasSeen) {
  const auto first = store_->put("key", "one", 0);
  const auto second = store_->put("key", "two", *first);
  EXPECT_FALSE(store_->remove("key", *first));
  EXPECT_TRUE(store_->get("key"));
  EXPECT_TRUE(store_->remove("key", *second));
  EXPECT_FALSE(store_->get("key"));
  EXPECT_FALSE(store_->remove("key", *second));
}

TEST_P(StoreContract, NeverRepeatsAVersionOfAKeyAlsoAfterARemoval) {
  std::set<std::uint64_t> seen;
  for (int round = 0; round < 5; ++round) {
    const auto made = store_->put("key", "one", 0);
    const auto changed = store_->put("key", "two", *made);
    EXPECT_TRUE(seen.insert(*made).second);
    EXPECT_TRUE(seen.insert(*changed).second);
    ASSERT_TRUE(store_->remove("key", *changed));
  }
}

TEST_P(StoreContract, ListsInKeyOrderUnderAPrefixAndAfterACursor) {
  for (const auto* key : {"f/b", "f/a", "g/a", "f/c", "e/z", "f", "f/a/1"}) ASSERT_TRUE(store_->put(key, key, 0));
  const auto keys = [&](std::string_view prefix, std::string_view after, std::size_t limit) {
    std::vector<std::string> found;
    for (const auto& document : store_->list(prefix, after, limit)) {
      EXPECT_EQ(document.key, document.body);
      found.push_back(document.key);
    }
    return found;
  };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys("f/", "", 100), (Keys{"f/a", "f/a/1", "f/b", "f/c"}));
  EXPECT_EQ(keys("f/", "f/a", 100), (Keys{"f/a/1", "f/b", "f/c"}));
  EXPECT_EQ(keys("f/", "f/aa", 1), (Keys{"f/b"}));
  EXPECT_EQ(keys("f/", "f/c", 100), Keys{});
  EXPECT_EQ(keys("", "", 2), (Keys{"e/z", "f"}));
  EXPECT_EQ(keys("x", "", 2), Keys{});
  EXPECT_EQ(keys("f/", "", 0), Keys{});
}

TEST_P(StoreContract, WritesManyTogetherOrNone) {
  const auto old = store_->put("old", "1", 0);
  using Writes = std::vector<ports::Write>;
  EXPECT_FALSE(store_->put_all(Writes{{"new", "1", 0}, {"old", "2", *old + 1}})) << "old is at another version";
  EXPECT_FALSE(store_->get("new"));
  EXPECT_EQ(store_->get("old")->body, "1");

  const auto versions = store_->put_all(Writes{{"new", "1", 0}, {"old", "2", *old}});
  ASSERT_TRUE(versions);
  ASSERT_EQ(versions->size(), 2u);
  EXPECT_EQ(store_->get("new")->version, versions->at(0));
  EXPECT_EQ(store_->get("old")->version, versions->at(1));
  EXPECT_EQ(store_->get("old")->body, "2");
  EXPECT_TRUE(store_->put_all({})->empty());
}

// A counter raised by compare-and-set from many threads: a lost or a doubled write shows in the sum.
TEST_P(StoreContract, LetsExactlyOneOfConcurrentWritersWin) {
  constexpr int kThreads = 4;
  constexpr int kEach = 10;
  ASSERT_TRUE(store_->put("counter", "0", 0));
  std::vector<std::jthread> writers;
  for (int i = 0; i < kThreads; ++i) {
    writers.emplace_back([&] {
      for (int done = 0; done < kEach;) {
        const auto seen = store_->get("counter");
        const auto next = std::to_string(std::stoi(seen->body) + 1);
        if (store_->put("counter", next, seen->version)) ++done;
      }
    });
  }
  writers.clear();
  EXPECT_EQ(store_->get("counter")->body, std::to_string(kThreads * kEach));
}

}  // namespace hearth::tests
