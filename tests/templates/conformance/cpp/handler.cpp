#include "hearth.h"

#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

using hearth::Context;
using hearth::Request;
using hearth::Response;
using nlohmann::json;

namespace {

Response to_json(const json& value) { return Response::json(value.dump()); }

Response held(Context& context) {
  return {.stream = [&context](const hearth::Writer& write) {
    write("begun\n");
    while (::access("/run/hearth/gate", F_OK) != 0) {
      if (context.cancelled()) {
        context.log("cancelled");
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    write("over\n");
  }};
}

Response size_streamed(Request& request) {
  std::size_t count = 0;
  for (auto piece = request.read(); !piece.empty(); piece = request.read()) count += piece.size();
  return {.body = std::to_string(count)};
}

Response tell(const Context& context) {
  return to_json({{"call_id", context.call_id},
                  {"function", context.function},
                  {"namespace", context.name_space},
                  {"revision", context.revision},
                  {"traceparent", context.traceparent},
                  {"remaining_ms", context.remaining().count()}});
}

Response log(const Context& context) {
  std::cout << "to standard output" << std::endl;
  std::cerr << "to standard error\n";
  context.log("by the logger");
  std::puts("by a plain print");
  return {.body = "logged"};
}

Response late() {
  return {.stream = [](const hearth::Writer& write) {
    write("a piece");
    throw std::runtime_error("broken on purpose");
  }};
}

Response says(const char* length) { return {.headers = {{"Content-Length", length}}, .body = "abcdef"}; }

Response child() {
  std::string told;
  std::FILE* grep = ::popen("grep Sig /proc/self/status", "r");
  for (int c = std::fgetc(grep); c != EOF; c = std::fgetc(grep)) told += static_cast<char>(c);
  ::pclose(grep);
  return {.body = told};
}

bool can_write(const char* path) { return static_cast<bool>(std::ofstream{path} << "x" << std::flush); }

const std::map<std::string, std::function<Response(Request&, Context&)>> kAnswers{
    {"/hello", [](auto&, auto&) { return Response{.body = "hello"}; }},
    {"/echo",
     [](auto& request, auto&) {
       return Response{.headers = {{"Content-Type", request.header("Content-Type")}}, .body = request.body()};
     }},
    {"/teapot",
     [](auto&, auto&) {
       return Response{.status = 418, .headers = {{"X-Kind", "tea"}}, .body = "short and stout"};
     }},
    {"/cookies",
     [](auto&, auto&) {
       return Response{.headers = {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}}};
     }},
    {"/json",
     [](auto&, auto&) {
       return to_json({{"name", "Ada"}});
     }},
    {"/empty", [](auto&, auto&) { return Response{.status = 204}; }},
    {"/says-2", [](auto&, auto&) { return says("2"); }},
    {"/says-9", [](auto&, auto&) { return says("9"); }},
    {"/says-two", [](auto&, auto&) { return says("two"); }},
    {"/held", [](auto&, auto& context) { return held(context); }},
    {"/size", [](auto& request, auto&) { return Response{.body = std::to_string(request.body().size())}; }},
    {"/size-streamed", [](auto& request, auto&) { return size_streamed(request); }},
    {"/big", [](auto&, auto&) { return Response{.body = std::string(8 << 20, 'x')}; }},
    {"/context", [](auto&, auto& context) { return tell(context); }},
    {"/log", [](auto&, auto& context) { return log(context); }},
    {"/raise", [](auto&, auto&) -> Response { throw std::runtime_error("broken on purpose"); }},
    {"/late", [](auto&, auto&) { return late(); }},
    {"/env", [](auto&, auto&) { return Response{.body = std::getenv("LEVEL")}; }},
    {"/tmp",
     [](auto&, auto&) {
       return to_json({{"tmp", can_write("/tmp/x")}, {"root", can_write("/function/x")}});
     }},
    {"/child", [](auto&, auto&) { return child(); }},
    {"/crash", [](auto&, auto&) -> Response { ::_exit(3); }},
};

}  // namespace

Response handle(Request& request, Context& context) {
  if (const auto answer = kAnswers.find(request.path); answer != kAnswers.end()) {
    return answer->second(request, context);
  }
  if (request.path.starts_with("/seen/")) {
    return to_json({{"method", request.method},
                    {"path", request.path},
                    {"query", request.query},
                    {"header", request.header("X-Test")}});
  }
  if (request.path.starts_with("/people/")) {
    return to_json(
        {{"id", request.path_parameter("id").value()}, {"rest_of", request.path_parameter("rest_of").value()}});
  }
  return {.status = 404, .body = "there is no " + request.path};
}
