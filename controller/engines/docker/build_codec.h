// Between builds and the Engine API's JSON. Pure.
#pragma once

#include "domain/function.h"
#include "ports/engine.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::docker {

// One object of the stream that builds and pulls answer with.
struct Progress {
  std::string text;   // to show, with its newlines; empty for mere counting
  std::string error;  // the build or pull failed, in Docker's words
  std::string image;  // "sha256:…", once made
};
Progress read_progress(std::string_view line);

// GET /images/NAME/json
struct Image {
  std::string id;
  std::map<std::string, std::string> labels;
};
std::optional<Image> read_image(std::string_view body);

// GET /images/json: the names of all
std::vector<std::string> read_names(std::string_view body);

// POST /containers/create
std::string read_created(std::string_view body);

// GET /containers/ID/json
ports::Exit read_exit(std::string_view body);

std::string write_map(const std::map<std::string, std::string>& map);
// The `filters` of a list that has only what bears `label` ("key=value").
std::string label_filter(const std::string& label);

struct BuilderSpec {
  std::string image;
  std::vector<std::string> command = {};
  std::map<std::string, std::string> env = {};
  std::map<std::string, std::string> labels = {};
  std::string ca_bundle = {};     // of the engine's machine; empty: none
  std::string cache_volume = {};  // mounted at /cache; empty: none
  domain::Bytes memory = {};
  std::uint32_t pids = 0;
  std::string network = {};  // empty: Docker's default
};
inline constexpr const char* kCaInside = "/etc/hearth-build/ca-certificates.crt";
std::string write_builder(const BuilderSpec& container);

// What an image has more than the container that it is made of.
struct ImageChange {
  std::string name;
  std::map<std::string, std::string> env = {};
  std::map<std::string, std::string> labels = {};
};
// POST /commit. An image gets its container's labels: those in `marks` are made empty.
std::string write_change(const ImageChange& change, const std::map<std::string, std::string>& marks);
// POST /containers/create of a container that is never started, whose image's configuration stays as it is.
std::string write_unstarted(const std::string& image, const std::map<std::string, std::string>& labels);

// The output of a container that has no terminal comes in frames of eight bytes and a payload.
class Demultiplexer {
 public:
  // The payload in `piece`, whichever stream it is of.
  std::string feed(std::string_view piece);

 private:
  std::string head_;
  std::uint32_t left_ = 0;
};

}  // namespace hearth::docker
