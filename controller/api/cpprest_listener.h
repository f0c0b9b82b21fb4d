// The inner listener of the management API: cpprestsdk's, on a port of loopback that only the front knows. It takes
// complete requests that bear this start's secret, and refuses everybody else's. The only user of cpprestsdk.
#pragma once

#include "api/message.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hearth::api {

class CpprestListener {
 public:
  // The field that carries the secret.
  static constexpr std::string_view kSecretField = "hearth-inner";
  // Called on a pool of threads of its own, where it may block; none of cpprest's threads ever waits.
  using Handle = std::function<Response(const Request&)>;

  // Listens at once; throws domain::Error.
  CpprestListener(Handle handle, std::string secret, std::uint32_t max_workers);
  ~CpprestListener();  // waits for the requests that run

  std::uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::api
