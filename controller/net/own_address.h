// What an address says of where it leads: the host in it, and whether that is this machine.
#pragma once

#include <string>

namespace hearth::net {

// Blocks on the resolver. False too where the name is not known.
bool is_own_address(const std::string& host);

// "http://user@proxy:3128/" → "proxy"; with or without a scheme.
std::string host_of_url(const std::string& url);

}  // namespace hearth::net
