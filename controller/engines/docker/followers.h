// Follows the output of containers: whole lines to the sink, the last of them kept for whoever has to explain an end.
// One thread for all.
#pragma once

#include "domain/time.h"
#include "engines/docker/api.h"
#include "engines/docker/codec.h"
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

  // Docker's reader stops telling, until the next file is full, where files fill faster than it reads (seen
  // with 20.10). So once much was printed, each silence is doubted: is what came last what Docker has last?
  enum class Doubt : std::uint8_t { none, not_yet, due };
  Doubt doubt(domain::Time now) const;
  // It was looked for at `when`; the time of what came last until now.
  std::int64_t settle_doubt(domain::Time when);

 private:
  friend class Followers;
  // Whether that gives rise to a doubt where there was none.
  bool feed(std::string_view bytes);
  void doubt_from_here();  // where what was printed before is not known
  bool doubtful() const { return fed_bytes_ >= kDoubtful.count && fed_at_ > looked_at_; }
  void end();
  bool reopen();
  void line(const OutputLine& line);

  static constexpr std::size_t kTailLines = 20;
  static constexpr domain::Bytes kDoubtful{kOutputFile.count / 2};  // of what is fed, which is more than Docker writes
  static constexpr std::chrono::seconds kSilence{2};

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
  std::int64_t heard_nanos_ = 0;  // of unfinished lines too
  std::uint64_t fed_bytes_ = 0;
  domain::Time fed_at_{};
  domain::Time looked_at_{};
  net::Streams::Id stream_ = 0;
  LogFrames frames_;  // the log thread's own
};

class Followers {
 public:
  // `on_trouble` comes whenever one has ended or there is a doubt; from any thread.
  Followers(Api& api, ports::LogSink& sink, std::function<void()> on_trouble);

  // All output from its start. `on_end` comes from the log thread, when the output ends or the engine goes away.
  std::shared_ptr<Following> follow(const std::string& container, domain::ReplicaId replica,
                                    const domain::FunctionName& function, std::function<void()> on_end);
  // Only what comes after `told`, as last_nanos() tells it; 0: from now on.
  std::shared_ptr<Following> join(const std::string& container, domain::ReplicaId replica,
                                  const domain::FunctionName& function, std::int64_t told);
  // Goes on where it broke off; nothing happens where it goes on already.
  void resume(const std::string& container, const std::shared_ptr<Following>& following,
              std::function<void()> on_end = {});
  // Breaks it off, to be resumed once it has ended.
  void break_off(const Following& following);

 private:
  void open(const std::string& container, const std::shared_ptr<Following>& following, const std::string& from,
            std::function<void()> on_end);

  Api& api_;
  ports::LogSink& sink_;
  const std::function<void()> on_trouble_;
  net::Streams streams_;
};

}  // namespace hearth::docker
