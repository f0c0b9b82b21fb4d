#include "domain/error.h"

namespace hearth::domain {

std::string_view name(Code code) {
  switch (code) {
    case Code::invalid: return "invalid";
    case Code::unprocessable: return "unprocessable";
    case Code::denied: return "denied";
    case Code::not_found: return "not_found";
    case Code::conflict: return "conflict";
    case Code::stale: return "stale";
    case Code::overloaded: return "overloaded";
    case Code::full: return "full";
    case Code::unavailable: return "unavailable";
    case Code::timeout: return "timeout";
    case Code::cancelled: return "cancelled";
    case Code::internal: return "internal";
  }
  return "internal";
}

std::string_view name(Layer layer) {
  switch (layer) {
    case Layer::client: return "client";
    case Layer::gateway: return "gateway";
    case Layer::engine: return "engine";
    case Layer::function: return "function";
    case Layer::limit: return "limit";
  }
  return "gateway";
}

int http_status(const Fault& fault) {
  switch (fault.code) {
    case Code::invalid: return fault.layer == Layer::limit ? 413 : 400;
    case Code::unprocessable: return 422;
    case Code::denied: return 401;
    case Code::not_found: return 404;
    case Code::conflict: return 409;
    case Code::stale: return 412;
    case Code::overloaded: return 429;
    case Code::full: return 507;
    case Code::unavailable: return fault.layer == Layer::function ? 502 : 503;
    case Code::timeout: return fault.layer == Layer::client ? 408 : 504;
    case Code::cancelled: return 499;
    case Code::internal: return 500;
  }
  return 500;
}

int exit_code(const Fault& fault) {
  if (fault.code == Code::timeout) return 5;
  if (fault.layer == Layer::function) return 1;
  if (fault.code == Code::unavailable || fault.code == Code::full) return 4;
  return 3;
}

}  // namespace hearth::domain
