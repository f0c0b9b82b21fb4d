#include "cli/manifest.h"

#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace hearth::cli {

void PrintTo(const ManifestFault& fault, std::ostream* out) {
  *out << fault.line << ":" << fault.column << ": " << fault.message;
}

namespace {

using namespace std::chrono_literals;
using testing::ElementsAreArray;
using testing::IsEmpty;

constexpr auto kSource = "exactly one of runtime, image and build says where the code comes from";

TEST(Manifest, ReadsEveryKey) {
  const auto manifest = parse_manifest(R"(name: thumbnails   # a comment
runtime: python
handler: handler.py:handle
env: {LEVEL: info, EMPTY: "", NUMBER: 7}
limits: {memory: 512Mi, cpu: 0.5, timeout: 90s, concurrency: 10, pids: 32, tmp: 1Gi, body: 64Ki}
scale: {min: 1, max: 3, idle_timeout: 250ms, start_timeout: 1m, freeze: 2s}
network: {egress: deny, attach: [db, "queue"]}
)");

  ASSERT_THAT(manifest.faults, testing::IsEmpty());
  const auto& spec = manifest.spec;
  EXPECT_EQ(spec.name.name, "thumbnails");
  EXPECT_EQ(spec.runtime, "python");
  EXPECT_EQ(spec.handler, "handler.py:handle");
  EXPECT_THAT(spec.env, testing::UnorderedElementsAre(testing::Pair("LEVEL", "info"), testing::Pair("EMPTY", ""),
                                                      testing::Pair("NUMBER", "7")));
  EXPECT_EQ(spec.limits, (domain::Limits{.memory = domain::mebibytes(512),
                                         .cpu_millis = 500,
                                         .timeout = 90s,
                                         .concurrency = 10,
                                         .pids = 32,
                                         .tmp = domain::gibibytes(1),
                                         .body = domain::kibibytes(64)}));
  EXPECT_EQ(spec.scale, (domain::Scale{.min = 1,
                                       .max = 3,
                                       .keep_alive = domain::KeepAlive::fixed,
                                       .idle_timeout = 250ms,
                                       .start_timeout = 60s,
                                       .freeze = {.when = domain::Freeze::When::after, .idle = 2s}}));
  EXPECT_EQ(spec.network, (domain::Network{.egress = false, .attach = {"db", "queue"}}));
}

TEST(Manifest, ATimeAloneIsAFixedOne) {
  using domain::KeepAlive;
  const auto keep = [](const std::string& scale) {
    return parse_manifest("name: hello\nimage: nginx:1\nscale: " + scale + "\n").spec.scale.keep_alive;
  };
  EXPECT_EQ(keep("{}"), KeepAlive::automatic);
  EXPECT_EQ(keep("{max: 3}"), KeepAlive::automatic);
  EXPECT_EQ(keep("{idle_timeout: 5m}"), KeepAlive::fixed);
  EXPECT_EQ(keep("{idle_timeout: 5m, keep_alive: auto}"), KeepAlive::automatic);
  EXPECT_EQ(keep("{keep_alive: fixed}"), KeepAlive::fixed);
  EXPECT_EQ(keep("{keep_alive: hybrid, idle_timeout: 1h}"), KeepAlive::hybrid);
}

TEST(Manifest, LeavesOutWhatIsNotSaidAndAcceptsEmptySections) {
  const auto manifest = parse_manifest("name: hello\nimage: nginx:1\nenv:\nlimits:\nnetwork:\n  attach:\n");
  ASSERT_THAT(manifest.faults, testing::IsEmpty());
  EXPECT_EQ(manifest.spec.limits, domain::Limits{});
  EXPECT_EQ(manifest.spec.image, "nginx:1");
}

struct Wrong {
  const char* text;
  std::vector<ManifestFault> faults;
};

const std::string kHead = "name: hello\nimage: nginx:1\n";  // two good lines; what is wrong begins on the third

TEST(Manifest, TellsWhatIsWrongAndWhere) {
  const Wrong rows[] = {
      {"limits: {memmory: 1Gi}", {{3, 10, "limits.memmory: unknown key; did you mean memory?"}}},
      {"limits:\n  timout: 3s", {{4, 3, "limits.timout: unknown key; did you mean timeout?"}}},
      {"memory: 1Gi", {{3, 1, "memory: unknown key; did you mean limits.memory?"}}},
      {"scale: {Min: 1}", {{3, 9, "scale.Min: unknown key; did you mean min?"}}},
      {"network: {zzz: 1}", {{3, 11, "network.zzz: unknown key; valid here: egress and attach"}}},
      {"limits: {memory: 256}", {{3, 18, "limits.memory: 256 has no unit; write 256Mi"}}},
      {"limits: {memory: 256MB}", {{3, 18, "limits.memory: \"256MB\" is no size; write it like 256Mi"}}},
      {"limits: {memory: 1Ki}", {{3, 18, "limits.memory: must be from 16Mi to 1024Gi"}}},
      {"limits: {memory: -1Mi}", {{3, 18, "limits.memory: \"-1Mi\" is no size; write it like 256Mi"}}},
      {"limits: {memory: [1]}", {{3, 18, "limits.memory: must be one value such as 256Mi, not a list"}}},
      {"limits: {timeout: 30}", {{3, 19, "limits.timeout: 30 has no unit; write 30s"}}},
      {"limits: {timeout: 1.5}", {{3, 19, "limits.timeout: 1.5 has no unit; write 1.5s"}}},
      {"limits: {timeout: soon}", {{3, 19, "limits.timeout: \"soon\" is no duration; write it like 30s"}}},
      {"limits: {timeout: 25h}", {{3, 19, "limits.timeout: must be from 1ms to 24h"}}},
      {"limits: {cpu: many}", {{3, 15, "limits.cpu: \"many\" is no number of cores; write it like 0.5"}}},
      {"limits: {concurrency: 1.5}", {{3, 23, "limits.concurrency: \"1.5\" is no whole number; write it like 16"}}},
      {"limits: {concurrency: -1}", {{3, 23, "limits.concurrency: \"-1\" is no whole number; write it like 16"}}},
      {"limits: {concurrency: 0}", {{3, 23, "limits.concurrency: must be from 1 to 1000"}}},
      {"limits: {pids: 99999999999}", {{3, 16, "limits.pids: \"99999999999\" is no whole number; write it like 64"}}},
      {"limits: 5", {{3, 9, "limits: must be a map such as {memory: 256Mi}, not a single value"}}},
      {"scale: {min: 5, max: 2}", {{3, 14, "scale.min: must not be more than scale.max"}}},
      {"scale: {idle_timeout: 1ms}", {{3, 23, "scale.idle_timeout: must be from 100ms to 168h"}}},
      {"network: {egress: maybe}", {{3, 19, "network.egress: \"maybe\" is neither allow nor deny"}}},
      {"network: {attach: db}", {{3, 19, "network.attach: must be a list such as [db], not a single value"}}},
      {"network: {attach: [{a: b}]}", {{3, 20, "network.attach: each must be one value, not a map"}}},
      {"env: [A]", {{3, 6, "env: must be a map such as {LEVEL: info}, not a list"}}},
      {"env:\n  A: ~", {{4, 3, "env.A: must be one value, not nothing; write \"\" for an empty one"}}},
      {"env:\n  A: 1\n  A: 2", {{5, 3, "env.A: stands twice; the first is on line 4"}}},
      {"env:\n  1A: x", {{4, 3, "env.1A: a variable's name is letters, digits and _, and no digit first"}}},
      {"env: {PORT: 80}", {{3, 7, "env.PORT: is set by Hearth; choose another name"}}},
      {"handler: [a, b]", {{3, 10, "handler: must be one value such as handler.py:handle, not a list"}}},
      {"handler:", {{3, 1, "handler: must be one value such as handler.py:handle, not nothing"}}},
      {"name: again", {{3, 1, "name: stands twice; the first is on line 1"}}},
      {"limits: {pids: 1, pids: 2}", {{3, 19, "limits.pids: stands twice; the first is on line 3"}}},
      {"build: ./Dockerfile", {{3, 1, std::string("build: excludes image on line 2; ") + kSource}}},
      {"triggers:\n  - cron: {a: b}",
       {{4, 5, "triggers[0].cron: this version of Hearth does not carry it out; remove it"}}},
      {"triggers: {http: a}", {{3, 11, "triggers: must be a list such as [{http: {path: /api}}], not a map"}}},
      {"triggers: [{http: {}}]", {{3, 19, "triggers[0].http.path: is missing; write it like /api/users/{id}"}}},
      {"triggers: [http]",
       {{3, 12, "triggers[0]: must have one key, and be written like one of [{http: {path: /api}}]"}}},
      {"triggers: [{htp: {path: /a}}]", {{3, 13, "triggers[0].htp: unknown key; did you mean http?"}}},
      {"triggers: [{http: {path: /a, host: a:80}}]",
       {{3, 36, "triggers[0].http.host: \"a:80\" must have no scheme and no port"}}},
      {"triggers:\n  - http: {path: /a}\n  - http: {path: \"/a/{id\", methods: [GET, get]}",
       {{5, 18, "triggers[1].http.path: column 4: { without }"},
        {5, 43, "triggers[1].http.methods[1]: \"get\" is not one of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS"}}},
      {"triggers: [{http: {path: /a, cors: {}}}]",
       {{3, 36, "triggers[0].http.cors.origins: must name at least one origin, or \"*\""}}},
      {"triggers: [{http: {path: /a, cors: {origins: [\"*\"], credentials: true}}}]",
       {{3, 66,
         "triggers[0].http.cors.credentials: excludes the origin \"*\": every page could act as the user; name the "
         "origins"}}},
      {"triggers: [{http: {path: /a}}, {http: {path: /a/}}]",
       {{3, 46, "triggers[1].http.path: takes the same requests as triggers[0].http"}}},
      {"secrets: [a]", {{3, 1, "secrets: this version of Hearth does not carry it out; remove it"}}},
      {"scale: {keep_alive: long}", {{3, 21, "scale.keep_alive: \"long\" is neither auto, fixed nor hybrid"}}},
      {"scale: {freeze: soon}", {{3, 17, "scale.freeze: \"soon\" is neither auto, never, nor a time such as 10s"}}},
      {"scale: {freeze: 10}", {{3, 17, "scale.freeze: \"10\" is neither auto, never, nor a time such as 10s"}}},
      {"scale: {freeze: 99ms}", {{3, 17, "scale.freeze: must be auto, never, or from 100ms to 168h"}}},
      {"[a]: b", {{3, 1, "a key must be a single word, not a list"}}},
      {"---\nname: b", {{4, 1, "a second document; fn.yaml holds one"}}},
  };
  for (const auto& [text, faults] : rows) {
    EXPECT_THAT(parse_manifest(kHead + text + "\n").faults, ElementsAreArray(faults)) << text;
  }
}

TEST(Manifest, TakesAHandlerWithARuntimeOnly) {
  const std::pair<const char*, const char*> rows[] = {
      {"\":handle\"", "handler: \":handle\" is not FILE:FUNCTION, such as handler.py:handle"},
      {"\"handler.py:\"", "handler: \"handler.py:\" is not FILE:FUNCTION, such as handler.py:handle"},
  };
  for (const auto& [handler, message] : rows) {
    EXPECT_THAT(parse_manifest(std::string("name: a\nruntime: python\nhandler: ") + handler).faults,
                ElementsAreArray<ManifestFault>({{3, 10, message}}));
  }
  for (const char* fine : {"", "handler: run.sh\n", "handler: a.py:b\n"}) {
    EXPECT_THAT(parse_manifest(std::string("name: a\nruntime: python\n") + fine).faults, IsEmpty()) << fine;
  }
  EXPECT_THAT(parse_manifest("name: a\nimage: b\nhandler: a.py:b").faults,
              ElementsAreArray<ManifestFault>({{3, 10, "handler: only a function with a runtime has a handler"}}));
}

TEST(Manifest, TellsWhatIsMissing) {
  EXPECT_THAT(parse_manifest("handler: a.py:b\n").faults,
              ElementsAreArray<ManifestFault>({{1, 1, std::string("runtime: missing; ") + kSource},
                                               {1, 1, "name: missing; write it like name: hello"},
                                               {1, 10, "handler: only a function with a runtime has a handler"}}));
  EXPECT_THAT(parse_manifest("").faults,
              ElementsAreArray<ManifestFault>({{1, 1, "is empty; write at least name: and runtime:"}}));
  EXPECT_THAT(
      parse_manifest("- a\n").faults,
      ElementsAreArray<ManifestFault>({{1, 1, "must be a map of keys such as name: and runtime:, not a list"}}));
}

TEST(Manifest, TellsAllFaultsAtOnceInTheOrderOfTheFile) {
  const auto manifest = parse_manifest("nam: x\nimage: nginx:1\nlimits:\n  memory: 5\nscale: {max: 0}\nname: X\n");
  EXPECT_THAT(manifest.faults,
              ElementsAreArray<ManifestFault>(
                  {{1, 1, "nam: unknown key; did you mean name?"},
                   {4, 11, "limits.memory: 5 has no unit; write 5Mi"},
                   {5, 14, "scale.max: must be from 1 to 1000"},
                   {6, 7,
                    "name: must be lower-case letters, digits and -, begin with a letter, not end with -, at "
                    "most 63"}}));
}

TEST(Manifest, EndsForEveryText) {
  const auto faults = parse_manifest(",{a: b}\n:\n").faults;  // YAML::LoadAll finds documents in it without end
  ASSERT_FALSE(faults.empty());
  EXPECT_EQ(faults[0].line, 1u);
}

TEST(Manifest, RefusesWhatYamlCannotHold) {
  EXPECT_THAT(parse_manifest("name: a\x01\n").faults,
              testing::ElementsAre(ManifestFault{1, 8, "a control character; YAML takes none"}));
  EXPECT_THAT(
      parse_manifest("name: \"\\N\"\n").faults,
      testing::Contains(ManifestFault{1, 7, "the escapes \\N and \\_ are not read; write the character itself"}));
}

TEST(Manifest, TellsWhereTheYamlBreaks) {
  const std::tuple<const char*, std::size_t, std::size_t> rows[] = {
      {"name: hello\n\truntime: python\n", 2, 1}, {"name: [a, b\n", 2, 1}, {"a: b: c\n", 1, 5},
      {"name: x\n  runtime: y\n", 2, 10},         {"name: \xff\n", 1, 7},  {"name: x\n# \xe4\n", 2, 3},
  };
  for (const auto& [text, line, column] : rows) {
    const auto faults = parse_manifest(text).faults;
    ASSERT_EQ(faults.size(), 1u) << text;
    EXPECT_EQ(std::pair(faults[0].line, faults[0].column), std::pair(line, column)) << text << faults[0].message;
    EXPECT_FALSE(faults[0].message.empty()) << text;
  }
}

TEST(Manifest, SurvivesDeepNesting) {
  const auto faults = parse_manifest(std::string(100'000, '[')).faults;
  EXPECT_EQ(faults.size(), 1u);
}

domain::Fault refusal(const std::filesystem::path& folder) {
  try {
    read_manifest(folder);
  } catch (const domain::Error& error) {
    return error.fault();
  }
  return {};
}

TEST(Manifest, NamesTheFileInEveryFault) {
  const tests::TemporaryFolder folder;
  std::ofstream(folder / "fn.yaml") << "name: hello\nimage: nginx:1\nlimits: {memmory: 1Gi}\n";
  const auto file = (folder / "fn.yaml").string();
  EXPECT_EQ(refusal(folder.path()).message, file + ":3:10: limits.memmory: unknown key; did you mean memory?");
  EXPECT_EQ(refusal(folder.path()).code, domain::Code::invalid);

  std::ofstream(folder / "fn.yaml") << "name: hello\nrun: python\nlimits: {memmory: 1Gi}\nimage: a\n";
  const auto several = refusal(folder.path());
  EXPECT_EQ(several.message, file + " has 2 faults");
  EXPECT_THAT(several.detail, testing::StartsWith(file + ":2:1: run: unknown key"));
}

TEST(Manifest, SaysHowToMakeOneWhereThereIsNone) {
  const tests::TemporaryFolder folder;
  EXPECT_THAT(refusal(folder.path()).message, testing::EndsWith("fn.yaml cannot be read: No such file or directory"));
  EXPECT_EQ(refusal(folder.path()).hint, "name the function's folder, or make one with: fn init NAME");
}

TEST(Manifest, ReadsHttpTriggersAndMakesThemTheApisDocument) {
  const auto manifest = parse_manifest(R"(name: a
image: b
triggers:
  - http: {path: /plain}
  - http:
      path: "/api/users/{id}"
      methods: [GET, POST]
      host: example.org
      cors: {origins: ["https://a.org"], methods: [GET], headers: [X-A], expose: [X-B], credentials: true, max_age: 1h}
)");
  ASSERT_THAT(manifest.faults, testing::IsEmpty());
  const std::vector<domain::HttpTrigger> triggers{{.path = "/plain"},
                                                  {.path = "/api/users/{id}",
                                                   .methods = {"GET", "POST"},
                                                   .host = "example.org",
                                                   .cors = domain::Cors{.origins = {"https://a.org"},
                                                                        .methods = {"GET"},
                                                                        .headers = {"X-A"},
                                                                        .expose = {"X-B"},
                                                                        .credentials = true,
                                                                        .max_age = 1h}}};
  EXPECT_EQ(manifest.spec.http_triggers, triggers);
  const auto document = spec_document(manifest.spec)["triggers"];
  EXPECT_EQ(document[0]["http"]["path"], "/plain");
  EXPECT_FALSE(document[0]["http"].contains("cors"));
  EXPECT_EQ(document[1]["http"]["cors"]["max_age"], "1h");
  EXPECT_EQ(document[1]["http"]["methods"], (nlohmann::json{"GET", "POST"}));
}

TEST(Manifest, BecomesTheApisDocument) {
  const auto manifest =
      parse_manifest("name: a\nruntime: python\nhandler: a.py:b\nlimits: {cpu: 250m, memory: 1.5Gi}\nenv: {A: b}\n");
  const auto document = spec_document(manifest.spec);
  EXPECT_EQ(document["runtime"], "python");
  EXPECT_FALSE(document.contains("image"));
  EXPECT_EQ(document["env"], (nlohmann::json{{"A", "b"}}));
  EXPECT_EQ(document["limits"]["cpu"], 0.25);
  EXPECT_EQ(document["limits"]["memory"], "1536Mi");
  EXPECT_EQ(document["scale"]["idle_timeout"], "5m");
  EXPECT_EQ(document["network"]["egress"], "allow");
  EXPECT_FALSE(document["limits"].contains("concurrency")) << "hearthd knows what the runtime wants";
  const auto said = parse_manifest("name: a\nruntime: shell\nlimits: {concurrency: 16}\n");
  EXPECT_EQ(spec_document(said.spec)["limits"]["concurrency"], 16);
}

}  // namespace
}  // namespace hearth::cli
