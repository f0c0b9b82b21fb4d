#include "cli/commands/init.h"

#include "cli/paths.h"
#include "cli/suggestion.h"

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Error;
using domain::Layer;

constexpr std::string_view kStarter = "starter";
constexpr std::string_view kPlaceholder = "{{name}}";

fs::path starter_of(const std::string& runtime) {
  const auto templates = find_templates();
  if (!templates) {
    throw Error(Code::not_found, Layer::client, "the templates of the runtimes are not beside fn",
                "name their folder in HEARTH_TEMPLATES");
  }
  const auto names = known_runtimes();
  if (std::ranges::find(names, runtime) != names.end()) return *templates / runtime / kStarter;
  const auto meant = nearest(runtime, names);
  throw Error(Code::invalid, Layer::client,
              "there is no runtime " + runtime + (meant.empty() ? "" : "; did you mean " + meant + "?"),
              names.empty() ? templates->string() + " holds none" : "there are: " + enumerate(names));
}

std::string filled_in(std::string text, const std::string& name) {
  for (auto at = text.find(kPlaceholder); at != std::string::npos; at = text.find(kPlaceholder, at + name.size())) {
    text.replace(at, kPlaceholder.size(), name);
  }
  return text;
}

void copy_file(const fs::path& from, const fs::path& to, const std::string& name) {
  std::ifstream source(from, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(source), {});
  errno = 0;
  std::ofstream target(to, std::ios::binary);
  target << filled_in(text, name);
  target.close();
  if (!target) {
    throw Error(Code::internal, Layer::client, to.string() + " cannot be written: " + std::strerror(errno));
  }
  fs::permissions(to, fs::status(from).permissions() | fs::perms::owner_write);
}

// A starter's "gitignore" stands there without its dot, or it would rule the template's own folder.
void copy_starter(const fs::path& starter, const fs::path& to, const std::string& name) {
  for (const auto& entry : fs::recursive_directory_iterator(starter)) {
    auto inside = fs::relative(entry.path(), starter);
    if (inside.filename() == "__pycache__" || inside.parent_path().filename() == "__pycache__") continue;
    if (inside.filename() == "gitignore") inside.replace_filename(".gitignore");
    if (entry.is_directory()) {
      fs::create_directories(to / inside);
    } else {
      copy_file(entry.path(), to / inside, name);
    }
  }
}

void check_target(const fs::path& folder) {
  std::error_code error;
  const auto status = fs::symlink_status(folder, error);
  if (status.type() == fs::file_type::not_found) return;
  if (fs::is_directory(status) && fs::is_empty(folder)) return;
  throw Error(Code::conflict, Layer::client,
              folder.string() + (fs::is_directory(status) ? " is not empty" : " is there already"),
              "choose another folder with --folder, or remove it");
}

// All of it or nothing: made beside the target, then renamed to it.
void make_folder(const fs::path& starter, const fs::path& folder, const std::string& name) {
  const auto half_made = fs::path(folder.string() + ".fn-init-" + std::to_string(::getpid()));
  try {
    fs::create_directories(half_made);
    copy_starter(starter, half_made, name);
    fs::rename(half_made, folder);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove_all(half_made, ignored);
    throw Error(Code::internal, Layer::client, folder.string() + " cannot be made: " + error.code().message());
  } catch (const Error&) {
    std::error_code ignored;
    fs::remove_all(half_made, ignored);
    throw;
  }
}

}  // namespace

int init(const Context& context, const InitOptions& options) {
  const auto function = parse_function(options.name, context.space);
  auto folder = options.folder.empty() ? fs::path(function.name) : options.folder.lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  const auto starter = starter_of(options.runtime);
  check_target(folder);
  make_folder(starter, folder, function.name);
  if (context.terminal.json()) {
    context.terminal.show({{"name", function.name}, {"folder", fs::absolute(folder).string()}});
    return 0;
  }
  context.terminal.print("made " + folder.string() + "; next: cd " + folder.string() + " && fn deploy\n");
  return 0;
}

Verb init_verb() {
  const auto options = std::make_shared<InitOptions>();
  return {
      .name = "init",
      .summary = "Make a folder with a first function",
      .examples = "fn init hello\nfn init hello --runtime docker --folder functions/hello",
      .options =
          {{.names = "NAME", .target = &options->name, .help = "the function's name", .required = true},
           {.names = "-r,--runtime",
            .target = &options->runtime,
            .help = "its language, python by default, or docker for any Dockerfile; `fn completion` lists them at Tab",
            .value = "RUNTIME",
            .completes = Completes::runtimes},
           {.names = "--folder",
            .target = &options->folder,
            .help = "instead of NAME",
            .value = "FOLDER",
            .completes = Completes::folders}},
      .run = [options](const Context& context) { return init(context, *options); }};
}

}  // namespace hearth::cli
