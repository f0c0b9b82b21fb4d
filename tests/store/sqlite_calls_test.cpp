#include "contract/call_store_contract.h"

#include "fakes/fake_call_store.h"
#include "fakes/temporary_folder.h"
#include "store/sqlite_calls.h"

namespace hearth::tests {
namespace {

std::shared_ptr<ports::CallStore> make() {
  struct Owned {
    TemporaryFolder folder;
    store::SqliteCalls calls{folder.path()};
  };
  const auto owned = std::make_shared<Owned>();
  return {owned, &owned->calls};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, CallStoreContract, testing::Values(make));
INSTANTIATE_TEST_SUITE_P(Fake, CallStoreContract, testing::Values([] { return std::make_shared<FakeCallStore>(); }));

ports::NewCall call(const std::string& id) {
  return {.id = id,
          .key = {},
          .function = {.name = "hello"},
          .trigger = "http",
          .accepted = {},
          .due = {},
          .head = "POST /\n",
          .body = {}};
}

TEST(SqliteCalls, HasWhatWasStoredWhenItIsOpenedAgain) {
  TemporaryFolder folder;
  {
    store::SqliteCalls calls(folder.path());
    for (int i = 0; i < 100; ++i) calls.add(call("id" + std::to_string(i)), [](const auto&) {});
  }
  store::SqliteCalls calls(folder.path());
  EXPECT_EQ(calls.queued().at(0).second, 100u);
}

TEST(SqliteCalls, RemovesBodiesThatNoCallNamesAtTheNextStart) {
  TemporaryFolder folder;
  ports::Content orphan;
  ports::Content named;
  {
    store::SqliteCalls calls(folder.path());
    orphan = calls.make_body()->commit();
    auto file = calls.make_body();
    auto large = call("large");
    large.body = named = file->commit();
    calls.add(large, [](const auto&) {});
  }
  store::SqliteCalls calls(folder.path());
  EXPECT_FALSE(std::filesystem::exists(calls.path_of(orphan)));
  EXPECT_TRUE(std::filesystem::exists(calls.path_of(named)));
}

TEST(SqliteCalls, KeepsItsLogSmallUnderSteadyWrites) {
  TemporaryFolder folder;
  store::SqliteCalls calls(folder.path());
  const std::string body(4'000, 'x');
  for (int round = 0; round < 40; ++round) {
    std::promise<void> written;
    for (int i = 0; i < 250; ++i) {
      auto one = call("id" + std::to_string(round * 250 + i));
      one.body = {.bytes = body, .file = {}, .size = body.size()};
      calls.add(std::move(one), [&written, i](const auto&) {
        if (i == 249) written.set_value();
      });
    }
    written.get_future().wait();
  }
  EXPECT_LT(std::filesystem::file_size(folder / "calls.db-wal"), std::uintmax_t{40} << 20);
  EXPECT_EQ(calls.queued().at(0).second, 10'000u);
}

}  // namespace
}  // namespace hearth::tests
