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
    Key{"", "name", Text{[](Spec& spec) -> auto& { return spec.name.name; }}, "hello",
        "what it is called by: small letters, digits and hyphens, a letter first; at most 63"},
    Key{"", "runtime", Text{[](Spec& spec) -> auto& { return spec.runtime; }}, "python",
        "the language, such as those of fn help runtimes; one of runtime, image and build"},
    Key{"", "image", Text{[](Spec& spec) -> auto& { return spec.image; }}, "registry.example.org/hello:1",
        "any image whose server listens on $PORT"},
    Key{"", "build", Text{[](Spec& spec) -> auto& { return spec.build; }}, "./Dockerfile",
        "path of a Dockerfile in the folder; its server listens on $PORT"},
    Key{"", "handler", Text{[](Spec& spec) -> auto& { return spec.handler; }}, "handler.py:handle",
        "what the runtime calls; its page says what it means"},
    Key{"", "container_runtime", Text{[](Spec& spec) -> auto& { return spec.container_runtime; }}, "runsc",
        "what Docker runs its containers by; where left out, Docker's own"},
    Key{"", "env", Pairs{[](Spec& spec) -> auto& { return spec.env; }}, "{LEVEL: info}",
        "variables of the container; PORT and HEARTH_... are Hearth's own"},
    Key{"", "limits", Section{}, "{memory: 256Mi}", "what one replica may take"},
    Key{"", "scale", Section{}, "{min: 0, max: 10}", "how many replicas, and for how long"},
    Key{"", "network", Section{}, "{egress: allow}", "what it may reach"},
    Key{"", "retry", Section{}, "{attempts: 5}", "how often a stored call that fails is tried again, and when"},
    Key{"", "history", Count{[](Spec& spec) -> auto& { return spec.history; }}, "10",
        "revisions kept beside the one that serves, to roll back to; 0 to 100"},
    Key{"", "secrets", Later{}, "", ""},
    Key{"", "permissions", Later{}, "", ""},
    Key{"", "triggers", List{}, "[{http: {path: /api}}]", "what calls it beside /fn/NAME"},
    Key{"limits", "memory", Size{[](Spec& spec) -> auto& { return spec.limits.memory; }}, "256Mi",
        "16Mi to 1024Gi; beyond it the replica is ended, and its calls say so"},
    Key{"limits", "cpu", Cpu{[](Spec& spec) -> auto& { return spec.limits.cpu_millis; }}, "0.5", "cores: 0.5, or 500m"},
    Key{"limits", "timeout", Time{[](Spec& spec) -> auto& { return spec.limits.timeout; }}, "30s",
        "of one call; every layer derives its own from it"},
    Key{"limits", "concurrency", Count{[](Spec& spec) -> auto& { return spec.limits.concurrency; }}, "16",
        "calls at once in one replica; where left out, what the runtime wants"},
    Key{"limits", "pids", Count{[](Spec& spec) -> auto& { return spec.limits.pids; }}, "64",
        "processes and threads of a replica"},
    Key{"limits", "tmp", Size{[](Spec& spec) -> auto& { return spec.limits.tmp; }}, "64Mi",
        "what /tmp may hold; all else is read-only"},
    Key{"limits", "body", Size{[](Spec& spec) -> auto& { return spec.limits.body; }}, "6Mi", "of a request"},
    Key{"scale", "min", Count{[](Spec& spec) -> auto& { return spec.scale.min; }}, "0",
        "replicas that are always warm"},
    Key{"scale", "max", Count{[](Spec& spec) -> auto& { return spec.scale.max; }}, "10", "replicas at once"},
    Key{"scale", "keep_alive", Keep{[](Spec& spec) -> auto& { return spec.scale.keep_alive; }}, "auto",
        "how long the last idle replica is kept: auto and hybrid learn it, fixed is idle_timeout"},
    Key{"scale", "idle_timeout", Time{[](Spec& spec) -> auto& { return spec.scale.idle_timeout; }}, "5m",
        "a replica that nobody calls for so long is stopped; where that is learned, until it has been"},
    Key{"scale", "start_timeout", Time{[](Spec& spec) -> auto& { return spec.scale.start_timeout; }}, "30s",
        "from create until it listens"},
    Key{"scale", "freeze", Frost{[](Spec& spec) -> auto& { return spec.scale.freeze; }}, "auto",
        "when an idle replica loses its CPU until the next call: auto, never, or after a time such as 10s"},
    Key{"retry", "attempts", Count{[](Spec& spec) -> auto& { return spec.retry.attempts; }}, "5",
        "in all; 1: it is not tried again"},
    Key{"retry", "backoff", Time{[](Spec& spec) -> auto& { return spec.retry.backoff; }}, "1s",
        "the second attempt comes within this time, each one after it within twice as long"},
    Key{"retry", "max_backoff", Time{[](Spec& spec) -> auto& { return spec.retry.max_backoff; }}, "5m",
        "but no wait is longer"},
    Key{"network", "egress", Choice{[](Spec& spec) -> auto& { return spec.network.egress; }}, "allow",
        "allow, or deny: no network at all"},
    Key{"network", "attach", Texts{[](Spec& spec) -> auto& { return spec.network.attach; }}, "[db]",
        "Docker networks to join"},
    Key{"triggers", "http", Section{[](Spec& spec) { spec.http_triggers.emplace_back(); }},
        "{path: \"/api/users/{id}\"}", "requests of a host and path"},
    Key{"triggers", "cron", Later{}, "", ""},
    Key{"triggers", "webhook", Later{}, "", ""},
    Key{"triggers", "queue", Later{}, "", ""},
    Key{"triggers", "object", Later{}, "", ""},
    Key{"triggers.http", "path", Text{[](Spec& spec) -> auto& { return trigger_of(spec).path; }}, "/api",
        "with parameters {id}, and {rest...} at its end"},
    Key{"triggers.http", "methods", Texts{[](Spec& spec) -> auto& { return trigger_of(spec).methods; }}, "[GET]",
        "all where left out"},
    Key{"triggers.http", "host", Text{[](Spec& spec) -> auto& { return trigger_of(spec).host; }}, "example.org",
        "example.org or *.example.org; any where left out"},
    Key{"triggers.http", "cors", Section{[](Spec& spec) { cors_of(spec); }}, "{origins: [\"*\"]}",
        "pages of other origins that may call it"},
    Key{"triggers.http.cors", "origins", Texts{[](Spec& spec) -> auto& { return cors_of(spec).origins; }}, "[\"*\"]",
        "https://example.org, or *"},
    Key{"triggers.http.cors", "methods", Texts{[](Spec& spec) -> auto& { return cors_of(spec).methods; }}, "[GET]",
        "those of the trigger where left out"},
    Key{"triggers.http.cors", "headers", Texts{[](Spec& spec) -> auto& { return cors_of(spec).headers; }}, "[X-A]",
        "of requests; whichever are asked for where left out"},
    Key{"triggers.http.cors", "expose", Texts{[](Spec& spec) -> auto& { return cors_of(spec).expose; }}, "[X-A]",
        "fields of answers that pages may read"},
    Key{"triggers.http.cors", "credentials", Flag{[](Spec& spec) -> auto& { return cors_of(spec).credentials; }},
        "true", "cookies; not with the origin *"},
    Key{"triggers.http.cors", "max_age", Time{[](Spec& spec) -> auto& { return cors_of(spec).max_age; }}, "10m",
        "how long a browser remembers a preflight"},
};

}  // namespace

std::span<const Key> manifest_keys() { return kKeys; }

}  // namespace hearth::cli
