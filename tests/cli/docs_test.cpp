// The reference pages say what the tables of the code say.
#include "cli/arguments.h"
#include "cli/manifest.h"
#include "cli/manifest_schema.h"
#include "cli/program.h"
#include "cli/reference.h"
#include "cli/verbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

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

// The schema of the keys of a section: "triggers.http" of the API's document.
const nlohmann::json& schema_of(const nlohmann::json& schemas, std::string_view section) {
  const auto* at = &schemas.at("Spec");
  const auto follow = [&](const nlohmann::json& to) {
    constexpr std::string_view kLocal = "#/components/schemas/";
    at = to.contains("$ref") ? &schemas.at(to.at("$ref").get<std::string>().substr(kLocal.size())) : &to;
  };
  while (!section.empty()) {
    const auto word = section.substr(0, section.find('.'));
    follow(at->at("properties").at(std::string(word)));
    if (at->contains("items")) follow(at->at("items"));
    section.remove_prefix(std::min(section.size(), word.size() + 1));
  }
  return *at;
}

TEST(Docs, TheApiTakesTheKeysOfAManifestAndNoOthers) {
  const auto document = nlohmann::json::parse(page("openapi.json"));
  const auto& schemas = document.at("components").at("schemas");
  std::map<std::string, std::set<std::string>> keys;
  for (const auto& key : manifest_keys()) {
    if (!std::holds_alternative<Later>(key.kind)) keys[std::string(key.section)].emplace(key.name);
  }
  keys[""].insert({"namespace", "debug"});  // of the folder's deployment, not of the folder
  for (const auto& [section, wanted] : keys) {
    std::set<std::string> taken;
    for (const auto& [name, schema] : schema_of(schemas, section).at("properties").items()) taken.insert(name);
    EXPECT_EQ(taken, wanted) << section;
  }
}

TEST(Docs, AreWhatTheCommandLineSaysOfItself) {
  EXPECT_TRUE(page("fn.md") == reference_markdown(all_verbs(), common_options())) << "renew it with: ./dev docs";
}

TEST(Docs, MakeAManualPage) {
  const auto text = reference_man(all_verbs(), common_options(), "1.2.3");
  EXPECT_THAT(text, testing::StartsWith(".TH FN 1 "));
  for (const auto& verb : all_verbs()) EXPECT_THAT(text, HasSubstr(".SS fn " + verb.name)) << verb.name;
  EXPECT_THAT(text, HasSubstr("\\-\\-context NAME"));
}

TEST(Docs, EveryVerbHasASummaryAndExamples) {
  for (const auto& verb : all_verbs()) {
    EXPECT_FALSE(verb.summary.empty()) << verb.name;
    EXPECT_THAT(verb.examples, HasSubstr("fn " + verb.name)) << verb.name;
    for (const auto& option : verb.options) EXPECT_FALSE(option.help.empty()) << verb.name << " " << option.names;
  }
}

TEST(Docs, ATopicIsToldByTheHelp) {
  for (const auto& topic : topics()) {
    const auto outcome = run({"help", topic.name});
    EXPECT_EQ(outcome.code, 0) << topic.name;
    EXPECT_THAT(outcome.out, testing::StartsWith(topic.title)) << topic.name;
    EXPECT_THAT(run({"help"}).out, HasSubstr("  " + topic.name + " ")) << topic.name;
  }
  EXPECT_THAT(run({"help", "depoly"}).err,
              testing::StartsWith("error: there is no help on depoly; did you mean deploy?"));
  EXPECT_THAT(run({"help", "config", "add"}).out, HasSubstr("Usage: fn config add"));
}

}  // namespace
}  // namespace hearth::cli
