#include "domain/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hearth::domain {
namespace {

constexpr Code kCodes[] = {Code::invalid,  Code::unprocessable, Code::denied,     Code::not_found,
                           Code::conflict, Code::stale,         Code::overloaded, Code::unavailable,
                           Code::timeout,  Code::cancelled,     Code::internal};
constexpr Layer kLayers[] = {Layer::client, Layer::gateway, Layer::engine, Layer::function, Layer::limit};

TEST(Error, BecomesTheStatusItsCodeAndLayerSay) {
  struct {
    const char* sentence;
    Code code;
    Layer layer;
    int status;
  } const rows[] = {
      {"a wrong request", Code::invalid, Layer::client, 400},
      {"a request larger than allowed", Code::invalid, Layer::limit, 413},
      {"a request that breaks a rule", Code::unprocessable, Layer::client, 422},
      {"no token", Code::denied, Layer::client, 401},
      {"no such function", Code::not_found, Layer::client, 404},
      {"another has it", Code::conflict, Layer::client, 409},
      {"changed meanwhile", Code::stale, Layer::client, 412},
      {"too many calls held", Code::overloaded, Layer::limit, 429},
      {"the engine is away", Code::unavailable, Layer::engine, 503},
      {"going down", Code::unavailable, Layer::gateway, 503},
      {"the function died mid-call", Code::unavailable, Layer::function, 502},
      {"the function took too long", Code::timeout, Layer::function, 504},
      {"held until the deadline", Code::timeout, Layer::gateway, 504},
      {"the client sent too slowly", Code::timeout, Layer::client, 408},
      {"the client left", Code::cancelled, Layer::client, 499},
      {"a bug", Code::internal, Layer::gateway, 500},
  };
  for (const auto& row : rows) EXPECT_EQ(http_status({row.code, row.layer, ""}), row.status) << row.sentence;
}

TEST(Error, BecomesTheExitCodeItsCodeAndLayerSay) {
  struct {
    const char* sentence;
    Code code;
    Layer layer;
    int exit;
  } const rows[] = {
      {"the function failed", Code::internal, Layer::function, 1},
      {"the function died", Code::unavailable, Layer::function, 1},
      {"refused as it stands", Code::invalid, Layer::client, 3},
      {"refused without a token", Code::denied, Layer::client, 3},
      {"refused for being too much", Code::overloaded, Layer::limit, 3},
      {"the engine cannot be reached", Code::unavailable, Layer::engine, 4},
      {"the controller cannot be reached", Code::unavailable, Layer::gateway, 4},
      {"timed out, whoever was at fault", Code::timeout, Layer::function, 5},
      {"timed out in the queue", Code::timeout, Layer::gateway, 5},
  };
  for (const auto& row : rows) EXPECT_EQ(exit_code({row.code, row.layer, ""}), row.exit) << row.sentence;
}

TEST(Error, HasAnErrorsStatusAndExitCodeWhateverItIs) {
  for (const auto code : kCodes) {
    for (const auto layer : kLayers) {
      const Fault fault{code, layer, ""};
      EXPECT_GE(http_status(fault), 400) << name(code) << " " << name(layer);
      EXPECT_LT(http_status(fault), 600) << name(code) << " " << name(layer);
      EXPECT_GE(exit_code(fault), 1) << name(code) << " " << name(layer);
      EXPECT_LE(exit_code(fault), 5) << name(code) << " " << name(layer);
    }
  }
}

TEST(Error, NamesEveryCodeAndLayerDifferently) {
  std::set<std::string_view> names;
  for (const auto code : kCodes) names.insert(name(code));
  EXPECT_EQ(names.size(), std::size(kCodes));
  names.clear();
  for (const auto layer : kLayers) names.insert(name(layer));
  EXPECT_EQ(names, (std::set<std::string_view>{"client", "gateway", "engine", "function", "limit"}));
}

TEST(Error, CarriesItsFaultAndSaysItsMessage) {
  const Error error{Code::not_found, Layer::client, "there is no function hello", "see fn list"};
  EXPECT_STREQ(error.what(), "there is no function hello");
  EXPECT_EQ(error.fault(), (Fault{Code::not_found, Layer::client, "there is no function hello", "see fn list"}));
  EXPECT_FALSE(error.fault().retry_after);
}

}  // namespace
}  // namespace hearth::domain
