// Run by: g++ -std=c++20 handler.cpp handler_test.cpp -o handler_test && ./handler_test
#include "hearth.h"

namespace {

int failures = 0;

void expect_greeting(hearth::Request request, const std::string& expected) {
  hearth::Context context;
  const auto answer = handle(request, context);
  if (answer.status == 200 && answer.body == expected) return;
  std::cerr << "greeted with " << answer.status << " " << answer.body << "instead of " << expected;
  ++failures;
}

}  // namespace

int main() {
  expect_greeting({.query = "a=1&name=Ada+L%2e"}, "Hello, Ada L.!\n");
  expect_greeting({.method = "POST", .content = "Bob"}, "Hello, Bob!\n");
  expect_greeting({}, "Hello, world!\n");
  std::cout << (failures == 0 ? "all greetings are right\n" : "some greetings are wrong\n");
  return failures == 0 ? 0 : 1;
}
