#include "hearth.h"

// Greets whoever the query names, else whoever the body does.
hearth::Response handle(hearth::Request& request, hearth::Context& context) {
  auto name = request.parameter("name").value_or("");
  if (name.empty()) name = request.body();
  if (name.empty()) name = "world";
  context.log("greeting " + name);
  return {.body = "Hello, " + name + "!\n"};
}
