// All connections of a replica, each on a thread of its own. Any thread.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

namespace hearth::server {

using Socket = boost::asio::generic::stream_protocol::socket;

class Connections {
 public:
  // One of them: whether it has a call decides what becomes of it at the end.
  class Place {
   public:
    Place(Connections& all, int descriptor);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    void begin_call();
    // False when the connection is to be closed: the replica is ending.
    bool end_call();
    bool ending() const { return all_.ending_; }
    bool others_busy() const;
    long connections() const;  // all there are

   private:
    friend class Connections;
    Connections& all_;
    const int descriptor_;
    bool busy_ = false;  // guarded by all_.mutex_
  };
  using Serve = std::function<void(Socket&, Place&)>;

  explicit Connections(Serve serve) : serve_(std::move(serve)) {}

  // Serves it until it is closed; returns at once.
  void add(Socket socket);
  // Idle ones are closed, those with a call are when it is done; returns when none is left.
  void end();

 private:
  const Serve serve_;
  std::atomic<bool> ending_ = false;
  std::mutex mutex_;
  std::condition_variable left_;
  std::set<Place*> places_;
  int threads_ = 0;
};

}  // namespace hearth::server
