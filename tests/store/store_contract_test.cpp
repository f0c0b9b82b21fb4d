#include "contract/store_contract.h"

#include "fakes/fake_store.h"
#include "fakes/temporary_folder.h"
#include "store/sqlite_store.h"

namespace hearth::tests {
namespace {

// A SqliteStore together with the folder that it lives in.
class OwnedSqliteStore final : public ports::Store {
 public:
  std::optional<ports::Document> get(std::string_view key) override { return store_.get(key); }
  std::vector<ports::Document> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    return store_.list(prefix, after, limit);
  }
  std::optional<std::uint64_t> put(std::string_view key, std::string_view body, std::uint64_t expected) override {
    return store_.put(key, body, expected);
  }
  std::optional<std::vector<std::uint64_t>> put_all(std::span<const ports::Write> writes) override {
    return store_.put_all(writes);
  }
  bool remove(std::string_view key, std::uint64_t expected) override { return store_.remove(key, expected); }

 private:
  TemporaryFolder folder_;
  store::SqliteStore store_{folder_ / "hearth.db"};
};

INSTANTIATE_TEST_SUITE_P(Fake, StoreContract, testing::Values([] { return std::make_unique<FakeStore>(); }));
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values([] { return std::make_unique<OwnedSqliteStore>(); }));

}  // namespace
}  // namespace hearth::tests
