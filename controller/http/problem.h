// Errors as RFC 9457 `application/problem+json`: the one writer, for the server, the gateway and the API's edge.
#pragma once

#include "domain/error.h"

#include <string>
#include <string_view>

namespace hearth::http {

inline constexpr std::string_view kProblemType = "application/problem+json";

std::string_view reason_phrase(int status);  // "Not Found"; "Unknown" for what no standard names
std::string problem(const domain::Fault& fault, int status);
inline std::string problem(const domain::Fault& fault) { return problem(fault, domain::http_status(fault)); }

// `text` as the inside of a JSON string; bytes that are not UTF-8 become U+FFFD.
std::string json_escaped(std::string_view text);

}  // namespace hearth::http
