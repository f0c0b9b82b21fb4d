// The API on a port of loopback, whole: our listener, cpprest behind it, packages on disk, the rest in memory.
#pragma once

#include "../parts.h"
#include "api/api.h"
#include "http/raw_client.h"
#include "net/http_client.h"
#include "store/packages_folder.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <memory>
#include <string>

namespace hearth::api {

inline const std::string kToken = "a-token-of-the-tests-of-24";
inline const std::string kFunctions = "/v1/namespaces/default/functions";
inline const std::string kImage = R"({"spec":{"image":"nginx"}})";
inline const std::string kUntried = R"({"spec":{"image":"nginx"},"verify":false})";

class LiveApi : public testing::Test {
 protected:
  explicit LiveApi(std::uint32_t max_workers = 128) {
    api_ =
        std::make_unique<Api>(hearth_.service, hearth_.metering, packages_, hearth_.logs, hearth_.calls, hearth_.info,
                              Api::Settings{.address = "127.0.0.1:0", .token = kToken, .max_workers = max_workers});
    api_->start();
    client_ = std::make_unique<net::HttpClient>(
        net::Endpoint{.base = "http://127.0.0.1:" + std::to_string(api_->port()), .unix_socket = {}});
  }

  net::Response ask(const std::string& method, const std::string& target, std::string body = {},
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
    headers.emplace_back("Authorization", "Bearer " + kToken);
    return client_->send({.method = method, .target = target, .headers = std::move(headers), .body = std::move(body)});
  }
  // Not tried: it is cold.
  void deploy(const std::string& name) {
    const auto response = ask("PUT", kFunctions + "/" + name, kUntried);
    ASSERT_EQ(response.status, 202) << response.body;
    hearth_.await_build({.name = name}, 1);
  }
  // A request's head for a raw client; `more` are whole lines.
  static std::string head(const std::string& method, const std::string& target, const std::string& more = {}) {
    return method + " " + target + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + kToken + "\r\n" + more + "\r\n";
  }
  http::RawClient raw() const { return http::RawClient(api_->port()); }

  tests::TemporaryFolder folder_;
  store::PackagesFolder packages_{folder_ / "packages"};
  WholeHearth hearth_{&packages_};
  std::unique_ptr<Api> api_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace hearth::api
