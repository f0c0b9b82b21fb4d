// Why TLS did not come about, in words that name the mend. Pure.
#pragma once

#include "net/http_client.h"

#include <optional>
#include <string>
#include <string_view>

namespace hearth::net {

struct TlsFailure {
  std::string why;
  std::string mend;
};

// `said`: what libcurl and OpenSSL made of it. Nothing where it is not about TLS.
std::optional<TlsFailure> tls_failure(std::string_view said, const TlsFiles& files);
// The same of a server that wants no certificate of ours. `ca_file`: whom we trust; empty: whom the system does.
std::optional<TlsFailure> tls_failure(std::string_view said, const std::string& ca_file);

}  // namespace hearth::net
