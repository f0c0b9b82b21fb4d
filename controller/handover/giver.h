// The side that has everything: waits for a successor, hands it the listening sockets, and once that is ready lets go.
// A successor that goes before it serves takes nothing with it: what it was sent waits for the next. One that goes
// later is told of, so that another can follow.
#pragma once

#include "handover/channel.h"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hearth::handover {

class Giver {
 public:
  struct Settings {
    std::filesystem::path path;  // of its socket
    std::vector<ports::Descriptor> gateway;
    std::vector<ports::Descriptor> api;
    // The successor is ready: let go, and send() all that it must know before it begins. On the giver's thread; called
    // again for the next one where the first has gone.
    std::function<void()> let_go;
    std::function<void()> served;  // it serves
    std::function<void()> lost;    // it went before all was given
    std::function<void()> left;    // it ended in good order: nobody else follows
  };

  explicit Giver(Settings settings);
  void start();
  ~Giver();  // sends what is unsent, then the successor hears that this side is gone

  // In order, any thread, never blocks. While there is no successor it waits for the next one.
  void send(Message message);
  // What was said of replicas was for a successor that is gone: the next one looks by itself. Connections, usage and
  // lines are for it.
  void forget_unsent();

 private:
  void run(const std::stop_token& stop);
  void serve(const std::stop_token& stop);
  bool offer();
  void push(const std::stop_token& stop);

  Settings settings_;
  ports::Descriptor listener_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Channel channel_;
  bool sending_ = false;
  bool linked_ = false;   // and let go: what is sent goes out
  bool serving_ = false;  // the one that is linked
  bool nobody_follows_ = false;
  std::deque<Message> unsent_;
  std::deque<Message> lent_;  // connections that it has and does not touch before it serves: still open here
  std::jthread sender_;
  std::jthread thread_;
};

}  // namespace hearth::handover
