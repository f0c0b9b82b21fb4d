// One call's way: route, lease, upstream, relay, back. Lives on its session's loop, in its handler's frame.
#pragma once

#include "control/dispatcher.h"
#include "gateway/call_ids.h"
#include "gateway/forward.h"
#include "gateway/route.h"
#include "gateway/tunnel.h"
#include "gateway/upstream.h"
#include "http/exchange.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hearth::gateway {

// What the calls of one thread share.
struct Surroundings {
  http::Loop& loop;
  control::Dispatcher& dispatcher;
  ports::Doors& host;
  control::Directory::Reader functions;
  CallIds ids;
  std::chrono::milliseconds explain_patience;
  TunnelLimits web_sockets;
};

class Call final : http::LeaveListener, http::Timer, control::Waiter {
 public:
  Call(Surroundings& around, http::Exchange& exchange);
  ~Call() override;

  http::Task<> run();

 private:
  // Why the call ends before its answer is whole.
  enum class Abort : std::uint8_t { none, left, deadline, bad_body, slow_body, large_body };
  // What run() waits for, so that an abort can end it.
  enum class At : std::uint8_t { nothing, lease, upstream_read, upstream_write, client, upload };
  // How one try with one replica ended.
  enum class Try : std::uint8_t { answered, not_sent, broken, aborted };

  // --- refusals.cpp: the function of a request, and the answers of those who have none ---
  const control::Directory::Row* find_function();
  const domain::Cors* cors() const noexcept;
  http::Task<> answer_preflight();
  http::Task<> refuse_route();
  http::Task<> refuse(domain::Fault fault);
  http::Task<> answer(int status, const domain::Fault* fault, std::vector<http::OutField> fields);
  std::string timing() const;

  // --- call.cpp: from the request to a lease, and what becomes of an abort ---
  std::optional<domain::Fault> admit(const control::Directory::Row& row) const;
  void take_first_piece();
  std::optional<control::Ticket> ask_for_lease(const control::FunctionHandle& function);
  http::Task<> await_lease(const control::Ticket& ticket);
  http::Task<> answer_abort();
  http::Task<domain::Fault> reason();
  domain::Fault abort_fault() const;
  void abort(Abort why);
  void tell_of() const;
  control::Outcome abort_outcome() const;
  domain::Ending abort_ending() const;

  void granted(control::Lease lease) noexcept override;
  void refused(domain::Fault fault) noexcept override;
  void client_left() override { abort(Abort::left); }
  void expired() override { abort(Abort::deadline); }

  // --- attempt.cpp: one try with the leased replica ---
  http::Task<Try> attempt();
  http::Task<Try> try_once();
  http::Task<bool> connect();
  http::Task<bool> send_request();
  http::Task<Try> receive_head();
  http::Task<Try> pass_interim();
  bool may_repeat() const;
  http::Task<> upload();  // beside run()
  http::Task<> end_upload();

  // --- relay.cpp: the answer ---
  http::Task<Try> relay();
  http::Task<Try> tunnel();  // after a 101
  http::Task<bool> receive_more();
  AnswerFraming begin_answer();
  void take_body();
  http::Task<bool> pass_on();
  void finish();
  std::string_view buffered() const noexcept { return {(wide_ ? wide_ : in_).data() + begin_, end_ - begin_}; }

  Surroundings& around_;
  http::Exchange& exchange_;
  CallIds::Text id_;
  std::optional<Route> route_;
  // Of an HTTP trigger; the snapshot keeps what the match points into.
  std::shared_ptr<const control::Directory::Snapshot> snapshot_;
  std::optional<domain::RouteMatch> match_;
  bool preflight_ = false;
  bool web_socket_ = false;  // it is asked for
  http::Time deadline_{};
  std::uint64_t body_limit_ = 0;

  control::Lease lease_;
  std::optional<domain::Fault> refusal_;     // of the dispatcher
  std::optional<domain::Fault> held_fault_;  // its words where the deadline came first
  http::Gate gate_;                          // for a lease, a reason, or the end of the upload
  Abort abort_ = Abort::none;
  At at_ = At::nothing;

  std::unique_ptr<Upstream> upstream_;
  domain::Fault connect_fault_;
  std::string_view first_piece_;  // of the body: what came before the call was first sent
  int status_ = 0;                // that the client was answered with
  bool none_sent_ = true;         // of the request, to the current upstream
  bool some_came_ = false;        // of the answer, from the current upstream
  bool uploading_ = false;        // upload() runs
  bool upload_begun_ = false;     // more of the body was read than first_piece_: it cannot be sent again
  bool request_whole_ = false;
  http::Time sent_at_{};
  control::HoldTimes hold_;

  http::Block in_;    // of the answer
  http::Block wide_;  // in use: what was received of it last is here
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  http::Framing framing_ = http::Framing::none;  // of the answer, as it comes
  AnswerFraming out_framing_ = AnswerFraming::as_it_is;
  std::optional<http::ChunkedReader> chunked_;
  std::uint64_t length_left_ = 0;
  std::string_view body_;  // the stretch to pass on
  bool body_done_ = false;
  bool upstream_ended_ = false;
  std::string malformed_;  // what was wrong with the answer
};

}  // namespace hearth::gateway
