#include "cli/manifest_schema.h"

#include <array>

namespace hearth::cli {
namespace {

using Spec = domain::FunctionSpec;

constexpr std::array kKeys{
    Key{"", "name", Text{[](Spec& spec) -> auto& { return spec.name.name; }}, "hello"},
    Key{"", "runtime", Text{[](Spec& spec) -> auto& { return spec.runtime; }}, "python"},
    Key{"", "image", Text{[](Spec& spec) -> auto& { return spec.image; }}, "registry.example.org/hello:1"},
    Key{"", "build", Text{[](Spec& spec) -> auto& { return spec.build; }}, "./Dockerfile"},
    Key{"", "handler", Text{[](Spec& spec) -> auto& { return spec.handler; }}, "handler.py:handle"},
    Key{"", "env", Pairs{[](Spec& spec) -> auto& { return spec.env; }}, "{LEVEL: info}"},
    Key{"", "limits", Section{}, "{memory: 256Mi}"},
    Key{"", "scale", Section{}, "{min: 0, max: 10}"},
    Key{"", "network", Section{}, "{egress: allow}"},
    Key{"", "secrets", Later{}, ""},
    Key{"", "retry", Later{}, ""},
    Key{"", "permissions", Later{}, ""},
    Key{"", "triggers", Later{}, ""},
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
};

}  // namespace

std::span<const Key> manifest_keys() { return kKeys; }

}  // namespace hearth::cli
