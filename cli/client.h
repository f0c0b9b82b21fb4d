// The management API (docs/reference/api.md) as calls. Blocks; throws domain::Error: a refusal as the server words it,
// `unavailable` when nothing answers, `cancelled` when its stop_token is triggered. One thread.
#pragma once

#include "cli/paths.h"
#include "domain/function.h"
#include "net/http_client.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace hearth::cli {

class Client {
 public:
  Client(std::string base, Token token, std::stop_token stop, const std::filesystem::path& ca_file = {});

  const std::string& base() const { return base_; }

  // The document of a successful answer; null for an empty one. `patience` is the time of the whole call.
  nlohmann::json get(const std::string& target, std::chrono::milliseconds patience = std::chrono::seconds(30));
  // `precondition`: a header that says what it may change, such as {"If-Match", "\"7\""}.
  using Header = std::pair<std::string, std::string>;
  nlohmann::json put(const std::string& target, const nlohmann::json& document,
                     const std::optional<Header>& precondition = {},
                     std::chrono::milliseconds patience = std::chrono::seconds(30));
  // The same where nothing is there yet; else throws `conflict`.
  nlohmann::json put_new(const std::string& target, const nlohmann::json& document);
  nlohmann::json post(const std::string& target);  // with all that it says in its URL
  void remove(const std::string& target, std::chrono::milliseconds patience);

  // The bytes of an answer as they come.
  using OnBytes = std::function<void(std::string_view piece)>;
  void download(const std::string& target, const OnBytes& on_bytes);

  // Each line of an x-ndjson answer as it comes, until one answers false or the stream ends. A stream that breaks off
  // is an error.
  using OnEvent = std::function<bool(const nlohmann::json& event)>;
  void follow(const std::string& target, const OnEvent& on_event);

  bool has_package(const std::string& space, const std::string& digest);
  using OnSent = std::function<void(std::uint64_t bytes)>;
  void upload(const std::string& space, const std::string& digest, const std::filesystem::path& tar, std::uint64_t size,
              const OnSent& on_sent);

 private:
  net::Request request(std::string method, std::string target) const;
  void read(const net::Request& asked, const std::function<bool(std::string_view piece)>& take);
  net::Response answered(const std::function<net::Response()>& call) const;
  [[noreturn]] void refuse(const net::Response& response) const;

  std::string base_;
  Token token_;
  std::stop_token stop_;
  net::HttpClient http_;
};

// "/v1/namespaces/default/functions/hello".
std::string path_of(const domain::FunctionName& function);

// "hello" in `space`, or "space.hello". Throws `invalid` where it is no function's name.
domain::FunctionName parse_function(std::string_view text, const std::string& space);

}  // namespace hearth::cli
