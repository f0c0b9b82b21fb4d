// All parts of one hearthd: the only place that knows concrete ones. Constructs them, runs them, stops them in reverse.
#pragma once

#include "config.h"
#include "succession.h"

#include <functional>
#include <memory>
#include <optional>

namespace hearth {

class Hearthd {
 public:
  // `sockets`: listening ones that were handed to us. `tell`: of its succession's turns; any thread.
  Hearthd(const Config& config, Sockets sockets, const std::function<void(Succession::Turn)>& tell);
  ~Hearthd();

  // After `before`, which has let go, or alone.
  void start(std::optional<Predecessor> before);
  void stop();  // calls in flight get the time that the configuration says

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace hearth
