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

TEST(TlsFailure, LeavesWhatIsNotAboutTlsAlone) {
  for (const auto* said : {"", "Connection refused", "Failed to connect to 127.0.0.1 port 1"}) {
    EXPECT_FALSE(tls_failure(said, kFiles)) << said;
  }
}

}  // namespace
}  // namespace hearth::net
