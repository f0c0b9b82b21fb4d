#include "api/token.h"

#include "api/secret.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

namespace hearth::api {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;
namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& attempt, const fs::path& file, int error) {
  throw Error(Code::unavailable, Layer::gateway,
              "cannot " + attempt + " " + file.string() + ": " + std::strerror(error),
              "let hearthd's user write there, or give it another configuration folder");
}

class File {
 public:
  File(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// Whole and on disk, or not there.
void write_new(const fs::path& file, std::string_view text) {
  const File out(file, O_WRONLY | O_CREAT | O_EXCL);
  if (out.get() < 0) fail("make", file, errno);
  const bool written = ::write(out.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && ::fsync(out.get()) == 0) return;
  const int error = errno;
  ::unlink(file.c_str());
  fail("write", file, error);
}

fs::path beside(const fs::path& file) { return file.string() + "." + make_secret().substr(0, 16); }

// A link appears whole and only where there is none: whoever comes second reads the first one's.
void make_token(const fs::path& file) {
  const auto draft = beside(file);
  write_new(draft, make_secret() + "\n");
  const int linked = ::link(draft.c_str(), file.c_str());
  const int error = errno;
  ::unlink(draft.c_str());
  if (linked != 0 && error != EEXIST) fail("make", file, error);
}

std::string read_token(const fs::path& file) {
  const File in(file, O_RDONLY);
  if (in.get() < 0) fail("read", file, errno);
  struct stat status {};
  if (::fstat(in.get(), &status) != 0) fail("read", file, errno);
  if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0 || status.st_uid != ::geteuid()) {
    throw Error(Code::denied, Layer::gateway, "the token in " + file.string() + " can be read by others",
                "chown it to hearthd's user and chmod 600 it; remove it first if somebody may have seen it");
  }
  std::array<char, 512> buffer{};
  const auto size = ::read(in.get(), buffer.data(), buffer.size());
  std::string token(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.size() >= 16 && token.find_first_of(" \t\r\n") == std::string::npos) return token;
  throw Error(Code::invalid, Layer::gateway, file.string() + " holds no token of at least 16 characters",
              "remove it; hearthd makes a new one");
}

// File access of this thread with another user's rights, for as long as it lives.
class FileRightsOf {
 public:
  explicit FileRightsOf(const Caller& caller)
      : group_(static_cast<gid_t>(::setfsgid(caller.group))), user_(static_cast<uid_t>(::setfsuid(caller.user))) {}
  FileRightsOf(const FileRightsOf&) = delete;
  FileRightsOf& operator=(const FileRightsOf&) = delete;
  ~FileRightsOf() {
    ::setfsuid(user_);
    ::setfsgid(group_);
  }

 private:
  gid_t group_;
  uid_t user_;
};

void make_private_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail("make", folder, errno);
}

}  // namespace

std::string load_or_make_token(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail("make", folder, error.value());
  const auto file = folder / "token";
  if (!fs::exists(fs::symlink_status(file))) make_token(file);
  return read_token(file);
}

std::optional<Caller> sudo_caller() {
  const char* name = std::getenv("SUDO_USER");
  if (name == nullptr || ::geteuid() != 0) return std::nullopt;
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16 << 10);
  if (::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return std::nullopt;
  if (found->pw_uid == 0) return std::nullopt;
  return Caller{.user = found->pw_uid, .group = found->pw_gid, .home = found->pw_dir};
}

std::optional<domain::Fault> give_token(std::string_view token, const Caller& caller) {
  const FileRightsOf rights(caller);
  try {
    const auto folder = caller.home / ".config" / "hearth";
    make_private_folder(folder.parent_path());
    make_private_folder(folder);
    const auto file = folder / "token";
    const auto draft = beside(file);
    write_new(draft, std::string(token) + "\n");
    if (::rename(draft.c_str(), file.c_str()) != 0) {
      const int error = errno;
      ::unlink(draft.c_str());
      fail("make", file, error);
    }
    return std::nullopt;
  } catch (const Error& error) {
    auto fault = error.fault();
    fault.hint = "fn run by that user needs the token by --token-file or HEARTH_TOKEN";
    return fault;
  }
}

}  // namespace hearth::api
