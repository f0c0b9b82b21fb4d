#include "cli/manifest_schema.h"

#include <array>

namespace hearth::cli {
namespace {

using Spec = domain::FunctionSpec;

domain::HttpTrigger& trigger_of(Spec& spec) { return spec.http_triggers.back(); }
domain::Cors& cors_of(Spec& spec) {
  auto& cors = trigger_of(spec).cors;
  return cors ? *cors : cors.emplace();
}

constexpr std::array kKeys{
    Key{"", "name", Text{[](Spec& spec) -> auto& { return spec.name.name; }}, "hello"},
    Key{"", "runtime", Text{[](Spec& spec) -> auto& { return spec.runtime; }}, "python"},
    Key{"", "image", Text{[](Spec& spec) -> auto& { return spec.image; }}, "registry.example.org/hello:1"},
    Key{"", "build", Text{[](Spec& spec) -> auto& { return spec.build; }}, "./Dockerfile"},
    Key{"", "handler", Text{[](Spec& spec) -> auto& { return spec.handler; }}, "handler.py:handle"},
    Key{"", "container_runtime", Text{[](Spec& spec) -> auto& { return spec.container_runtime; }}, "runsc"},
    Key{"", "env", Pairs{[](Spec& spec) -> auto& { return spec.env; }}, "{LEVEL: info}"},
    Key{"", "limits", Section{}, "{memory: 256Mi}"},
    Key{"", "scale", Section{}, "{min: 0, max: 10}"},
    Key{"", "network", Section{}, "{egress: allow}"},
    Key{"", "history", Count{[](Spec& spec) -> auto& { return spec.history; }}, "10"},
    Key{"", "secrets", Later{}, ""},
    Key{"", "retry", Later{}, ""},
    Key{"", "permissions", Later{}, ""},
    Key{"", "triggers", List{}, "[{http: {path: /api}}]"},
    Key{"limits", "memory", Size{[](Spec& spec) -> auto& { return spec.limits.memory; }}, "256Mi"},
    Key{"limits", "cpu", Cpu{[](Spec& spec) -> auto& { return spec.limits.cpu_millis; }}, "0.5"},
    Key{"limits", "timeout", Time{[](Spec& spec) -> auto& { return spec.limits.timeout; }}, "30s"},
    Key{"limits", "concurrency", Count{[](Spec& spec) -> auto& { return spec.limits.concurrency; }}, "16"},
    Key{"limits", "pids", Count{[](Spec& spec) -> auto& { return spec.limits.pids; }}, "64"},
    Key{"limits", "tmp", Size{[](Spec& spec) -> auto& { return spec.limits.tmp; }}, "64Mi"},
    Key{"limits", "body", Size{[](Spec& spec) -> auto& { return spec.limits.body; }}, "6Mi"},
    Key{"scale", "min", Count{[](Spec& spec) -> auto& { return spec.scale.min; }}, "0"},
    Key{"scale", "max", Count{[](Spec& spec) -> auto& { return spec.scale.max; }}, "10"},
    Key{"scale", "idle_timeout", Time{[](Spec& spec) -> auto& { return spec.scale.idle_timeout; }}, "5m"},
    Key{"scale", "start_timeout", Time{[](Spec& spec) -> auto& { return spec.scale.start_timeout; }}, "30s"},
    Key{"scale", "freeze", Later{}, ""},
    Key{"scale", "keep_alive", Later{}, ""},
    Key{"network", "egress", Choice{[](Spec& spec) -> auto& { return spec.network.egress; }}, "allow"},
    Key{"network", "attach", Texts{[](Spec& spec) -> auto& { return spec.network.attach; }}, "[db]"},
    Key{"triggers", "http", Section{[](Spec& spec) { spec.http_triggers.emplace_back(); }},
        "{path: \"/api/users/{id}\"}"},
    Key{"triggers", "cron", Later{}, ""},
    Key{"triggers", "webhook", Later{}, ""},
    Key{"triggers", "queue", Later{}, ""},
    Key{"triggers", "object", Later{}, ""},
    Key{"triggers.http", "path", Text{[](Spec& spec) -> auto& { return trigger_of(spec).path; }}, "/api"},
    Key{"triggers.http", "methods", Texts{[](Spec& spec) -> auto& { return trigger_of(spec).methods; }}, "[GET]"},
    Key{"triggers.http", "host", Text{[](Spec& spec) -> auto& { return trigger_of(spec).host; }}, "example.org"},
    Key{"triggers.http", "cors", Section{[](Spec& spec) { cors_of(spec); }}, "{origins: [\"*\"]}"},
    Key{"triggers.http.cors", "origins", Texts{[](Spec& spec) -> auto& { return cors_of(spec).origins; }}, "[\"*\"]"},
    Key{"triggers.http.cors", "methods", Texts{[](Spec& spec) -> auto& { return cors_of(spec).methods; }}, "[GET]"},
    Key{"triggers.http.cors", "headers", Texts{[](Spec& spec) -> auto& { return cors_of(spec).headers; }}, "[X-A]"},
    Key{"triggers.http.cors", "expose", Texts{[](Spec& spec) -> auto& { return cors_of(spec).expose; }}, "[X-A]"},
    Key{"triggers.http.cors", "credentials", Flag{[](Spec& spec) -> auto& { return cors_of(spec).credentials; }},
        "true"},
    Key{"triggers.http.cors", "max_age", Time{[](Spec& spec) -> auto& { return cors_of(spec).max_age; }}, "10m"},
};

}  // namespace

std::span<const Key> manifest_keys() { return kKeys; }

}  // namespace hearth::cli
