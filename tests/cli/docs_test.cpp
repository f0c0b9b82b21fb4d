// The reference pages say what the tables of the code say.
#include "cli/arguments.h"
#include "cli/manifest.h"
#include "cli/manifest_schema.h"

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
  const auto help = read_arguments({"--help"}).help;
  std::size_t commands = 0;
  auto list = help.substr(help.find("Subcommands:\n") + 13);
  list.resize(list.find("\n\n"));
  for (std::size_t begin = 0; begin < list.size(); begin = list.find('\n', begin) + 1) {
    const auto line = list.substr(begin, list.find('\n', begin) - begin);
    const auto name = line.substr(2, line.find(' ', 2) - 2);
    EXPECT_THAT(text, HasSubstr("`fn " + name));
    ++commands;
    if (list.find('\n', begin) == std::string::npos) break;
  }
  EXPECT_EQ(commands, 10u);
}

}  // namespace
}  // namespace hearth::cli
