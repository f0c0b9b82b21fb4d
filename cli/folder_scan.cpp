#include "cli/folder_scan.h"

#include "domain/error.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Error;
using domain::Layer;

// Version control, what interpreters and editors leave behind, and our own files: settings travel beside the package,
// so that a changed limit needs no new build.
constexpr std::string_view kAlways =
    ".git/\n.hg/\n.svn/\n__pycache__/\n*.pyc\n.pytest_cache/\n.mypy_cache/\n.ruff_cache/"
    "\n.DS_Store\n*.swp\n*.swx\n*~\n.#*\n4913\n"
    "/fn.yaml\n/.fnignore\n";
constexpr std::string_view kInstalled = ".venv/\nnode_modules/\n";

[[noreturn]] void refuse(const std::string& path, const std::string& why, std::string hint) {
  throw Error(Code::invalid, Layer::client, path + " " + why, std::move(hint));
}

std::optional<std::string> text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// A link is kept where both its words and the files that it really meets stay inside.
std::string inner_target(const fs::path& folder, const std::string& path) {
  const auto target = fs::read_symlink(folder / path);
  const std::string hint = "leave it out by a line in .fnignore, or put what it leads to into the folder";
  if (target.is_absolute()) refuse(path, "is a link to " + target.string() + ", which leads out of the folder", hint);
  const auto root = fs::canonical(folder);
  std::error_code error;
  const auto met = fs::weakly_canonical(root / fs::path(path).parent_path() / target, error);
  if (error) refuse(path, "is a link that leads nowhere (" + error.message() + ")", hint);
  const auto words = (root / fs::path(path).parent_path() / target).lexically_normal();
  if (!is_inside(met, root) || !is_inside(words, root)) {
    refuse(path, "is a link to " + target.string() + ", which leads out of the folder", hint);
  }
  return target.string();
}

Entry entry_of(const fs::path& folder, const fs::directory_entry& found, std::string path) {
  const auto status = found.symlink_status();
  Entry entry{.path = std::move(path), .target = {}};
  switch (status.type()) {
    case fs::file_type::regular:
      entry.size = found.file_size();
      entry.executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
      return entry;
    case fs::file_type::directory: entry.kind = EntryKind::folder; return entry;
    case fs::file_type::symlink:
      entry.kind = EntryKind::link;
      entry.target = inner_target(folder, entry.path);
      return entry;
    default:
      refuse(entry.path, "is neither a file, a folder nor a link, and cannot be packed",
             "leave it out by a line in .fnignore");
  }
}

void scan(const fs::path& folder, const std::string& inside, const IgnoreRules& rules, std::vector<Entry>& entries) {
  for (const auto& found : fs::directory_iterator(folder / inside)) {
    const auto name = found.path().filename().string();
    auto path = inside.empty() ? name : inside + "/" + name;
    const bool is_folder = found.symlink_status().type() == fs::file_type::directory;
    if (rules.ignores(path, is_folder)) continue;
    entries.push_back(entry_of(folder, found, path));
    if (is_folder) scan(folder, path, rules, entries);
  }
}

}  // namespace

IgnoreRules ignore_rules(const fs::path& folder, const std::string& dockerfile) {
  IgnoreRules rules;
  rules.add(kAlways);
  if (dockerfile.empty()) rules.add(kInstalled);
  if (const auto own = text_of(folder / ".fnignore")) {
    rules.add(*own);
  } else if (const auto docker = text_of(folder / ".dockerignore"); docker && !dockerfile.empty()) {
    rules.add_docker(*docker);
    // These two Docker itself reads first, whatever they leave out.
    rules.add("!/.dockerignore\n!/" + fs::path(dockerfile).lexically_normal().generic_string() + "\n");
  }
  return rules;
}

std::vector<Entry> scan_folder(const fs::path& folder, const IgnoreRules& rules) {
  std::vector<Entry> entries;
  try {
    scan(folder, "", rules, entries);
  } catch (const fs::filesystem_error& error) {
    refuse(error.path1().string(), "cannot be read (" + error.code().message() + ")",
           "leave it out by a line in .fnignore, or make it readable");
  }
  std::ranges::sort(entries, {}, &Entry::path);
  return entries;
}

}  // namespace hearth::cli
