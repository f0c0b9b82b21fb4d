// What must last: small documents under keys, each with a version. Compare-and-set is all that ETags and a
// Kubernetes API need.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::ports {

struct Document {
  std::string key;            // "functions/default/hello"
  std::uint64_t version = 0;  // never used twice for a key, also after a removal
  std::string body;
};

struct Write {
  std::string key;
  std::string body;
  std::uint64_t expected = 0;
};

// Any thread; every write is on disk when it returns. Throws domain::Error (`unavailable`, with the mend, when the
// disk is full or read-only).
class Store {
 public:
  virtual ~Store() = default;

  virtual std::optional<Document> get(std::string_view key) = 0;
  // In key order, those under `prefix` and after `after`, at most `limit`.
  virtual std::vector<Document> list(std::string_view prefix, std::string_view after = {},
                                     std::size_t limit = 1000) = 0;
  // Writes when the current version is `expected` (0: there is none) and returns the new version; nothing otherwise.
  virtual std::optional<std::uint64_t> put(std::string_view key, std::string_view body, std::uint64_t expected) = 0;
  // All of them or none, at the price of one write: the new versions in their order; nothing when one of them is not as
  // it was expected. No key may stand twice.
  virtual std::optional<std::vector<std::uint64_t>> put_all(std::span<const Write> writes) = 0;
  // Removes when the current version is `expected`.
  virtual bool remove(std::string_view key, std::uint64_t expected) = 0;
};

}  // namespace hearth::ports
