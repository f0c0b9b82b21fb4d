// Follows the output of containers: whole lines to the sink, the last of them kept for whoever has to explain an end.
// One thread for all.
#pragma once

#include "engines/docker/api.h"
#include "engines/docker/log_frames.h"
#include "net/streams.h"
#include "ports/engine.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace hearth::docker {

// One container's output. Any thread.
class Following {
 public:
  Following(ports::LogSink& sink, domain::ReplicaId replica, domain::FunctionName function);

  bool ended() const;
  // Whether all of its output has come within `patience`.
  bool await_end(std::chrono::milliseconds patience) const;
  std::string tail() const;          // its last lines, oldest first
  void note(std::string_view text);  // a line of ours among its own
  void drop_tail();                  // it has started well: nobody will ask
  std::int64_t last_nanos() const;
  std::int64_t leave();  // nothing more goes to the sink; last_nanos() then

 private:
  friend class Followers;
  void feed(std::string_view bytes);
  void end();
  bool reopen();
  void line(const OutputLine& line);

  static constexpr std::size_t kTailLines = 20;

  ports::LogSink& sink_;
  const domain::ReplicaId replica_;
  const domain::FunctionName function_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool ended_ = false;
  bool keeps_tail_ = true;
  bool left_ = false;
  std::deque<std::string> tail_;
  std::int64_t last_nanos_ = 0;
  LogFrames frames_;  // the log thread's own
};

class Followers {
 public:
  // `on_any_end` comes from the log thread, whenever one ends.
  Followers(Api& api, ports::LogSink& sink, std::function<void()> on_any_end);

  // All output from its start. `on_end` comes from the log thread, when the output ends or the engine goes away.
  std::shared_ptr<Following> follow(const std::string& container, domain::ReplicaId replica,
                                    const domain::FunctionName& function, std::function<void()> on_end);
  // Only what comes after `told`, as last_nanos() tells it; 0: from now on.
  std::shared_ptr<Following> join(const std::string& container, domain::ReplicaId replica,
                                  const domain::FunctionName& function, std::int64_t told);
  // Goes on where it broke off; nothing happens where it goes on already.
  void resume(const std::string& container, const std::shared_ptr<Following>& following,
              std::function<void()> on_end = {});

 private:
  void open(const std::string& container, const std::shared_ptr<Following>& following, const std::string& from,
            std::function<void()> on_end);

  Api& api_;
  ports::LogSink& sink_;
  const std::function<void()> on_any_end_;
  net::Streams streams_;
};

}  // namespace hearth::docker
