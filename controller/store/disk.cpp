#include "store/disk.h"

#include "domain/error.h"
#include "ports/host.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace hearth::store {

using domain::Code;

void disk_failed(const std::string& attempt, int error, std::string when_full) {
  const bool full = error == ENOSPC || error == EDQUOT;
  const bool read_only = error == EROFS || error == EACCES || error == EPERM;
  throw domain::Error(full ? Code::full : Code::unavailable, domain::Layer::gateway,
                      attempt + ": " + std::strerror(error),
                      full        ? std::move(when_full)
                      : read_only ? "make that folder writable for hearthd"
                                  : "");
}

void sync_folder(const std::string& folder, const std::string& attempt, const std::string& when_full) {
  const ports::Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened || ::fsync(opened.get()) != 0) disk_failed(attempt, errno, when_full);
}

void write_all(int file, const char* bytes, std::size_t size, const std::string& attempt,
               const std::string& when_full) {
  while (size > 0) {
    const auto written = ::write(file, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) disk_failed(attempt, errno, when_full);
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

}  // namespace hearth::store
