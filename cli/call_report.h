// How a call went, as the gateway tells it in the head of its answer. Pure; any thread.
#pragma once

#include "net/http_client.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <utility>
#include <vector>

namespace hearth::cli {

struct Timing {
  std::string name;  // held, turn, cold, init, thaw, exec
  double millis = 0;
  std::string why = {};  // its description
};

// Server-Timing (W3C): "held;dur=0.1, cold;dur=61.2"; entries without a duration are left out.
std::vector<Timing> read_timings(std::string_view header);

// Status, call id and timings as a few lines for standard error.
std::string call_lines(const net::Response& head, double total_millis);

// The whole call as one document.
nlohmann::json call_document(const net::Response& head, const std::string& body, double total_millis);

}  // namespace hearth::cli
