#include "net/tls_fault.h"

#include <algorithm>
#include <array>

namespace hearth::net {
namespace {

struct Row {
  std::string_view said;
  std::string_view why;
  std::string_view mend;
};

constexpr std::string_view kRenew =
    "{cert} must be signed by the server's authority, not expired, and made for clients (clientAuth)";
constexpr std::string_view kHungUp = "it ended the connection, as it does when it does not take our certificate";
constexpr std::string_view kNoTls = "it does not speak TLS";
constexpr std::string_view kPlain = "turn TLS off (docker_tls_verify), or have it listen with --tlsverify";
constexpr std::string_view kUnsigned = "its certificate is not signed by {ca}";
constexpr std::string_view kRightCa = "{ca} must be the authority that signed the server's certificate";

// The first that fits. {ca}, {cert} and {key} become the files' names.
constexpr std::array kOfServer{
    // Its certificate, as we judge it.
    Row{"certificate has expired", "its certificate has expired", "renew the certificate of the server"},
    Row{"certificate is not yet valid", "its certificate is not valid yet", "set this machine's clock right"},
    Row{"subject name", "its certificate is for another name", "name it as its certificate does, or have one made"},
    Row{"local issuer certificate", kUnsigned, kRightCa},
    Row{"self-signed certificate", kUnsigned, kRightCa},
    Row{"certificate signature failure", kUnsigned, kRightCa},
    // The file that we judge it by.
    Row{"error adding trust anchors", "{ca} is no certificate in PEM", "copy the server's authority there"},
    Row{"setting certificate", "{ca} cannot be read as a certificate in PEM", "copy the server's authority there"},
};

constexpr std::array kOfBoth{
    // Ours, as the server judges it.
    Row{"alert certificate required", "it wants a certificate and was shown none", "put one into {cert} and {key}"},
    Row{"alert certificate expired", "it says that our certificate has expired", "renew {cert}"},
    Row{"alert bad certificate", "it does not take our certificate", kRenew},
    Row{"alert unknown ca", "it does not know who signed our certificate",
        "{cert} must be signed by the authority that the server was given (--tlscacert)"},
    // The same, where the server hangs up so soon that its alert is lost.
    Row{"getpeername() failed", kHungUp, kRenew},
    Row{"Connection reset by peer", kHungUp, kRenew},
    Row{"Broken pipe", kHungUp, kRenew},
    // What is not TLS.
    Row{"wrong version number", kNoTls, kPlain},
    Row{"packet length too long", kNoTls, kPlain},
    // Our files.
    Row{"unable to set private key file", "{key} is not the key of {cert}, or no key in PEM", "make both anew"},
    Row{"does not match the certificate", "{key} is not the key of {cert}", "make both anew"},
    Row{"could not load PEM client certificate", "{cert} is no certificate in PEM", "make it anew"},
};

// Of a server that wants no certificate, beside kOfServer.
constexpr std::array kOfPlain{
    Row{"alert certificate required", "it wants a certificate from us, and fn has none to show",
        "have its proxy ask for none: hearthd knows its clients by their tokens"},
    Row{"wrong version number", kNoTls, "write http:// where it has no TLS"},
    Row{"packet length too long", kNoTls, "write http:// where it has no TLS"},
};

template <std::size_t N>
const Row* find(const std::array<Row, N>& rows, std::string_view said) {
  const auto row = std::ranges::find_if(rows, [&](const Row& one) { return said.find(one.said) != said.npos; });
  return row == rows.end() ? nullptr : &*row;
}

std::string filled(std::string_view text, const TlsFiles& files) {
  std::string result{text};
  for (const auto& [word, file] : {std::pair{"{ca}", files.ca}, {"{cert}", files.certificate}, {"{key}", files.key}}) {
    for (auto at = result.find(word); at != result.npos; at = result.find(word, at + file.size())) {
      result.replace(at, std::string_view{word}.size(), file);
    }
  }
  return result;
}

}  // namespace

std::optional<TlsFailure> tls_failure(std::string_view said, const TlsFiles& files) {
  const auto* row = find(kOfServer, said);
  if (row == nullptr) row = find(kOfBoth, said);
  if (row == nullptr) return std::nullopt;
  return TlsFailure{.why = filled(row->why, files), .mend = filled(row->mend, files)};
}

std::optional<TlsFailure> tls_failure(std::string_view said, const std::string& ca_file) {
  const auto* row = find(kOfServer, said);
  if (row == nullptr) row = find(kOfPlain, said);
  if (row == nullptr) return std::nullopt;
  if (ca_file.empty() && row->why == kUnsigned) {
    return TlsFailure{.why = "its certificate is not signed by an authority that this system trusts",
                      .mend = "name the file of the one that signed it with --ca-file"};
  }
  const TlsFiles files{.ca = ca_file, .certificate = {}, .key = {}};
  return TlsFailure{.why = filled(row->why, files), .mend = filled(row->mend, files)};
}

}  // namespace hearth::net
