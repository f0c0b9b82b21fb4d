// What durable calls were sent with and answered, streamed as bytes.
#include "live_api.h"

#include <gtest/gtest.h>
#include <future>

namespace hearth::api {
namespace {

class CallBodies : public LiveApi {
 protected:
  void store(const std::string& id, ports::Content body) {
    std::promise<void> stored;
    hearth_.call_store.add({.id = id,
                            .key = {},
                            .function = {.name = "hello"},
                            .trigger = "http",
                            .accepted = {},
                            .due = {},
                            .head = "POST /\n",
                            .body = std::move(body)},
                           [&](const auto&) { stored.set_value(); });
    stored.get_future().get();
  }
  ports::Content large(const std::string& bytes) {
    const auto file = hearth_.call_store.make_body();
    file->write(bytes);
    return file->commit();
  }
};

const std::string kId = std::string(31, '0') + "1";
const std::string kCall = "/v1/namespaces/default/calls/" + kId;

TEST_F(CallBodies, AreGivenAsTheyWere) {
  const std::string bytes(300'000, 'x');
  store(kId, {.bytes = "small", .file = {}, .size = 5});
  EXPECT_EQ(ask("GET", kCall + "/body").body, "small");
  const auto early = ask("GET", kCall + "/result");
  EXPECT_EQ(early.status, 404);
  EXPECT_NE(early.body.find("has no answer: it is queued"), std::string::npos);
  hearth_.call_store.finish(
      kId, domain::CallState::succeeded, {}, {},
      ports::Answer{.status = 201, .head = "201\ncontent-type: text/html\n", .body = large(bytes)}, [](const auto&) {});
  const auto result = ask("GET", kCall + "/result");
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.header("content-type"), "application/octet-stream");
  EXPECT_EQ(result.header("content-length"), std::to_string(bytes.size()));
  EXPECT_EQ(result.body, bytes);
  EXPECT_EQ(ask("GET", "/v1/namespaces/team/calls/" + kId + "/result").status, 404);
}

TEST_F(CallBodies, WithoutTheirFileAreSaidToBeGone) {
  store(kId, {.bytes = {}, .file = "gone", .size = 9});
  const auto response = ask("GET", kCall + "/body");
  EXPECT_EQ(response.status, 404) << response.body;
}

}  // namespace
}  // namespace hearth::api
