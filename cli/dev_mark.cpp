#include "cli/dev_mark.h"

#include "cli/paths.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Error;
using domain::Layer;

// Six lines: the API's address, the namespace, the name, the installation, the revision, its time.
std::string text_of(const DevProof& proof) {
  return proof.installation + "\n" + std::to_string(proof.revision) + "\n" + proof.created_at + "\n";
}

std::optional<LeftBehind> read_mark(const fs::path& file, const std::string& api) {
  std::ifstream stream(file);
  LeftBehind left;
  left.file = file;
  std::string at;
  const bool whole = std::getline(stream, at) && std::getline(stream, left.function.space) &&
                     std::getline(stream, left.function.name) && std::getline(stream, left.proof.installation) &&
                     stream >> left.proof.revision && stream.ignore() && std::getline(stream, left.proof.created_at);
  return whole && at == api ? std::optional(std::move(left)) : std::nullopt;
}

// A name that no two functions of no two addresses share.
std::string file_name(const std::string& api, const domain::FunctionName& function) {
  std::string name = function.space + "." + function.name + "@";
  for (const char c : api) name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ? c : '_';
  return name;
}

[[noreturn]] void fail(const fs::path& file, int reason) {
  throw Error(Code::internal, Layer::client, file.string() + " cannot be written: " + std::strerror(reason));
}

}  // namespace

DevMark::DevMark(const fs::path& folder, const std::string& api, const domain::FunctionName& function)
    : file_(folder / file_name(api, function)), head_(api + "\n" + function.space + "\n" + function.name + "\n") {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(folder, error.value());
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) fail(file_, errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw Error(Code::conflict, Layer::client, "another fn dev works on " + to_string(function),
                "end it first, or give this one another name with --name");
  }
  if (::ftruncate(descriptor_, 0) == 0) return;
  const int reason = errno;
  ::close(descriptor_);
  fail(file_, reason);
}

DevMark::~DevMark() { ::close(descriptor_); }

void DevMark::write(const std::optional<DevProof>& proof) {
  const auto text = proof ? head_ + text_of(*proof) : std::string();
  const auto size = static_cast<ssize_t>(text.size());
  // Never empty in between: a kill would leave the function and nothing that says so.
  if (::pwrite(descriptor_, text.data(), text.size(), 0) != size || ::ftruncate(descriptor_, size) != 0) {
    fail(file_, errno);
  }
}

void DevMark::release() { ::unlink(file_.c_str()); }

std::vector<LeftBehind> left_behind(const fs::path& folder, const std::string& api) {
  std::vector<LeftBehind> found;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const int descriptor = ::open(entry->path().c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) continue;
    const bool dead = ::flock(descriptor, LOCK_SH | LOCK_NB) == 0;
    ::close(descriptor);
    auto left = read_mark(entry->path(), api);
    if (dead && left) found.push_back(std::move(*left));
  }
  return found;
}

fs::path dev_marks_folder() {
  const auto home = environment("HOME").value_or("/nonexistent");
  return fs::path(environment("XDG_STATE_HOME").value_or(home + "/.local/state")) / "hearth" / "dev";
}

}  // namespace hearth::cli
