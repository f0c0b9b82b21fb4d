#include "engines/docker/ownership.h"

#include "domain/hex.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace hearth::docker {
namespace {

std::string mark(const Installation& installation, const std::string& name) {
  const std::string text = installation.id + "\n" + name;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), installation.secret.data(), static_cast<int>(installation.secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return domain::to_hex({digest, size});
}

std::string value(const Labels& labels, const char* key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string{} : found->second;
}

}  // namespace

Labels proof(const Installation& installation, const std::string& name) {
  return {{kInstallationLabel, installation.id}, {kMarkLabel, mark(installation, name)}};
}

bool is_ours(const Installation& installation, const std::string& name, const Labels& labels) {
  const std::string expected = mark(installation, name);
  const std::string given = value(labels, kMarkLabel);
  return value(labels, kInstallationLabel) == installation.id && given.size() == expected.size() &&
         CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

}  // namespace hearth::docker
