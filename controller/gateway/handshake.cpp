#include "gateway/handshake.h"

#include "http/characters.h"

namespace hearth::gateway {
namespace {

// Whether a list of that field has the member, in any case.
bool names(const http::Head& head, http::FieldId id, std::string_view wanted) noexcept {
  bool found = false;
  for (const auto& field : head.fields) {
    if (field.id != id) continue;
    http::for_each_member(field.value,
                          [&](std::string_view member) { found = found || http::same_ignoring_case(member, wanted); });
  }
  return found;
}

bool upgrades(const http::Head& head) noexcept {
  return names(head, http::FieldId::upgrade, "websocket") && names(head, http::FieldId::connection, "upgrade");
}

}  // namespace

bool asks_for_web_socket(const http::RequestHead& request) noexcept {
  return request.method == "GET" && !request.http_1_0 && request.framing == http::Framing::none && upgrades(request);
}

bool is_web_socket(const http::ResponseHead& answer) noexcept {
  return answer.status == 101 && !answer.http_1_0 && upgrades(answer);
}

}  // namespace hearth::gateway
