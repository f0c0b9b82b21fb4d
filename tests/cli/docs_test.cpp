// The reference pages say what the tables of the code say.
#include "cli/manifest.h"
#include "cli/manifest_schema.h"
#include "cli/verbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace hearth::cli {
namespace {

using testing::HasSubstr;

std::string page(const std::string& name) {
  std::ifstream file(std::string(DOCS) + "/" + name);
  std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_FALSE(text.empty()) << name;
  return text;
}

// The first block of code of that language.
std::string block(const std::string& text, const std::string& language) {
  const auto begin = text.find("```" + language + "\n") + language.size() + 4;
  return text.substr(begin, text.find("```", begin) - begin);
}

TEST(Docs, ShowAManifestThatIsTheDefaultsAndHasEveryKey) {
  const auto text = page("fn-yaml.md");
  const auto example = block(text, "yaml");
  const auto manifest = parse_manifest(example);
  EXPECT_TRUE(manifest.faults.empty());
  EXPECT_EQ(manifest.spec.limits, domain::Limits{});
  EXPECT_EQ(manifest.spec.scale, domain::Scale{});
  EXPECT_EQ(manifest.spec.network, domain::Network{});
  for (const auto& key : manifest_keys()) {
    if (std::holds_alternative<Later>(key.kind)) {
      const auto path =
          key.section.empty() ? std::string(key.name) : std::string(key.section) + "." + std::string(key.name);
      EXPECT_THAT(text, HasSubstr("`" + path + "`"));
    } else {
      EXPECT_THAT(example, HasSubstr(std::string(key.name) + ":"));
    }
  }
}

TEST(Docs, NameEveryCommand) {
  const auto text = page("fn.md");
  const auto verbs = all_verbs();
  EXPECT_GE(verbs.size(), 10u);
  for (const auto& verb : verbs) EXPECT_THAT(text, HasSubstr("`fn " + verb.name));
}

}  // namespace
}  // namespace hearth::cli
