// Makes images from packages. Blocks; any thread.
#pragma once

#include "domain/function.h"

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

namespace hearth::ports {

// A piece of the build's output as it comes, not cut at lines.
using BuildOutput = std::function<void(std::string_view text)>;

class Builder {
 public:
  virtual ~Builder() = default;

  // The digest of the image that serves `revision`. `package` is the path of the uploaded folder as a tar, empty
  // where the spec names an image. Throws domain::Error (`invalid`, layer `client`) when the user's build fails:
  // the message names the step, the detail holds its last lines.
  virtual std::string build(const domain::Revision& revision, const std::string& package, const BuildOutput& output,
                            std::stop_token stop) = 0;

  // Drops what `build` made for it, where nothing else uses it. Never throws for what is gone.
  virtual void discard(const domain::Revision& revision) = 0;
};

}  // namespace hearth::ports
