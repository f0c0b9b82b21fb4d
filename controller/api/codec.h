// What the API says, as JSON text (docs/reference/api.md). Pure.
#pragma once

#include "control/dispatcher.h"
#include "control/service.h"
#include "domain/error.h"
#include "domain/function.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::api {

struct Info;

// A function with the revision that its document shows, and its replicas.
struct FunctionParts {
  control::Versioned<domain::Function> function;
  domain::Revision shown;  // the active one; the latest while none is active
  control::FunctionView view;
  std::optional<std::string> obstacle = {};  // why it starts in no cell
};

std::string function_text(const FunctionParts& parts, std::string_view gateway_url);
std::string revision_text(const domain::Revision& revision);
std::string status_text(const control::FunctionView& view, std::uint64_t seen);
std::string replicas_text(const control::FunctionView& view);
std::string info_text(const Info& info);
// {"items": […], "next": "cursor"}; `next` is left out where it is empty.
std::string list_text(const std::vector<std::string>& items, std::string_view next = {});

// problem+json; `complaints` become its `errors`.
std::string problem_text(const domain::Fault& fault, int status, const std::vector<domain::Complaint>& complaints = {});

// What PUT of a function takes: {"spec": …, "package": "sha256:…", "verify": true}.
struct Deployment {
  domain::FunctionSpec spec;
  std::string package;
  bool verify = true;
};
// Throws control::InvalidDocument with everything that is wrong, with JSON, spec and package alike. `name` comes from
// the URL; where the spec says one, it must be the same. `concurrency` is that of runtimes, for a spec that says none.
Deployment read_deployment(std::string_view body, const domain::FunctionName& name,
                           const std::map<std::string, std::uint32_t>& concurrency = {});

// What PUT of the active revision takes: {"revision": 3}, or {} for the one that served before.
std::optional<std::uint64_t> read_activation(std::string_view body);

// "sha256:" and 64 lower-case hex digits.
bool is_digest(std::string_view text);

// How many bytes of `text` are whole UTF-8 characters, where a stream may be cut in the middle of one: all of them
// but at most 3 at its end.
std::size_t whole_characters(std::string_view text);

// A call that has ended, as a line.
std::string call_line(const control::CallRecord& call);

// Lines of the NDJSON of a build.
std::string build_output_line(std::string_view text);
std::string build_built_line(std::uint64_t revision);
std::string build_done_line(std::uint64_t revision);
std::string build_failed_line(const domain::Fault& fault);

}  // namespace hearth::api
