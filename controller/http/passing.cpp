#include "http/passing.h"

#include "http/characters.h"

#include <algorithm>
#include <string_view>

namespace hearth::http {
namespace {

// Whether `name` is `wanted` to a server that reads `_` as `-`, as CGI and WSGI do.
bool reads_as(std::string_view name, std::string_view wanted) noexcept {
  return std::ranges::equal(name, wanted, {}, [](char c) { return c == '_' ? '-' : lower(c); });
}

bool begins_as(std::string_view name, std::string_view prefix) noexcept {
  return reads_as(name.substr(0, prefix.size()), prefix);
}

bool of_one_hop(FieldId id) noexcept {
  switch (id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authorization:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::upgrade: return true;
    default: return false;
  }
}

// What frames or routes a message cannot be named away.
bool named_for_this_hop(const Head& head, const Field& field) noexcept {
  if (field.id == FieldId::host || field.id == FieldId::content_length) return false;
  bool named = false;
  for (const auto& other : head.fields) {
    if (other.id != FieldId::connection) continue;
    for_each_member(other.value, [&](std::string_view member) {
      named = named || (member.size() == field.name.size() && std::ranges::equal(member, field.name, {}, lower, lower));
    });
  }
  return named;
}

bool names_fields(const Head& head) noexcept {
  bool more = false;
  for (const auto& field : head.fields) {
    if (field.id != FieldId::connection) continue;
    for_each_member(field.value, [&](std::string_view member) {
      more = more || !(same_ignoring_case(member, "close") || same_ignoring_case(member, "keep-alive"));
    });
  }
  return more;
}

}  // namespace

Passing::Passing(const Head& head) noexcept : head_(head), names_(names_fields(head)) {}

bool Passing::passes(const Field& field) const noexcept {
  return !of_one_hop(field.id) && !(names_ && named_for_this_hop(head_, field));
}

bool is_of_the_way(const Field& field) noexcept {
  switch (field.id) {
    case FieldId::expect:
    case FieldId::x_forwarded:
    case FieldId::hearth_call_id:
    case FieldId::hearth_deadline: return true;
    case FieldId::other: break;
    default: return false;
  }
  switch (lower(field.name[0])) {
    case 'f': return reads_as(field.name, "forwarded");
    case 'h':
      return begins_as(field.name, "hearth-param-") || reads_as(field.name, "hearth-call-id") ||
             reads_as(field.name, "hearth-deadline-ms") || reads_as(field.name, "hearth-ask") ||
             reads_as(field.name, "hearth-attempt") || reads_as(field.name, "hearth-trigger");
    case 'x': return begins_as(field.name, "x-forwarded-") || reads_as(field.name, "x-real-ip");
    default: return false;
  }
}

std::string_view address_of(std::string_view peer) noexcept {
  peer = peer.substr(0, peer.rfind(':'));
  return peer.starts_with('[') ? peer.substr(1, peer.size() - 2) : peer;
}

}  // namespace hearth::http
