// The API's documents as a person reads them. A field that is absent or of another type shows as nothing. Pure.
#pragma once

#include "cli/client.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "domain/error.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hearth::cli {

std::string text_at(const nlohmann::json& document, const char* key);
std::uint64_t number_at(const nlohmann::json& document, const char* key);
const nlohmann::json& child_at(const nlohmann::json& document, const char* key);  // null where there is none

// "13:05:09" of "2026-01-31T13:05:09.250Z".
std::string clock_of(const std::string& time);

// "warm" in its colour.
std::string painted_state(const Terminal& terminal, const std::string& state);

// "python", "image nginx:1", "./Dockerfile": where a spec's code comes from.
std::string source_of(const nlohmann::json& spec);

// "GET, POST http://127.0.0.1:8080/api/{id}" for each HTTP trigger of a function.
std::vector<std::string> route_lines(const nlohmann::json& function);

// A problem inside of a document, such as `last_failure`.
std::optional<domain::Fault> fault_at(const nlohmann::json& document, const char* key);
// "  error: …", its log and its hint, indented for a place under a heading; empty without a fault.
std::string fault_lines(const Terminal& terminal, const std::optional<domain::Fault>& fault);

// A head and a row for each replica; "no replicas" where there are none.
std::string replica_table(const Terminal& terminal, const nlohmann::json& replicas);

// Every function of a namespace, over all pages of the list. Blocks.
std::vector<nlohmann::json> list_functions(Client& client, const std::string& space);

// "2026-01-31T09:05:00.250Z 4f2a91c0 text", and a newline: a replica's first letters tell it from its neighbours.
std::string log_line(const Terminal& terminal, const nlohmann::json& event);

// A head and a row for each revision.
std::string revision_table(const Terminal& terminal, const nlohmann::json& revisions, std::uint64_t active);

// JSON for standard output: indented, one newline at its end.
std::string shown(const nlohmann::json& document);

}  // namespace hearth::cli
