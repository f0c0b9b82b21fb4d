// Documents for programs: a YAML reader finds in them what a JSON reader does.
#include "cli/document.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

// As a reader of YAML that knows nothing of ours sees it, with every scalar as its text and tag.
json read_back(const YAML::Node& node) {
  if (node.IsMap()) {
    auto all = json::object();
    for (const auto& entry : node) all[entry.first.Scalar()] = read_back(entry.second);
    return all;
  }
  if (node.IsSequence()) {
    auto all = json::array();
    for (const auto& item : node) all.push_back(read_back(item));
    return all;
  }
  if (node.IsNull()) return nullptr;
  if (node.Tag() == "!") return node.Scalar();  // it was in quotes
  return json::accept(node.Scalar()) ? json::parse(node.Scalar()) : json(node.Scalar());
}

TEST(Document, SaysTheSameInYaml) {
  const auto document = json::parse(R"({
      "name": "hello", "empty": "", "truth": "true", "no": "no", "number": "12", "null": "null", "date": "2026-01-31",
      "colon": "a: b", "hash": "a #b", "lines": "a\nb\n", "quote": "say \"hi\"", "tab\t": "\u0001", "accent": "é",
      "dash": "- a", "real": 0.5, "count": 3, "yes": true, "nothing": null, "list": [], "map": {},
      "items": [{"a": 1, "b": [1, [2, {"c": "d"}], "x"]}, "plain", {"deep": {"deeper": {"k": "v"}}}]})");
  EXPECT_EQ(read_back(YAML::Load(written(document, Format::yaml))), document);
}

// yaml-cpp reads them raw; others, PyYAML among them, refuse the whole document.
TEST(Document, HasNoControlsThatYamlForbids) {
  const json document{{"del\x7f", "a\x7f"}, {"next", "\xc2\x85\xc2\x9f"}, {"space", "\xc2\xa0\xe2\x82\xac"}};
  const auto text = written(document, Format::yaml);
  EXPECT_EQ(text, "\"del\\u007f\": \"a\\u007f\"\nnext: \"\\u0085\\u009f\"\nspace: \"\xc2\xa0\xe2\x82\xac\"\n");
  EXPECT_EQ(read_back(YAML::Load(text)), document);
}

TEST(Document, StandsOnLinesOfItsOwnInAStream) {
  const json one{{"a", 1}};
  EXPECT_EQ(written_in_stream(one, Format::json), "{\"a\":1}\n");
  EXPECT_EQ(written_in_stream(one, Format::yaml), "---\na: 1\n");
  EXPECT_EQ(written(one, Format::json), "{\n  \"a\": 1\n}\n");
  EXPECT_EQ(written(json::array(), Format::yaml), "[]\n");
}

}  // namespace
}  // namespace hearth::cli
