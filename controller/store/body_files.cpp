#include "store/body_files.h"

#include "ports/host.h"
#include "store/disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace hearth::store {

namespace fs = std::filesystem;

namespace {

const std::string kWhenFull = "free some space; nothing that was acknowledged is lost";

// Its lock says that somebody still writes it, or has yet to store the call that names it.
class Writer final : public ports::BodyFile {
 public:
  explicit Writer(const fs::path& folder) : folder_(folder.string()), path_((folder / "XXXXXX").string()) {
    file_ = ports::Descriptor{::mkostemp(path_.data(), O_CLOEXEC)};
    if (!file_ || ::flock(file_.get(), LOCK_SH | LOCK_NB) != 0) disk_failed(attempt(), errno, kWhenFull);
  }
  ~Writer() override {
    if (!committed_) ::unlink(path_.c_str());
  }

  void write(std::string_view bytes) override {
    write_all(file_.get(), bytes.data(), bytes.size(), attempt(), kWhenFull);
    size_ += bytes.size();
  }

  ports::Content commit() override {
    if (::fdatasync(file_.get()) != 0) disk_failed(attempt(), errno, kWhenFull);
    sync_folder(folder_, attempt(), kWhenFull);
    committed_ = true;
    return {.bytes = {}, .file = fs::path(path_).filename().string(), .size = size_};
  }

 private:
  std::string attempt() const { return "keep a call's body in " + folder_; }

  const std::string folder_;
  std::string path_;
  ports::Descriptor file_;
  std::uint64_t size_ = 0;
  bool committed_ = false;
};

bool is_settled(const fs::path& path) {
  const ports::Descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

BodyFiles::BodyFiles(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) disk_failed("make the folder " + folder_.string(), error.value(), kWhenFull);
  ::chmod(folder_.c_str(), 0700);
}

std::unique_ptr<ports::BodyFile> BodyFiles::make() { return std::make_unique<Writer>(folder_); }

void BodyFiles::remove(const std::string& name) noexcept {
  if (!name.empty()) ::unlink(path_of(name).c_str());
}

std::vector<std::string> BodyFiles::settled() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (is_settled(entry.path())) names.push_back(entry.path().filename().string());
  }
  return names;
}

}  // namespace hearth::store
