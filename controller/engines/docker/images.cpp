#include "engines/docker/images.h"

#include "engines/docker/build_report.h"

namespace hearth::docker {

using domain::Code;
using domain::Layer;
using net::url_encode;

std::chrono::milliseconds Deadline::left() const {
  using std::chrono::milliseconds;
  const auto left = std::chrono::duration_cast<milliseconds>(at_ - std::chrono::steady_clock::now());
  return std::max(left, milliseconds{1});
}

std::pair<std::string, std::string> split_name(const std::string& name) {
  if (const auto at = name.find('@'); at != name.npos) return {name.substr(0, at), name.substr(at + 1)};
  const auto colon = name.rfind(':');
  const auto slash = name.rfind('/');
  if (colon == name.npos || (slash != name.npos && colon < slash)) return {name, "latest"};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::optional<Image> Images::find(const std::string& name, std::stop_token stop) {
  const auto answer = api_.send({.target = "/images/" + url_encode(name) + "/json"}, std::move(stop));
  if (answer.status == 404) return std::nullopt;
  if (answer.status != 200) throw domain::Error(refusal("look for image " + name, answer.status, answer.body));
  return read_image(answer.body);
}

std::vector<std::string> Images::list(const std::string& label) {
  const std::string path = "/images/json?filters=" + url_encode(label_filter(label));
  return read_names(api_.call({.path = path, .attempt = "list images"}).body);
}

std::string Images::build(const ImageBuild& build, const Deadline& deadline, const ports::BuildOutput& output,
                          std::stop_token stop) {
  std::string target =
      "/build?rm=1&forcerm=1&t=" + url_encode(build.tag) + "&dockerfile=" + url_encode(build.dockerfile) +
      "&buildargs=" + url_encode(write_map(build.args)) + "&labels=" + url_encode(write_map(build.labels));
  if (!build.target.empty()) target += "&target=" + url_encode(build.target);
  if (build.memory.count > 0) {
    const std::string memory = std::to_string(build.memory.count);
    target += "&memory=" + memory + "&memswap=" + memory;
  }
  if (!build.network.empty()) target += "&networkmode=" + url_encode(build.network);
  build.context.rewind();
  net::Request request{.method = "POST", .target = target, .headers = {{"Content-Type", "application/x-tar"}}};
  request.read_body = [&](char* buffer, std::size_t size) { return build.context.read(buffer, size); };
  request.body_size = build.context.size();
  request.timeout = deadline.left();

  BuildReport report{output};
  const auto answer = api_.receive(
      std::move(request), [&](std::string_view piece) { report.feed(piece); }, std::move(stop));
  if (answer.status != 200) {
    domain::Fault fault = refusal("build", answer.status, answer.body);
    if (answer.status == 400) fault.layer = Layer::client;  // the Dockerfile does not parse
    throw domain::Error(fault);
  }
  report.end();
  if (report.failed() || report.image().empty()) throw domain::Error(report.fault());
  return report.image();
}

std::variant<Pulled, NotPulled> Images::pull(const std::string& name, const Deadline& deadline,
                                             const ports::BuildOutput& output, std::stop_token stop) {
  const auto [repository, tag] = split_name(name);
  net::Request request{.method = "POST",
                       .target = "/images/create?fromImage=" + url_encode(repository) + "&tag=" + url_encode(tag)};
  request.timeout = deadline.left();
  BuildReport report{output};
  const auto answer = api_.receive(
      std::move(request), [&](std::string_view piece) { report.feed(piece); }, stop);
  report.end();
  if (answer.status != 200) return NotPulled{refusal("pull " + name, answer.status, answer.body).message};
  if (report.failed()) return NotPulled{report.error()};
  const auto image = find(name, std::move(stop));
  if (!image) return NotPulled{"Docker pulled " + name + " but does not show it"};
  return Pulled{image->id};
}

void Images::tag(const std::string& id, const std::string& name) {
  const auto [repository, tag] = split_name(name);
  api_.call({.method = "POST",
             .path = "/images/" + url_encode(id) + "/tag?repo=" + url_encode(repository) + "&tag=" + url_encode(tag),
             .attempt = "name image " + id});
}

void Images::untag(const std::string& name) {
  api_.call({.method = "DELETE",
             .path = "/images/" + url_encode(name),
             .attempt = "remove image " + name,
             .expected = {404, 409}});
}

}  // namespace hearth::docker
