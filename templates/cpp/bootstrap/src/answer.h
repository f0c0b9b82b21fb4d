// What goes back on a connection: a head, and a body in one piece or many. Blocks, on the connection's thread.
#pragma once

#include "connections.h"
#include "hearth.h"

namespace hearth::server {

class Answer {
 public:
  // `version` is 11 for HTTP/1.1; `kept` is asked when the head is sent.
  Answer(Socket& socket, std::string method, unsigned version, std::function<bool()> kept)
      : socket_(socket), method_(std::move(method)), version_(version), kept_(std::move(kept)) {}

  // Throws Cancelled when the peer has left, and what the response's `stream` throws.
  void send(const Response& response);
  // Answers with a problem document; breaks the connection off where another answer has begun.
  void fail(int status, const std::string& title, const std::string& detail, const std::string& layer,
            const std::string& code);
  void abandon() { complete_ = keep_alive_ = false; }

  // Whether it was sent to its end and the connection stays open.
  bool complete() const { return complete_ && keep_alive_; }

 private:
  void send_whole(const Response& response);
  void send_pieces(const Response& response);
  bool has_body(int status) const;
  template <class Message>
  void send_head(Message& message, const Response& response);

  Socket& socket_;
  const std::string method_;
  const unsigned version_;
  const std::function<bool()> kept_;
  bool begun_ = false;
  bool complete_ = false;
  bool keep_alive_ = false;
};

}  // namespace hearth::server
