#include "cli/commands/completion.h"

#include "cli/contexts.h"
#include "cli/paths.h"
#include "cli/topics.h"
#include "cli/views.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

constexpr const char* kBash = R"SH(# bash: source <(fn completion bash)
_fn_complete() {
  local current=${COMP_WORDS[COMP_CWORD]} line
  local -a answer
  [ "$current" != = ] || current=
  mapfile -t answer < <("${1/#\~/$HOME}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  case ${answer[0]} in
    files) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    folders) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
  esac
  for line in "${answer[@]:1}"; do COMPREPLY+=("${line%%$'\t'*}"); done
}
complete -F _fn_complete fn
)SH";

constexpr const char* kZsh = R"SH(#compdef fn
# zsh: source <(fn completion zsh), after compinit; or this as the file _fn in a folder of $fpath
_fn() {
  local -a answer described
  local line
  answer=("${(@f)$(${~words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case $answer[1] in
    files) _files ;;
    folders) _files -/ ;;
  esac
  for line in "${(@)answer[2,-1]}"; do
    described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  (( $#described )) && _describe fn described
}
if [ "$funcstack[1]" = _fn ]; then _fn "$@"; else compdef _fn fn; fi
)SH";

constexpr const char* kFish = R"SH(# fish: fn completion fish | source
function __fn_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l answer (command $words[1] __complete $words[2..] "$current" 2>/dev/null)
  switch $answer[1]
    case files
      __fish_complete_path "$current"
    case folders
      __fish_complete_directories "$current"
  end
  for line in $answer[2..]
    echo $line
  end
end
complete -c fn -f -a '(__fn_complete)'
)SH";

// A shell waits for us: what is not told at once is not offered.
std::vector<Candidate> functions(const Context& context) {
  constexpr std::chrono::milliseconds kPatience{1500};
  const auto page = context.client().get("/v1/namespaces/" + context.space + "/functions?limit=1000", kPatience);
  std::vector<Candidate> found;
  for (const auto& function : child_at(page, "items")) {
    found.push_back({text_at(function, "name"), text_at(function, "state")});
  }
  return found;
}

std::vector<Candidate> contexts() {
  std::vector<Candidate> found{{std::string(kLocalContext), "this machine's own"}};
  for (const auto& [name, controller] : read_contexts(contexts_file()).named) found.push_back({name, controller.api});
  return found;
}

std::vector<Candidate> topic_names() {
  std::vector<Candidate> found;
  for (const auto& topic : topics()) found.push_back({topic.name, topic.title});
  return found;
}

std::vector<Candidate> known(const Context& context, Completes kind) {
  try {
    switch (kind) {
      case Completes::functions: return functions(context);
      case Completes::contexts: return contexts();
      case Completes::topics: return topic_names();
      case Completes::runtimes: {
        std::vector<Candidate> found;
        for (const auto& name : known_runtimes()) found.push_back({name, ""});
        return found;
      }
      case Completes::files:
      case Completes::folders:
      case Completes::nothing: return {};
    }
  } catch (const domain::Error&) {  // nothing that may be said in the middle of a line
  }
  return {};
}

}  // namespace

int complete(const Context& context, const Typed& typed) {
  std::string text = typed.more == Completes::files     ? "files\n"
                     : typed.more == Completes::folders ? "folders\n"
                                                        : "words\n";
  const auto add = [&](const Candidate& candidate) { text += candidate.word + "\t" + candidate.about + "\n"; };
  for (const auto& candidate : typed.candidates) add(candidate);
  for (const auto& candidate : known(context, typed.more)) {
    if (candidate.word.starts_with(typed.begun)) add({typed.prefix + candidate.word, candidate.about});
  }
  context.terminal.print(text);
  return 0;
}

Verb completion_verb() {
  const auto shell = std::make_shared<std::string>();
  return {.name = "completion",
          .summary = "Print a script that completes fn's words in a shell",
          .examples =
              "source <(fn completion bash)\n"
              "fn completion bash > ~/.local/share/bash-completion/completions/fn\n"
              "fn completion zsh > ~/.zfunc/_fn\n"
              "fn completion fish > ~/.config/fish/completions/fn.fish",
          .options = {{.names = "SHELL",
                       .target = shell.get(),
                       .help = "bash, zsh or fish",
                       .choices = {"bash", "zsh", "fish"},
                       .required = true}},
          .run = [shell](const Context& context) {
            context.terminal.print(*shell == "bash" ? kBash : *shell == "zsh" ? kZsh : kFish);
            return 0;
          }};
}

}  // namespace hearth::cli
