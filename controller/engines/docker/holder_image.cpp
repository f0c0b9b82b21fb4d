#include "engines/docker/holder_image.h"

#include "engines/docker/build_context.h"
#include "engines/docker/images.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

// The linker's way to carry a file: no copy of it is made until it is read.
asm(R"(
  .section .rodata
  .balign 16
  .globl hearth_holder_begin
hearth_holder_begin:
  .incbin ")" HEARTH_HOLDER R"("
  .globl hearth_holder_end
hearth_holder_end:
  .byte 0
  .previous
)");
extern "C" const char hearth_holder_begin[];  // NOLINT(readability-identifier-naming): an assembler's name
extern "C" const char hearth_holder_end[];    // NOLINT(readability-identifier-naming)

namespace hearth::docker {
namespace {

constexpr const char* kProgram = "hold";
constexpr std::size_t kShort = 16;  // hex digits of the program's digest: as unique as a name needs

// Said by what it is made of, so that installations may share it, and a newer hearthd makes its own.
const std::string& image_name() {
  static const std::string name = "hearth/holder:" + hex_digest(holder_program()).substr(0, kShort);
  return name;
}

std::string root_folder() {
  const ports::Descriptor file{::memfd_create("holder", MFD_CLOEXEC)};
  TarWriter tar{file.get()};
  tar.add_file(kProgram, holder_program(), true);
  tar.finish();
  std::string bytes(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
  if (::pread(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size())) return bytes;
  throw domain::Error(domain::Code::internal, domain::Layer::gateway,
                      std::string{"the image of parked networks cannot be put together: "} + std::strerror(errno));
}

}  // namespace

std::string_view holder_program() {
  return {hearth_holder_begin, static_cast<std::size_t>(hearth_holder_end - hearth_holder_begin)};
}

std::string HolderImage::ensure() {
  const std::lock_guard lock{mutex_};
  if (!known_ && !Images{api_}.find(image_name())) {
    const auto [repository, tag] = split_name(image_name());
    const std::string attempt = "make the image of parked networks";
    net::Request request{.method = "POST",
                         .target = "/images/create?fromSrc=-&repo=" + net::url_encode(repository) + "&tag=" + tag +
                                   "&changes=" + net::url_encode(std::string{"CMD [\"/"} + kProgram + "\"]"),
                         .headers = {{"Content-Type", "application/x-tar"}},
                         .body = root_folder()};
    request.timeout = std::chrono::minutes{1};
    const auto answer = api_.send(std::move(request));
    if (answer.status != 200) throw domain::Error(refusal(attempt, answer.status, answer.body));
  }
  known_ = true;
  return image_name();
}

void HolderImage::doubt() {
  const std::lock_guard lock{mutex_};
  known_ = false;
}

}  // namespace hearth::docker
