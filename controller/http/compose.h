// The pieces of heads that we send. Pure; each appends to `out`.
#pragma once

#include "http/head.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::http {

void compose_status(std::string& out, int status, std::string_view reason);
inline void compose_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}
void compose_number(std::string& out, std::string_view name, std::uint64_t value);
// "Connection", where the client cannot know by its version what becomes of it.
void compose_connection(std::string& out, const RequestHead& request, bool persistent);
void append_number(std::string& out, std::uint64_t value);
// The size line of a chunk.
void append_chunk_size(std::string& out, std::size_t size);

}  // namespace hearth::http
