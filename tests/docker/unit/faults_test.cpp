// What Docker, a socket or a container said, as a user reads it.
#include "engines/docker/api.h"
#include "engines/docker/listeners.h"
#include "engines/docker/start_fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace hearth::docker {
namespace {

using domain::Code;
using domain::Layer;
using testing::HasSubstr;

TEST(Negotiate, SpeaksTheNewestThatBothKnow) {
  struct Row {
    ApiVersion oldest, newest, spoken;
  };
  for (const auto& row :
       {Row{{1, 12}, {1, 41}, {1, 41}}, Row{{1, 24}, {1, 45}, {1, 45}}, Row{{1, 44}, {1, 52}, kNewest}}) {
    EXPECT_EQ(negotiate(row.oldest, row.newest), row.spoken);
  }
}

TEST(Negotiate, RefusesAnEngineThatIsTooOldOrTooNew) {
  EXPECT_THROW(negotiate({1, 12}, {1, 40}), domain::Error);
  EXPECT_THROW(negotiate({1, 60}, {1, 70}), domain::Error);
}

TEST(ParseVersion, TakesNothingElse) {
  EXPECT_EQ(parse_version("1.41"), (ApiVersion{1, 41}));
  for (const auto* text : {"", "1", "1.", ".4", "1.41a", "x.y"}) EXPECT_FALSE(parse_version(text)) << text;
  EXPECT_LT((ApiVersion{1, 9}), (ApiVersion{1, 41}));
}

TEST(Has, FollowsTheTableOfDifferences) {
  EXPECT_FALSE(has({1, 41}, Difference::What::many_networks_at_create));
  EXPECT_TRUE(has({1, 44}, Difference::What::many_networks_at_create));
}

TEST(Refusal, TellsTheCallersReaction) {
  struct Row {
    int status;
    Code code;
  };
  for (const auto& row : {Row{400, Code::invalid}, Row{403, Code::conflict}, Row{404, Code::not_found},
                          Row{409, Code::conflict}, Row{500, Code::unavailable}, Row{503, Code::unavailable}}) {
    const auto fault = refusal("create a container", row.status, R"({"message":"because"})");
    EXPECT_EQ(fault.code, row.code) << row.status;
    EXPECT_EQ(fault.layer, Layer::engine);
    EXPECT_EQ(fault.message, "Docker refused to create a container: because");
  }
}

TEST(Refusal, KnowsTheMendOfAFullDisk) {
  const auto fault = refusal("create a container", 500, R"({"message":"write /var/x: no space left on device"})");
  EXPECT_EQ(fault.code, Code::unavailable);
  EXPECT_THAT(fault.hint, HasSubstr("docker system prune"));
}

TEST(Refusal, BearsAnAnswerThatIsNoJson) {
  EXPECT_THAT(refusal("x", 502, "<html>").message, HasSubstr("<html>"));
  EXPECT_THAT(refusal("x", 502, "").message, HasSubstr("no reason"));
}

TEST(Unreachable, GivesOneLineWithTheMend) {
  EXPECT_THAT(unreachable("/s", EACCES).message, HasSubstr("no permission"));
  EXPECT_THAT(unreachable("/s", EACCES).hint, HasSubstr("usermod -aG docker"));
  EXPECT_THAT(unreachable("/s", ENOENT).hint, HasSubstr("install"));
  EXPECT_THAT(unreachable("/s", ECONNREFUSED).hint, HasSubstr("start it"));
}

TEST(Refusal, TellsThatDockerWantsTls) {
  const auto fault = refusal("ask", 400, "Client sent an HTTP request to an HTTPS server.\n");
  EXPECT_TRUE(fault.message.ends_with("HTTPS server."));
  EXPECT_EQ(fault.code, Code::unavailable);
  EXPECT_THAT(fault.hint, HasSubstr("docker_tls_verify"));
}

TEST(Api, TellsThatDockerIsNotThere) {
  Api api{"/nowhere/docker.sock"};
  try {
    api.about();
    FAIL();
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, Code::unavailable);
    EXPECT_EQ(error.fault().layer, Layer::engine);
    EXPECT_EQ(error.fault().message, "Docker does not answer at /nowhere/docker.sock: No such file or directory");
  }
}

TEST(ParseListeners, ReadsTheKernelsTables) {
  const auto found = parse_listeners(
      "  sl  local_address rem_address   st tx_queue rx_queue\n"
      "   0: 00000000:0BB8 00000000:0000 0A 00000000:00000000\n"
      "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n"
      "   2: 0B00007F:9C40 00000000:0000 0A 00000000:00000000\n"
      "   3: 00000000:0BB9 00000000:0000 01 00000000:00000000\n"
      "   4: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A\n"
      "   5: 00000000000000000000000001000000:1F92 00000000000000000000000000000000:0000 0A\n"
      "   6: 0000000000000000FFFF00000100007F:1F93 00000000000000000000000000000000:0000 0A\n");
  EXPECT_EQ(found, (std::vector<Listener>{{3000, false}, {8080, true}, {8081, false}, {8082, true}, {8083, true}}));
}

struct EarlyRow {
  bool templated;
  ports::Exit exit;
  const char* message;
};

TEST(EndedEarly, SaysHow) {
  for (const auto& row :
       {EarlyRow{false, {.code = 3}, "the container exited with code 3 before it listened"},
        EarlyRow{false, {.code = 0}, "the container exited with code 0 before it listened"},
        EarlyRow{false, {.code = 121}, "the container exited with code 121 before it listened"},
        EarlyRow{true, {.code = 121}, "the handler did not load: the reason"},
        EarlyRow{true, {.code = 139}, "the container was killed by signal 11 (SIGSEGV) before it listened"},
        EarlyRow{true,
                 {.code = 137, .out_of_memory = true},
                 "the container ran out of memory before it listened: its limit is 256Mi"},
        EarlyRow{true,
                 {.code = 137, .out_of_memory = true, .memory_peak = domain::kibibytes(262'140)},
                 "the container ran out of memory before it listened: its limit is 256Mi, its peak was 262140Ki"}}) {
    ports::ReplicaSpec spec;
    spec.templated = row.templated;
    const auto fault = ended_early(spec, row.exit, "first\nthe reason\n");
    EXPECT_EQ(fault.message, row.message);
    EXPECT_EQ(fault.layer, Layer::function);
    EXPECT_EQ(fault.detail, "first\nthe reason\n");
  }
}

TEST(NeverListened, SaysWhatItDidInstead) {
  struct Row {
    bool templated;
    std::vector<Listener> listeners;
    const char* words;
  };
  for (const auto& row : {Row{false, {}, "never listened on $PORT (8080) within 30s"},
                          Row{false, {{3000, false}, {9090, true}}, "listens on port 3000, 9090, not on $PORT (8080)"},
                          Row{false, {{8080, true}}, "listens on 127.0.0.1:8080 only"},
                          Row{true, {}, "did not listen on $HEARTH_SOCKET within 30s"}}) {
    ports::ReplicaSpec spec;
    spec.templated = row.templated;
    const auto fault = never_listened(spec, row.listeners, "");
    EXPECT_THAT(fault.message, HasSubstr(row.words));
    EXPECT_EQ(fault.layer, Layer::function);
    EXPECT_FALSE(fault.hint.empty());
  }
}

}  // namespace
}  // namespace hearth::docker
