#include "net/tls_fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::net {
namespace {

using testing::HasSubstr;

const TlsFiles kFiles{.ca = "/d/ca.pem", .certificate = "/d/cert.pem", .key = "/d/key.pem"};

TEST(TlsFailure, NamesWhoseCertificateIsWrongAndTheMend) {
  struct Row {
    const char* said;
    const char* why;
    const char* mend;
  };
  for (const auto& row :
       {Row{"SSL certificate problem: certificate has expired", "its certificate has expired", "renew"},
        Row{"SSL certificate problem: unable to get local issuer certificate", "not signed by /d/ca.pem", "/d/ca.pem"},
        Row{"SSL: no alternative certificate subject name matches target host name 'x'", "another name", "name it"},
        Row{"OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0", "none",
            "/d/cert.pem and /d/key.pem"},
        Row{"OpenSSL SSL_read: error:0A000412:SSL routines::sslv3 alert bad certificate, errno 0", "our certificate",
            "clientAuth"},
        Row{"getpeername() failed with errno 107: Transport endpoint is not connected", "our certificate",
            "/d/cert.pem"},
        Row{"error:0A00010B:SSL routines::wrong version number", "does not speak TLS", "--tlsverify"},
        Row{"unable to set private key file: '/d/key.pem' type PEM", "/d/key.pem is not the key of /d/cert.pem",
            "anew"}}) {
    const auto failure = tls_failure(row.said, kFiles);
    ASSERT_TRUE(failure) << row.said;
    EXPECT_THAT(failure->why, HasSubstr(row.why));
    EXPECT_THAT(failure->mend, HasSubstr(row.mend));
  }
}

TEST(TlsFailure, OfAServerThatWantsNoCertificateNamesWhomWeTrust) {
  constexpr auto* kIssuer = "SSL certificate problem: unable to get local issuer certificate";
  const auto named = tls_failure(kIssuer, "/d/ca.pem");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->why, "its certificate is not signed by /d/ca.pem");
  const auto systems = tls_failure(kIssuer, "");
  ASSERT_TRUE(systems);
  EXPECT_THAT(systems->why, HasSubstr("that this system trusts"));
  EXPECT_THAT(systems->mend, HasSubstr("--ca-file"));
  EXPECT_THAT(tls_failure("error:0A00010B:SSL routines::wrong version number", "").value().mend, HasSubstr("http://"));
  EXPECT_FALSE(tls_failure("Connection reset by peer", ""))
      << "it says nothing of TLS where nobody knows our certificate";
}

TEST(TlsFailure, LeavesWhatIsNotAboutTlsAlone) {
  for (const auto* said : {"", "Connection refused", "Failed to connect to 127.0.0.1 port 1"}) {
    EXPECT_FALSE(tls_failure(said, kFiles)) << said;
    EXPECT_FALSE(tls_failure(said, "")) << said;
  }
}

}  // namespace
}  // namespace hearth::net
