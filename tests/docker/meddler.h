// Stands between an engine of ours and Docker, on a unix socket of its own: passes everything on, until a test says
// what Docker refuses or where a connection breaks.
#pragma once

#include "fakes/temporary_folder.h"
#include "ports/host.h"

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace hearth::docker {

class Meddler {
 public:
  // What is answered instead of Docker, as JSON with its status; nothing: Docker answers. `request` is "GET /path".
  // From any thread.
  struct Answer {
    int status = 200;
    std::string body;
  };
  using Rule = std::function<std::optional<Answer>(const std::string& request)>;

  explicit Meddler(std::string docker);
  ~Meddler();
  Meddler(const Meddler&) = delete;
  Meddler& operator=(const Meddler&) = delete;

  std::string socket() const { return (folder_ / "docker.sock").string(); }
  void meddle(Rule rule);
  // Breaks off every connection whose last request has `part` in it; how many there were.
  int cut(const std::string& part);
  // Keeps from every such connection what Docker goes on to say, and from none that is made later.
  int mute(const std::string& part);

 private:
  struct Line {
    ports::Descriptor client;
    ports::Descriptor docker;
    std::string request;  // under the lock
    bool muted = false;   // too
  };
  void accept_all();
  void pass(Line& line);
  bool pass_up(Line& line);
  bool is_muted(const Line& line);

  tests::TemporaryFolder folder_;
  const std::string docker_;
  std::mutex mutex_;
  Rule rule_;
  std::list<Line> lines_;
  std::list<std::thread> threads_;
  ports::Descriptor listener_;
  std::thread acceptor_;
};

}  // namespace hearth::docker
