#include "cli/completion.h"

#include <algorithm>

namespace hearth::cli {
namespace {

std::vector<std::string> names_of(const Option& option) {
  std::vector<std::string> names;
  std::string_view rest = option.names;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(','), rest.size());
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

bool takes_value(const Option& option) { return !std::holds_alternative<bool*>(option.target); }

bool takes_many(const Option& option) { return std::holds_alternative<std::vector<std::string>*>(option.target); }

// The words before the last, read as a parser would, but for those that it would refuse.
class Reader {
 public:
  Reader(const std::vector<Verb>& verbs, const std::vector<Option>& common) : verbs_(&verbs), common_(common) {}

  void read(const std::string& word) {
    if (pending_ != nullptr) return take(word);
    if (only_words_ || !word.starts_with('-') || word == "-") return stand_alone(word);
    if (word == "--") {
      only_words_ = true;
      return;
    }
    const auto equals = word.find('=');
    const auto* option = find(word.substr(0, equals));
    if (option == nullptr || !takes_value(*option) || (option->bare && equals == std::string::npos)) return;
    pending_ = option;
    if (equals != std::string::npos) take(word.substr(equals + 1));
  }

  void offer(const std::string& word, Typed& typed) const {
    typed.begun = word;
    if (pending_ != nullptr) return offer_values(*pending_, typed);
    if (!only_words_ && word.starts_with('-')) return offer_options(word, typed);
    if (verb_ == nullptr || !verb_->verbs.empty()) return offer_verbs(typed);
    const auto* option = standing_at(words_);
    if (option != nullptr) offer_values(*option, typed);
  }

  std::map<std::string, std::string> values() && { return std::move(values_); }

 private:
  void take(const std::string& value) {
    values_[names_of(*pending_).back()] = value;
    pending_ = nullptr;
  }

  void stand_alone(const std::string& word) {
    const auto found = std::ranges::find(*verbs_, word, &Verb::name);
    if (found != verbs_->end() && words_ == 0) {
      verb_ = &*found;
      verbs_ = &verb_->verbs;
    } else {
      ++words_;
    }
  }

  std::vector<const Option*> options() const {
    std::vector<const Option*> all;
    if (verb_ != nullptr) {
      for (const auto& option : verb_->options) all.push_back(&option);
    }
    for (const auto& option : common_) {
      if (std::ranges::none_of(all, [&](const auto* own) { return own->names == option.names; }))
        all.push_back(&option);
    }
    return all;
  }

  const Option* find(const std::string& name) const {
    for (const auto* option : options()) {
      if (std::ranges::count(names_of(*option), name) > 0) return option;
    }
    return nullptr;
  }

  const Option* standing_at(std::size_t place) const {
    for (const auto& option : verb_->options) {
      if (option.names.starts_with('-')) continue;
      if (place == 0 || takes_many(option)) return &option;
      --place;
    }
    return nullptr;
  }

  static void add(Typed& typed, const std::string& word, const std::string& about) {
    if (word.starts_with(typed.begun)) typed.candidates.push_back({typed.prefix + word, about});
  }

  static void offer_values(const Option& option, Typed& typed) {
    for (const auto& choice : option.choices) add(typed, choice, "");
    typed.more = option.completes;
  }

  void offer_options(const std::string& word, Typed& typed) const {
    if (const auto equals = word.find('='); equals != std::string::npos) {
      const auto* option = find(word.substr(0, equals));
      if (option == nullptr || !takes_value(*option)) return;
      typed.prefix = word.substr(0, equals + 1);
      typed.begun = word.substr(equals + 1);
      return offer_values(*option, typed);
    }
    for (const auto* option : options()) {
      if (option->names.starts_with('-')) add(typed, names_of(*option).back(), option->help);
    }
    add(typed, "--help", "what it does, its options and examples");
  }

  void offer_verbs(Typed& typed) const {
    for (const auto& verb : *verbs_) {
      if (!verb.hidden) add(typed, verb.name, verb.summary);
    }
  }

  const std::vector<Verb>* verbs_;
  const std::vector<Option>& common_;
  const Verb* verb_ = nullptr;
  const Option* pending_ = nullptr;  // whose value is next
  std::size_t words_ = 0;            // that stand alone, behind the verb
  bool only_words_ = false;          // behind a --
  std::map<std::string, std::string> values_;
};

// "--output" "=" "js" → "--output" "js": how bash cuts it.
std::vector<std::string> rejoined(std::vector<std::string> words) {
  std::vector<std::string> whole;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool cut = words[i] == "=" && !whole.empty() && whole.back().starts_with("--");
    if (!cut) whole.push_back(std::move(words[i]));
    if (cut && i + 1 == words.size()) whole.emplace_back();
  }
  return whole;
}

}  // namespace

Typed read_typed(const std::vector<Verb>& verbs, const std::vector<Option>& common, std::vector<std::string> words) {
  words = rejoined(std::move(words));
  if (words.empty()) words.emplace_back();
  Reader reader(verbs, common);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) reader.read(words[i]);
  Typed typed;
  reader.offer(words.back(), typed);
  typed.values = std::move(reader).values();
  return typed;
}

}  // namespace hearth::cli
