#include "control/records.h"

#include "control/spec_codec.h"

#include <algorithm>

namespace hearth::control {

using domain::Function;
using domain::FunctionName;
using domain::Revision;

namespace {

constexpr std::size_t kPage = 500;

std::string function_key(const FunctionName& name) { return "functions/" + name.space + "/" + name.name; }

std::string revisions_prefix(const FunctionName& name) { return "revisions/" + name.space + "/" + name.name + "/"; }

// Numbers are padded, so that the order of keys is theirs.
std::string revision_key(const FunctionName& name, std::uint64_t number) {
  auto digits = std::to_string(number);
  return revisions_prefix(name) + std::string(20 - digits.size(), '0') + digits;
}

}  // namespace

std::optional<Versioned<Function>> Records::function(const FunctionName& name) {
  const auto document = store_.get(function_key(name));
  if (!document) return std::nullopt;
  return Versioned<Function>{decode_function(document->body), document->version};
}

std::vector<Versioned<Function>> Records::functions(std::string_view space, std::string_view after, std::size_t limit) {
  const auto prefix = space.empty() ? std::string{"functions/"} : "functions/" + std::string{space} + "/";
  const auto from = after.empty() ? std::string{} : prefix + std::string{after};
  std::vector<Versioned<Function>> functions;
  for (const auto& document : store_.list(prefix, from, limit)) {
    functions.push_back({decode_function(document.body), document.version});
  }
  return functions;
}

std::optional<std::uint64_t> Records::put(const Function& function, std::uint64_t expected) {
  return store_.put(function_key(function.name), encode_function(function), expected);
}

bool Records::remove(const FunctionName& name, std::uint64_t expected) {
  return store_.remove(function_key(name), expected);
}

std::optional<Revision> Records::revision(const FunctionName& name, std::uint64_t number) {
  const auto document = store_.get(revision_key(name, number));
  if (!document) return std::nullopt;
  return decode_revision(document->body);
}

template <class Each>
void Records::each(const std::string& prefix, Each&& each) {
  for (std::string after;;) {
    const auto page = store_.list(prefix, after, kPage);
    for (const auto& document : page) each(decode_revision(document.body));
    if (page.size() < kPage) return;
    after = page.back().key;
  }
}

std::vector<Revision> Records::revisions(const FunctionName& name) {
  std::vector<Revision> revisions;
  each(revisions_prefix(name), [&](Revision revision) { revisions.push_back(std::move(revision)); });
  std::ranges::reverse(revisions);
  return revisions;
}

void Records::put(const Revision& revision) {
  const auto key = revision_key(revision.function, revision.number);
  const auto current = store_.get(key);
  // Only its own build writes a revision, so nobody else can have come between.
  store_.put(key, encode_revision(revision), current ? current->version : 0);
}

void Records::remove(const Revision& revision) {
  const auto key = revision_key(revision.function, revision.number);
  if (const auto current = store_.get(key)) store_.remove(key, current->version);
}

std::vector<Revision> Records::orphans() {
  std::vector<Revision> orphans;
  each("revisions/", [&](Revision revision) {
    if (!store_.get(function_key(revision.function))) orphans.push_back(std::move(revision));
  });
  return orphans;
}

std::set<std::string> Records::packages() {
  std::set<std::string> packages;
  each("revisions/", [&](const Revision& revision) { packages.insert(revision.package); });
  return packages;
}

}  // namespace hearth::control
