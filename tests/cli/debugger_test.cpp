// What `fn dev --debug` tells an editor.
#include "cli/debugger.h"
#include "domain/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(Debugger, IsWhereTheLanguagesToolsLookForIt) {
  EXPECT_EQ(debugger_of("python").port, 5678);
  EXPECT_EQ(debugger_of("node").port, 9229);
}

TEST(Debugger, NamesThoseThatThereAreWhereThereIsNone) {
  for (const auto& [runtime, subject] :
       {std::pair{"go", "runtime go has no debugger"}, std::pair{"", "a function without a runtime has no debugger"}}) {
    try {
      debugger_of(runtime);
      ADD_FAILURE() << runtime;
    } catch (const domain::Error& error) {
      EXPECT_EQ(error.fault().code, domain::Code::invalid);
      EXPECT_THAT(error.fault().message, HasSubstr(subject));
      EXPECT_THAT(error.fault().hint, HasSubstr("node and python"));
    }
  }
}

TEST(LaunchConfiguration, IsWhatEachKindOfEditorsExtensionReads) {
  const auto python = json::parse(launch_configuration(debugger_of("python"), 4711, "/home/ada/it's \"mine\""));
  EXPECT_EQ(python, json::parse(R"({"name":"fn dev","type":"debugpy","request":"attach","restart":true,
                                    "connect":{"host":"127.0.0.1","port":4711},
                                    "pathMappings":[{"localRoot":"/home/ada/it's \"mine\"","remoteRoot":"/function"}]})"));
  const auto node = json::parse(launch_configuration(debugger_of("node"), 9229, "/w"));
  EXPECT_EQ(node, json::parse(R"({"name":"fn dev","type":"node","request":"attach","restart":true,
                                  "address":"127.0.0.1","port":9229,"localRoot":"/w","remoteRoot":"/function"})"));
}

}  // namespace
}  // namespace hearth::cli
