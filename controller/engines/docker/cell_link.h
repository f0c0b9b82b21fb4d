// The connection on which a cell is told what it becomes, and tells that it is. One handover, then it is closed.
#pragma once

#include "domain/time.h"
#include "ports/host.h"

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace hearth::docker {

// A file as it is sent to a cell.
struct Parcel {
  ports::Descriptor file = {};  // none: nothing is
  std::uint64_t size = 0;
};

// One thread at a time.
class CellLink {
 public:
  // `connection` does not block.
  explicit CellLink(ports::Descriptor connection) : connection_(std::move(connection)) {}

  // Whether nothing was heard yet; a cell that ended, or that speaks unasked, is none to use.
  bool quiet() const;

  enum class Heard : std::uint8_t {
    ready,      // it listens
    ended,      // its process did
    timed_out,  // neither, by the deadline
    cancelled,  // nor until `stop`
    unheard,    // it ended before it had taken all that makes it a function
  };
  // Says `line`, with the file `package` from its beginning behind it where there is one, and waits for the answer.
  Heard hand_over(std::string_view line, const Parcel& package, domain::Time deadline, const std::stop_token& stop);

 private:
  Heard say(std::string_view line, domain::Time deadline, int halt);
  Heard send(const Parcel& package, domain::Time deadline, int halt);
  Heard hear(domain::Time deadline, int halt);
  // Nothing once the connection is ready for `events`.
  std::optional<Heard> await(short events, domain::Time deadline, int halt) const;

  ports::Descriptor connection_;
};

}  // namespace hearth::docker
