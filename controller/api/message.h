// A request to the management API and its answer, as values: what handlers see, whatever carries them.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::api {

struct Request {
  std::string method;
  std::string path;  // still percent-encoded, without the query
  std::map<std::string, std::string, std::less<>> query = {};
  std::map<std::string, std::string, std::less<>> headers = {};  // names in lower case
  std::string body = {};
  std::stop_token stop = {};  // whoever asked has left, or hearthd stops: end soon

  // The value of a header, empty where there is none.
  std::string_view header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view{} : std::string_view{found->second};
  }
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

}  // namespace hearth::api
