#include "control/call_content.h"

#include "domain/error.h"

#include <algorithm>
#include <string>

namespace hearth::control {

using domain::Code;
using domain::Error;
using domain::Layer;

CallContent::CallContent(const ports::CallStore& store, const ports::Content& content) : content_(content) {
  if (content.file.empty()) return;
  file_.open(store.path_of(content), std::ios::binary);
  if (!file_) throw Error(Code::not_found, Layer::client, "this call is not kept any more");
}

void CallContent::read(const std::function<void(std::string_view piece)>& take) {
  constexpr std::size_t kPiece = 64 << 10;
  if (content_.file.empty()) return take(content_.bytes);
  std::string piece(kPiece, '\0');
  for (auto left = content_.size; left > 0;) {
    file_.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto count = static_cast<std::size_t>(file_.gcount());
    if (count == 0) throw Error(Code::internal, Layer::gateway, "a durable call's body is not whole on the disk");
    take({piece.data(), count});
    left -= std::min<std::uint64_t>(left, count);
  }
}

}  // namespace hearth::control
