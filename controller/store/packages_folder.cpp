#include "store/packages_folder.h"

#include "domain/hex.h"
#include "ports/host.h"
#include "store/disk.h"

#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace hearth::store {

using domain::Code;
using domain::Layer;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kAlgorithm = "sha256:";
constexpr std::string_view kUnfinished = "upload-";
const std::string kWhenFull = "make room on that disk, then deploy again";

[[noreturn]] void failed(const std::string& attempt, int error) { disk_failed(attempt, error, kWhenFull); }

// The file's name in the folder: 64 hex digits, so that no digest a client sends can name another place.
std::optional<std::string> name_of(const std::string& digest) {
  if (!digest.starts_with(kAlgorithm)) return std::nullopt;
  const std::string hex = digest.substr(kAlgorithm.size());
  const bool valid = hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == hex.npos;
  return valid ? std::optional{hex} : std::nullopt;
}

class Sha256 {
 public:
  Sha256() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    return domain::to_hex({digest.data(), size});
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

class Upload final : public ports::PackageUpload {
 public:
  Upload(fs::path folder, std::string name, domain::Bytes largest)
      : folder_(std::move(folder)), name_(std::move(name)), largest_(largest) {
    std::error_code ignored;
    do {
      unfinished_ = (folder_ / (std::string(kUnfinished) + "XXXXXX")).string();
      file_ = ports::Descriptor{::mkostemp(unfinished_.data(), O_CLOEXEC)};
      if (!file_) failed(attempt(), errno);
      // Swept between the two lines, it is lost: another one then.
    } while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 ? errno == EWOULDBLOCK : !fs::exists(unfinished_, ignored));
  }
  ~Upload() override {
    if (!unfinished_.empty()) ::unlink(unfinished_.c_str());
  }

  void write(std::string_view bytes) override {
    size_ += bytes.size();
    if (size_ > largest_.count) {
      throw domain::Error(Code::invalid, Layer::limit, "a package may have at most " + domain::to_string(largest_),
                          "leave out what the function does not need, or build it from a Dockerfile");
    }
    digest_.add(bytes);
    write_all(file_.get(), bytes.data(), bytes.size(), attempt(), kWhenFull);
  }

  void commit() override {
    if (const std::string actual = digest_.hex(); actual != name_) {
      throw domain::Error(Code::unprocessable, Layer::client,
                          "the package is sha256:" + actual + ", not the sha256:" + name_ + " it was sent as",
                          "send it again");
    }
    if (::fsync(file_.get()) != 0) failed(attempt(), errno);
    if (::rename(unfinished_.c_str(), (folder_ / name_).c_str()) != 0) {
      failed(attempt(), errno);
    }
    unfinished_.clear();
    sync_folder(folder_.string(), attempt(), kWhenFull);
  }

 private:
  std::string attempt() const { return "keep a package in " + folder_.string(); }

  const fs::path folder_;
  const std::string name_;
  const domain::Bytes largest_;
  ports::Descriptor file_;
  std::string unfinished_;  // its path until it is whole
  Sha256 digest_;
  std::uint64_t size_ = 0;
};

// Whether whoever wrote it is gone: a hearthd that is being replaced may still take in one.
bool is_abandoned(const fs::path& unfinished) {
  const ports::Descriptor file{::open(unfinished.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

PackagesFolder::PackagesFolder(fs::path folder, domain::Bytes largest) : folder_(std::move(folder)), largest_(largest) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) failed("make the folder " + folder_.string(), error.value());
  ::chmod(folder_.c_str(), 0700);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (!entry.path().filename().string().starts_with(kUnfinished)) continue;
    if (is_abandoned(entry.path())) fs::remove(entry.path(), error);
  }
}

std::unique_ptr<ports::PackageUpload> PackagesFolder::upload(const std::string& digest) {
  const auto name = name_of(digest);
  if (!name) {
    throw domain::Error(Code::invalid, Layer::client, "a package's digest is sha256: and 64 lower-case hex digits");
  }
  return std::make_unique<Upload>(folder_, *name, largest_);
}

std::optional<fs::path> PackagesFolder::find(const std::string& digest) {
  const auto name = name_of(digest);
  if (!name) return std::nullopt;
  std::error_code ignored;
  fs::path path = folder_ / *name;
  return fs::is_regular_file(path, ignored) ? std::optional{std::move(path)} : std::nullopt;
}

void PackagesFolder::remove(const std::string& digest) {
  const auto path = find(digest);
  if (path && ::unlink(path->c_str()) != 0 && errno != ENOENT) failed("remove " + path->string(), errno);
}

std::vector<std::string> PackagesFolder::list() {
  std::vector<std::string> digests;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    auto digest = std::string(kAlgorithm) + entry.path().filename().string();
    if (name_of(digest)) digests.push_back(std::move(digest));
  }
  return digests;
}

}  // namespace hearth::store
