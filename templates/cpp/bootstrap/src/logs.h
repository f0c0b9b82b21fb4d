// std::cout, std::cerr and std::clog whose lines say which call they belong to (docs/reference/container.md): that of
// the thread that writes them.
#pragma once

#include <string>

namespace hearth::server {

// Puts ours in the place of the streams' own buffers, for the rest of the process.
void install_logs();

// While it lives, what this thread writes belongs to a call.
class CallLog {
 public:
  explicit CallLog(const std::string& call_id);
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;
  ~CallLog();  // ends what was left without a line's end
};

}  // namespace hearth::server
