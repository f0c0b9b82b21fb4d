// What functions' networks must not reach: this machine's own addresses, and the metadata service of a cloud; and that
// no other machine reaches them through this one. A table of its own in nftables, beside whatever rules Docker and the
// machine have.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::host {

// The rules of table `table` for what comes in over `bridges`, or goes out. Pure. They match by name, so the bridges
// may come later.
std::string firewall_rules(std::string_view table, const std::vector<std::string>& bridges);

// Puts them in place at once, whole, in place of those of an earlier start. Answers why it could not: no permission,
// no nftables in the kernel. Connections that the machine itself opens to a function go on working.
std::optional<std::string> close_host(std::string_view table, const std::vector<std::string>& bridges);

// Takes the table away. Nothing is said where there is none.
void open_host(std::string_view table);

}  // namespace hearth::host
