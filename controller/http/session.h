// A client's connection from accept to close: one request after the other, each handed to the handler. Private to http.
#pragma once

#include "http/exchange.h"
#include "http/server.h"

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace hearth::http {

class Session;

// The sessions of one thread, and what they share. Thread of the loop.
struct Sessions {
  Loop& loop;
  Handler& handler;
  const Limits& limits;
  const Fields& refusal_fields;
  const std::function<void(std::string_view)>& report;
  std::function<void()> on_end;  // after each session
  bool stopping = false;
  Server::Give give = {};  // once connections are given away
  std::unordered_set<Session*> open = {};

  void stop();   // idle ones and those that switched protocols end now, others after their request
  void abort();  // all end now
  void hand_over(Server::Give to);
};

class Session {
 public:
  Session(Sessions& all, Passed connection);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Task<> run();

 private:
  friend struct Sessions;
  void move();
  Task<bool> serve();  // one request; false when the connection is not to be used again
  std::vector<OutField> own_fields() const;
  Task<> refuse(int status, domain::Code code, std::string_view reason);

  Sessions& all_;
  const bool fresh_;
  Exchange exchange_;
};

// Takes the connection over; throws nothing.
Task<> run_session(Sessions& all, Passed connection);

}  // namespace hearth::http
