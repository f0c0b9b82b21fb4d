#include "engines/docker/builder_container.h"

#include "engines/docker/build_report.h"
#include "telemetry/log.h"

#include <random>

namespace hearth::docker {

using domain::Code;
using domain::Layer;
using net::url_encode;

namespace {

std::string new_name(const Installation& installation) {
  std::random_device random;
  const std::uint64_t number = std::uint64_t{random()} << 32 | random();
  return "hearth-" + installation.id + "-build-" + domain::format_replica(number);
}

}  // namespace

BuilderContainer::BuilderContainer(Api& api, const Installation& installation, BuilderSpec spec,
                                   const std::stop_token& stop)
    : api_(api) {
  const std::string name = new_name(installation);
  spec.labels = marks_ = proof(installation, name);
  if (!spec.ca_bundle.empty()) {
    for (const char* variable : {"SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
                                 "CARGO_HTTP_CAINFO", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"}) {
      spec.env[variable] = kCaInside;
    }
  }
  create(name, write_builder(spec), stop);
}

BuilderContainer::BuilderContainer(Api& api, const Installation& installation, const std::string& image,
                                   const std::stop_token& stop)
    : api_(api) {
  const std::string name = new_name(installation);
  marks_ = proof(installation, name);
  create(name, write_unstarted(image, marks_), stop);
}

void BuilderContainer::create(const std::string& name, std::string body, const std::stop_token& stop) {
  const auto answer = api_.call({.method = "POST",
                                 .path = "/containers/create?name=" + name,
                                 .attempt = "create a container to build in",
                                 .body = std::move(body)},
                                stop);
  id_ = read_created(answer.body);
}

BuilderContainer::~BuilderContainer() {
  try {
    api_.call({.method = "DELETE",
               .path = "/containers/" + id_ + "?force=1&v=1",
               .attempt = "remove a build's container",
               .expected = {404, 409}});
  } catch (const domain::Error& error) {
    // Docker is away: the next start removes what bears our mark.
    telemetry::log::warn("a build's container stays behind", {{"container", id_}, {"reason", error.what()}});
  }
}

void BuilderContainer::upload(Spool& tar, const std::stop_token& stop) {
  tar.rewind();
  net::Request request{.method = "PUT",
                       .target = "/containers/" + id_ + "/archive?path=/",
                       .headers = {{"Content-Type", "application/x-tar"}}};
  request.read_body = [&](char* buffer, std::size_t size) { return tar.read(buffer, size); };
  request.body_size = tar.size();
  request.timeout = std::chrono::minutes{5};
  const auto answer = api_.send(std::move(request), stop);
  if (answer.status != 200) throw domain::Error(refusal("hand a package to its build", answer.status, answer.body));
}

BuilderContainer::Ended BuilderContainer::run(const Deadline& deadline, const ports::BuildOutput& output,
                                              const std::stop_token& stop) {
  const std::string path = "/containers/" + id_;
  api_.call({.method = "POST", .path = path + "/start", .attempt = "start a build's container"}, stop);
  LastLines last;
  Demultiplexer frames;
  api_.stream(
      {.path = path + "/logs?follow=1&stdout=1&stderr=1",
       .attempt = "follow a build's output",
       .timeout = deadline.left()},
      [] {},
      [&](std::string_view piece) {
        const std::string text = frames.feed(piece);
        last.feed(text);
        if (output && !text.empty()) output(text);
        return true;
      },
      stop);
  api_.call({.method = "POST", .path = path + "/wait", .attempt = "await a build", .timeout = deadline.left()}, stop);
  const auto ended = read_exit(api_.call({.path = path + "/json", .attempt = "look at a build"}, stop).body);
  return {.exit_code = ended.code, .out_of_memory = ended.out_of_memory, .last_lines = last.text()};
}

void BuilderContainer::download(const std::string& folder, Spool& into, const Deadline& deadline,
                                const std::stop_token& stop) {
  net::Request request{.target = "/containers/" + id_ + "/archive?path=" + url_encode(folder)};
  request.timeout = deadline.left();
  const auto answer = api_.receive(
      std::move(request), [&](std::string_view piece) { into.append(piece); }, stop);
  if (answer.status != 200 && answer.status != 404) {
    throw domain::Error(refusal("take out what a build made", answer.status, answer.body));
  }
}

std::string BuilderContainer::commit(const ImageChange& change, const Deadline& deadline, const std::stop_token& stop) {
  const auto [repository, tag] = split_name(change.name);
  const auto answer = api_.call(
      {.method = "POST",
       .path = "/commit?container=" + id_ + "&repo=" + url_encode(repository) + "&tag=" + url_encode(tag) + "&pause=0",
       .attempt = "make the image " + change.name,
       .body = write_change(change, marks_),
       .timeout = deadline.left()},
      stop);
  return read_created(answer.body);
}

}  // namespace hearth::docker
