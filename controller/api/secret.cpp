#include "api/secret.h"

#include "domain/error.h"
#include "domain/hex.h"

#include <openssl/crypto.h>
#include <unistd.h>
#include <array>

namespace hearth::api {

std::string make_secret() {
  std::array<unsigned char, 32> bytes{};
  if (::getentropy(bytes.data(), bytes.size()) != 0) {
    throw domain::Error(domain::Code::internal, domain::Layer::gateway, "the system gives no random bytes");
  }
  return domain::to_hex(bytes);
}

bool same_secret(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace hearth::api
