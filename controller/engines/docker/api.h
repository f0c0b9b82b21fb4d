// The Docker Engine API over its unix socket or TCP, version negotiated, errors translated. Thin: what to ask and what
// an answer means is the codec's and the engine's. Blocks; any thread.
#pragma once

#include "domain/error.h"
#include "engines/docker/location.h"
#include "net/http_client.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::docker {

struct ApiVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const ApiVersion&) const = default;
};
std::optional<ApiVersion> parse_version(std::string_view text);  // "1.41"
std::string to_string(ApiVersion version);

inline constexpr ApiVersion kOldest{1, 41};  // Docker Engine 20.10
inline constexpr ApiVersion kNewest{1, 47};  // the newest that this code was written against

// What differs between the versions that we speak, and since when.
struct Difference {
  enum class What : std::uint8_t { many_networks_at_create } what;
  ApiVersion since;
};
inline constexpr Difference kDifferences[] = {
    {Difference::What::many_networks_at_create, {1, 44}},  // before: one, the others by a call each
};
bool has(ApiVersion version, Difference::What what);

// The version to speak with an engine that offers `oldest` to `newest`; throws `unavailable` where there is none.
ApiVersion negotiate(ApiVersion oldest, ApiVersion newest);

struct About {
  std::string version;  // of the engine: "20.10.24"
  ApiVersion api;       // what was agreed on
  bool init = false;    // it has a program to reap a container's orphans
};

// GET /version; throws where it is no Docker's, or of one that is too old or too new.
About read_about(const nlohmann::json& answer);

struct Call {
  std::string method = "GET";
  std::string path;                           // "/containers/json?all=1", without a version
  std::string attempt;                        // for the error's message: "create a container"
  std::string body = {};                      // JSON
  std::vector<int> expected = {};             // statuses beyond 2xx and 304 that are answers too
  std::chrono::milliseconds timeout{60'000};  // 0: none
};

class Api {
 public:
  explicit Api(Location location);
  explicit Api(std::string socket) : Api(Location{.socket = std::move(socket)}) {}

  const Location& location() const noexcept { return location_; }

  // Asks the engine on first use and after renegotiate().
  About about(std::stop_token stop = {});
  void renegotiate();

  // "/v1.41" + path: for streams that another client reads.
  std::string versioned(const std::string& path, std::stop_token stop = {});

  // The whole answer. Throws domain::Error with layer `engine`: `unavailable` with the mend where Docker is not there
  // or may not be spoken to, else what Docker said.
  net::Response call(const Call& call, std::stop_token stop = {});
  // The answer's body, parsed.
  nlohmann::json get(const Call& call, std::stop_token stop = {});
  // The answer piece by piece; a refusal is thrown as above. `on_open` hears once the answer begins.
  void stream(const Call& call, const std::function<void()>& on_open, const net::OnBody& on_body,
              std::stop_token stop = {});
  // Any request ("target" is a path without a version), such as one that streams its body up. Statuses are not
  // judged; see refusal().
  net::Response send(net::Request request, std::stop_token stop = {});
  // The same, of which `on_piece` hears the body where the status is 200; a refusal's is in the answer.
  net::Response receive(net::Request request, const std::function<void(std::string_view)>& on_piece,
                        std::stop_token stop = {});

 private:
  net::Response exchange(const net::Request& request, const net::OnHead& on_head, const net::OnBody& on_body,
                         const std::stop_token& stop);

  const Location location_;
  net::HttpClient client_;
  std::mutex mutex_;
  std::optional<About> about_;
};

// What Docker's refusal means: its status and body as a fault with layer `engine`.
domain::Fault refusal(const std::string& attempt, int status, std::string_view body);

// Why Docker's socket cannot be used, by the system's error number, with the mend.
domain::Fault unreachable(const std::string& socket, int error);
// The same over TCP, where `fault` is what came of a call.
domain::Fault unreachable(const Location& location, domain::Fault fault);

}  // namespace hearth::docker
