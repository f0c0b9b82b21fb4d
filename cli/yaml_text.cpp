#include "cli/yaml_text.h"

#include "cli/utf8.h"

#include <yaml-cpp/eventhandler.h>

#include <sstream>
#include <utility>

namespace hearth::cli {
namespace {

// Goes over a document and remembers only where its content began, and what of it is no text.
class Passing final : public YAML::EventHandler {
 public:
  const YAML::Mark& begin() const { return begin_; }
  const std::optional<YAML::Mark>& garbled() const { return garbled_; }

  void OnDocumentStart(const YAML::Mark&) override { begun_ = false; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { see(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { see(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& value) override {
    see(mark);
    if (!garbled_ && find_bad_utf8(value)) garbled_ = mark;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    see(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    see(mark);
  }
  void OnMapEnd() override {}

 private:
  void see(const YAML::Mark& mark) {
    if (!std::exchange(begun_, true)) begin_ = mark;
  }

  bool begun_ = false;
  YAML::Mark begin_;
  std::optional<YAML::Mark> garbled_;
};

}  // namespace

// yaml-cpp 0.7 finds documents without end behind some texts (",{a: b}" and a line ":"): at most two are looked at.
YamlText read_yaml(const std::string& text) {
  YamlText read{.root = YAML::Load(text), .second = {}, .garbled = {}};
  std::istringstream stream{text};
  YAML::Parser parser{stream};
  Passing passing;
  if (parser.HandleNextDocument(passing) && parser.HandleNextDocument(passing)) read.second = passing.begin();
  read.garbled = passing.garbled();
  return read;
}

}  // namespace hearth::cli
