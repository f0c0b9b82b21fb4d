// Writes down what a process does to the files of one folder, for power_cut.py to tell what of it a power cut would
// have left: each write, and each sync once it has returned. Preloaded; HEARTH_POWER_FOLDER names the folder,
// HEARTH_POWER_LOG the file to write to, which stands elsewhere.
//
// A record: its kind, a file's number, an offset or size, the count of bytes that follow, and those bytes.
//   O  a file was opened, and is of that number from here on: its path; offset 1: it was made
//   W  bytes were written     T  cut or grown to a size     S  all of it is on disk
//   D  a folder is on disk: its path     R  renamed: two paths, a zero between     U  removed: its path
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace {

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

const auto real_open = real<int (*)(const char*, int, ...)>("open");
const auto real_write = real<ssize_t (*)(int, const void*, std::size_t)>("write");
const auto real_pwrite = real<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
const auto real_close = real<int (*)(int)>("close");

std::string absolute(const char* path) {
  if (path[0] == '/') return path;
  char here[PATH_MAX];
  return std::string(::getcwd(here, sizeof here) ? here : "") + "/" + path;
}

class Log {
 public:
  Log() {
    const char* folder = std::getenv("HEARTH_POWER_FOLDER");
    const char* log = std::getenv("HEARTH_POWER_LOG");
    if (!folder || !log) return;
    folder_ = std::string(folder) + "/";
    log_ = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }

  bool concerns(std::string_view path) const { return log_ >= 0 && path.starts_with(folder_); }

  void opened(int fd, const std::string& path, bool made) {
    struct stat about {};
    if (fd < 0 || ::fstat(fd, &about) != 0) return;
    const std::scoped_lock lock{mutex_};
    folders_.erase(fd);
    files_.erase(fd);
    if (S_ISDIR(about.st_mode)) {
      folders_[fd] = path;
    } else if (S_ISREG(about.st_mode)) {
      const auto number = static_cast<std::uint32_t>(about.st_ino);
      files_[fd] = number;
      put('O', number, made ? 1 : 0, path);
    }
  }
  void closed(int fd) {
    const std::scoped_lock lock{mutex_};
    files_.erase(fd);
    folders_.erase(fd);
  }
  // The real call is made with the log held, so that what is written down has the order of what was done.
  template <class Act>
  auto file(int fd, char kind, std::uint64_t offset, const Act& act, const void* bytes = nullptr) {
    const std::scoped_lock lock{mutex_};
    const auto result = act();
    const auto found = files_.find(fd);
    if (result < 0 || found == files_.end()) return result;
    const auto size = bytes ? static_cast<std::size_t>(result) : 0;
    put(kind, found->second, offset, {static_cast<const char*>(bytes), size});
    return result;
  }
  void synced_folder(int fd) {
    const std::scoped_lock lock{mutex_};
    if (const auto found = folders_.find(fd); found != folders_.end()) put('D', 0, 0, found->second);
  }
  void named(char kind, std::string_view text) {
    const std::scoped_lock lock{mutex_};
    put(kind, 0, 0, text);
  }
  bool has(int fd) {
    const std::scoped_lock lock{mutex_};
    return files_.contains(fd);
  }

 private:
  void put(char kind, std::uint32_t number, std::uint64_t offset, std::string_view bytes) {
    std::string record(1, kind);
    const auto count = static_cast<std::uint32_t>(bytes.size());
    record.append(reinterpret_cast<const char*>(&number), sizeof number);
    record.append(reinterpret_cast<const char*>(&offset), sizeof offset);
    record.append(reinterpret_cast<const char*>(&count), sizeof count);
    record.append(bytes);
    [[maybe_unused]] const auto ignored = real_write(log_, record.data(), record.size());
  }

  std::string folder_;
  int log_ = -1;
  std::mutex mutex_;
  std::map<int, std::uint32_t> files_;
  std::map<int, std::string> folders_;
};

Log& log() {
  static Log& one = *new Log;  // other threads may still write as the process ends
  return one;
}

int open_file(const char* path, int flags, mode_t mode) {
  const auto full = absolute(path);
  if (!log().concerns(full)) return real_open(path, flags, mode);
  const bool made = (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
  const int fd = real_open(path, flags, mode);
  log().opened(fd, full, made);
  return fd;
}

mode_t mode_of(int flags, va_list words) { return (flags & O_CREAT) != 0 ? va_arg(words, mode_t) : 0; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list words;
  va_start(words, flags);
  const auto mode = mode_of(flags, words);
  va_end(words);
  return open_file(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list words;
  va_start(words, flags);
  const auto mode = mode_of(flags, words);
  va_end(words);
  return open_file(path, flags, mode);
}
int mkostemp(char* pattern, int flags) {
  static const auto real_mkostemp = real<int (*)(char*, int)>("mkostemp");
  const int fd = real_mkostemp(pattern, flags);
  const auto full = absolute(pattern);
  if (log().concerns(full)) log().opened(fd, full, true);
  return fd;
}
int mkostemp64(char* pattern, int flags) { return mkostemp(pattern, flags); }
ssize_t write(int fd, const void* bytes, std::size_t size) {
  if (!log().has(fd)) return real_write(fd, bytes, size);
  const auto at = static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_CUR));
  return log().file(
      fd, 'W', at, [&] { return real_write(fd, bytes, size); }, bytes);
}
ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t at) {
  if (!log().has(fd)) return real_pwrite(fd, bytes, size, at);
  return log().file(
      fd, 'W', static_cast<std::uint64_t>(at), [&] { return real_pwrite(fd, bytes, size, at); }, bytes);
}
ssize_t pwrite64(int fd, const void* bytes, std::size_t size, off64_t at) { return pwrite(fd, bytes, size, at); }
int ftruncate(int fd, off_t size) noexcept {
  static const auto real_ftruncate = real<int (*)(int, off_t)>("ftruncate");
  return log().file(fd, 'T', static_cast<std::uint64_t>(size), [&] { return real_ftruncate(fd, size); });
}
int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }
int fsync(int fd) {
  static const auto real_fsync = real<int (*)(int)>("fsync");
  const int result = log().file(fd, 'S', 0, [&] { return real_fsync(fd); });
  if (result == 0) log().synced_folder(fd);
  return result;
}
int fdatasync(int fd) {
  static const auto real_fdatasync = real<int (*)(int)>("fdatasync");
  const int result = log().file(fd, 'S', 0, [&] { return real_fdatasync(fd); });
  if (result == 0) log().synced_folder(fd);
  return result;
}
int rename(const char* from, const char* to) noexcept {
  static const auto real_rename = real<int (*)(const char*, const char*)>("rename");
  const int result = real_rename(from, to);
  const auto before = absolute(from);
  const auto after = absolute(to);
  if (result == 0 && log().concerns(after)) log().named('R', before + '\0' + after);
  return result;
}
int unlink(const char* path) noexcept {
  static const auto real_unlink = real<int (*)(const char*)>("unlink");
  const int result = real_unlink(path);
  const auto full = absolute(path);
  if (result == 0 && log().concerns(full)) log().named('U', full);
  return result;
}
int close(int fd) {
  log().closed(fd);
  return real_close(fd);
}

}  // extern "C"
