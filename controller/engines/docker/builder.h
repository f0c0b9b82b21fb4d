// Makes a revision's image with Docker: a runtime's package on top of the runtime's image, a Dockerfile, or an image
// that exists. Blocks; any thread, many builds at once.
#pragma once

#include "engines/docker/networks.h"
#include "engines/docker/runtime_images.h"
#include "engines/docker/spent_containers.h"
#include "ports/builder.h"

#include <map>
#include <stop_token>
#include <string>

namespace hearth::docker {

class Builder final : public ports::Builder {
 public:
  // `api` and `spent` outlive it.
  Builder(Api& api, BuildSettings settings, SpentContainers& spent);
  ~Builder() override;

  // Before the first build: no revision has a debugger, since others than this machine could reach it.
  void refuse_debuggers(std::string why) { undebuggable_ = std::move(why); }

  std::string build(const domain::Revision& revision, const std::string& package, const ports::BuildOutput& output,
                    std::stop_token stop) override;
  void discard(const domain::Revision& revision) override;

 private:
  struct Content;

  std::string build_any(const domain::Revision& revision, const std::string& package, const BuildRun& run);
  std::string of_runtime(const domain::Revision& revision, const std::string& package, const BuildRun& run);
  std::string on_top_of(const std::string& base, std::map<std::string, std::string> labels,
                        const domain::Revision& revision, Content& content, const BuildRun& run);
  // The tar `layer` on top of `base`; one that was put together before is taken again.
  std::string with_layer(const std::string& base, Spool& layer, ImageChange change, const BuildRun& run);
  std::string of_dockerfile(const domain::Revision& revision, const std::string& package, const BuildRun& run);
  std::string of_image(const domain::Revision& revision, const BuildRun& run);
  const Runtime& runtime_of(const domain::Revision& revision) const;
  void check_debugger(const Runtime& runtime) const;
  std::string ours() const;  // what the names of our images begin with
  // Its name keeps a revision's image in Docker; the last name that goes takes the image with it.
  std::string name_of(const domain::Revision& revision) const;

  Api& api_;
  const BuildSettings settings_;
  Images images_;
  Networks networks_;
  RuntimeImages runtimes_;
  SpentContainers& spent_;
  std::string undebuggable_;  // why; empty: they may
};

}  // namespace hearth::docker
