#include "cli/reference.h"

#include "cli/table.h"

#include <sstream>

namespace hearth::cli {
namespace {

bool is_word(const Option& option) { return !option.names.starts_with('-'); }

std::string value_of(const Option& option) {
  if (option.choices.empty()) return option.value;
  std::string all;
  for (const auto& choice : option.choices) all += (all.empty() ? "" : "|") + choice;
  return all;
}

// "-f, --follow" or "--tail LINES"
std::string spelling(const Option& option) {
  std::string text = option.names;
  if (const auto comma = text.find(','); comma != std::string::npos) text.insert(comma + 1, " ");
  const auto value = value_of(option);
  if (option.bare) return text + "[=" + value + "]";
  return is_word(option) || value.empty() ? text : text + " " + value;
}

// "fn invoke NAME", "fn deploy [FOLDER]"
std::string usage(const std::string& name, const Verb& verb) {
  std::string text = name;
  for (const auto& option : verb.options) {
    if (is_word(option)) text += option.required ? " " + option.names : " [" + option.names + "]";
  }
  return text;
}

// Calls `with(name, verb)` for each verb that runs: "fn config add".
template <class With>
// NOLINTNEXTLINE(misc-no-recursion): as deep as verbs have verbs
void for_each(const std::vector<Verb>& verbs, const std::string& parent, const With& with) {
  for (const auto& verb : verbs) {
    if (verb.hidden) continue;
    const auto name = parent + " " + verb.name;
    if (verb.verbs.empty()) with(name, verb);
    for_each(verb.verbs, name, with);
  }
}

std::string filled(const std::string& text, std::size_t width) {
  std::istringstream words(text);
  std::string line;
  std::string all;
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      all += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return all + line + "\n";
}

std::string indented(const std::string& text, const std::string& by) {
  std::istringstream lines(text);
  std::string all;
  for (std::string line; std::getline(lines, line);) all += by + line + "\n";
  return all;
}

// --- Markdown ---

std::string cell(std::string text) {
  for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
  return text;
}

std::string options_markdown(const std::vector<Option>& options) {
  std::string text;
  for (const auto& option : options) text += "| `" + cell(spelling(option)) + "` | " + cell(option.help) + " |\n";
  return text.empty() ? "" : "| | |\n|---|---|\n" + text + "\n";
}

std::string passage_markdown(const Passage& passage) {
  if (!passage.code.empty()) return "```sh\n" + passage.code + "\n```\n\n";
  if (passage.rows.empty()) return filled(passage.text, 120) + "\n";
  std::string text = "| | |\n|---|---|\n";
  for (const auto& [word, meaning] : passage.rows) text += "| `" + cell(word) + "` | " + cell(meaning) + " |\n";
  return text + "\n";
}

// --- man ---

// What roff would take for itself: a backslash, a dot or quote at a line's front, and - for a hyphen.
std::string roff(const std::string& text) {
  std::string safe;
  bool front = true;
  for (const char c : text) {
    if (front && (c == '.' || c == '\'')) safe += "\\&";
    if (c == '\\') {
      safe += "\\e";
    } else if (c == '-') {
      safe += "\\-";
    } else if (c != '`') {
      safe += c;
    }
    front = c == '\n';
  }
  return safe;
}

std::string entry(const std::string& word, const std::string& meaning) {
  return ".TP\n\\fB" + roff(word) + "\\fR\n" + roff(meaning) + "\n";
}

std::string code(const std::string& text) { return ".PP\n.RS 4\n.nf\n" + roff(text) + "\n.fi\n.RE\n"; }

std::string passage_man(const Passage& passage) {
  if (!passage.code.empty()) return code(passage.code);
  if (passage.rows.empty()) return ".PP\n" + roff(passage.text) + "\n";
  std::string text;
  for (const auto& [word, meaning] : passage.rows) text += entry(word, meaning);
  return text;
}

std::string upper(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string topic_text(const Topic& topic) {
  std::string text = topic.title + "\n";
  for (const auto& passage : topic.passages) {
    text += "\n";
    if (!passage.code.empty()) {
      text += indented(passage.code, "  ");
    } else if (passage.rows.empty()) {
      text += filled(passage.text, 80);
    } else {
      std::vector<Row> rows;
      for (const auto& [word, meaning] : passage.rows) rows.push_back({"  " + word, meaning});
      text += table(rows);
    }
  }
  return text;
}

std::string reference_markdown(const std::vector<Verb>& verbs, const std::vector<Option>& common) {
  std::string text =
      "# fn\n\nMade from the command line's own definitions by `./dev docs`: change it there. `fn COMMAND --help` and "
      "`man fn` tell the same.\n\n| command | what it does |\n|---|---|\n";
  for_each(verbs, "fn", [&](const std::string& name, const Verb& verb) {
    text += "| `" + usage(name, verb) + "` | " + cell(verb.summary) + " |\n";
  });
  text += "\n## Options of every command\n\n" + options_markdown(common);
  for_each(verbs, "fn", [&](const std::string& name, const Verb& verb) {
    text += "## " + name + "\n\n" + filled(verb.summary + ".", 120) + "\n" + options_markdown(verb.options);
    if (!verb.examples.empty()) text += "```sh\n" + verb.examples + "\n```\n\n";
    if (!verb.notes.empty()) text += filled(verb.notes, 120) + "\n";
  });
  for (const auto& topic : topics()) {
    text += "## " + topic.title + "\n\n";
    for (const auto& passage : topic.passages) text += passage_markdown(passage);
  }
  text.pop_back();
  return text;
}

std::string reference_man(const std::vector<Verb>& verbs, const std::vector<Option>& common,
                          const std::string& version) {
  std::string text = ".TH FN 1 \"\" \"Hearth " + version +
                     "\" \"Hearth\"\n.SH NAME\nfn \\- functions, made, deployed and called\n" +
                     ".SH SYNOPSIS\n.B fn\n.I COMMAND\n[\\fIOPTION\\fR ...]\n.SH COMMANDS\n";
  for_each(verbs, "fn", [&](const std::string& name, const Verb& verb) {
    text += ".SS " + roff(usage(name, verb)) + "\n" + roff(verb.summary) + ".\n";
    for (const auto& option : verb.options) text += entry(spelling(option), option.help);
    if (!verb.examples.empty()) text += code(verb.examples);
    if (!verb.notes.empty()) text += ".PP\n" + roff(verb.notes) + "\n";
  });
  text += ".SH OPTIONS OF EVERY COMMAND\n";
  for (const auto& option : common) text += entry(spelling(option), option.help);
  for (const auto& topic : topics()) {
    text += ".SH \"" + roff(upper(topic.title)) + "\"\n";
    for (const auto& passage : topic.passages) text += passage_man(passage);
  }
  return text + ".SH SEE ALSO\n.BR hearthd (8)\n";
}

}  // namespace hearth::cli
