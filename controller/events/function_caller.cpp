#include "events/function_caller.h"

#include "domain/error.h"
#include "domain/head_text.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <utility>
#include <variant>

namespace hearth::events {

using domain::Code;
using domain::Fault;
using domain::Layer;

namespace {

constexpr std::size_t kInline = 64 << 10;  // of an answer, what is kept with its call

// Fields of one hop, and those that say again what is stored beside.
constexpr std::array<std::string_view, 7> kDropped{"connection",        "keep-alive",     "transfer-encoding",
                                                   "content-length",    "hearth-call-id", "trailer",
                                                   "proxy-authenticate"};

// "engine unavailable the engine is away" → a fault.
Fault refusal(std::string_view text) {
  const auto word = [&text] {
    const auto end = std::min(text.find(' '), text.size());
    const auto first = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return first;
  };
  Fault fault;
  const auto layer = word();
  const auto code = word();
  for (int i = 0; i <= static_cast<int>(Layer::limit); ++i) {
    if (name(static_cast<Layer>(i)) == layer) fault.layer = static_cast<Layer>(i);
  }
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
    if (name(static_cast<Code>(i)) == code) fault.code = static_cast<Code>(i);
  }
  fault.message = std::string(text);
  return fault;
}

std::optional<std::chrono::seconds> seconds(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error != std::errc{} || end != text->data() + text->size() || count < 0) return std::nullopt;
  return std::chrono::seconds{count};
}

ports::HeadText head_of(const net::Response& response) {
  auto head = std::to_string(response.status) + "\n";
  for (const auto& [name, value] : response.headers) {
    if (std::ranges::find(kDropped, name) == kDropped.end()) domain::append_head_field(head, name, value);
  }
  return head;
}

}  // namespace

// One attempt under way. The transfers' thread alone touches it after its start.
struct FunctionCaller::Trip {
  std::string id;
  Then then;
  std::ifstream body;  // of the request, where it is a file
  std::string answer;
  std::unique_ptr<ports::BodyFile> file;  // of an answer that became large
  std::uint64_t size = 0;
  bool answering = false;
};

FunctionCaller::FunctionCaller(ports::CallStore& store, Settings settings)
    : store_(store),
      settings_(std::move(settings)),
      transfers_({.base = "http://gateway", .unix_socket = {}, .abstract_socket = settings_.gateway}) {}

FunctionCaller::~FunctionCaller() = default;

void FunctionCaller::start(ports::Errand errand, Then then) {
  const auto trip = std::make_shared<Trip>();
  trip->id = errand.id;
  trip->then = std::move(then);
  const auto head = domain::read_head_text(errand.head);
  const auto space = std::min(head.first.find(' '), head.first.size());
  net::Request request;
  request.method = std::string(head.first.substr(0, space));
  request.target =
      "/fn/" + to_string(errand.function) + std::string(head.first.substr(std::min(space + 1, head.first.size())));
  for (const auto& [name, value] : head.fields) request.headers.emplace_back(name, value);
  request.headers.emplace_back("Hearth-Call-Id", errand.id);
  request.headers.emplace_back("Hearth-Attempt", std::to_string(errand.attempt));
  request.headers.emplace_back("Hearth-Trigger", errand.trigger);
  request.timeout = std::chrono::milliseconds{0};  // the gateway ends it in time
  if (errand.body.file.empty()) {
    request.body = std::move(errand.body.bytes);
  } else {
    trip->body.open(store_.path_of(errand.body), std::ios::binary);
    request.body_size = errand.body.size;
    request.read_body = [trip](char* buffer, std::size_t size) {
      trip->body.read(buffer, static_cast<std::streamsize>(size));
      return static_cast<std::size_t>(trip->body.gcount());
    };
  }
  net::Hearing hearing;
  hearing.head = [trip](const net::Response&) { trip->answering = true; };
  hearing.body = [this, trip](std::string_view piece) {
    trip->size += piece.size();
    if (trip->size > settings_.longest_answer) {
      throw domain::Error(
          Code::invalid, Layer::limit,
          "the function's answer is longer than " + std::to_string(settings_.longest_answer) + " bytes");
    }
    if (!trip->file && trip->size > kInline) {
      trip->file = store_.make_body();
      trip->file->write(std::exchange(trip->answer, {}));
    }
    trip->file ? trip->file->write(piece) : void(trip->answer += piece);
    return true;
  };
  hearing.done = [this, trip](std::variant<net::Response, Fault> result) { ended(trip, std::move(result)); };
  const std::scoped_lock lock{mutex_};
  under_way_[errand.id] = transfers_.start(std::move(request), std::move(hearing));
}

void FunctionCaller::stop(const std::string& id) {
  const std::scoped_lock lock{mutex_};
  if (const auto found = under_way_.find(id); found != under_way_.end()) transfers_.stop(found->second);
}

void FunctionCaller::ended(const std::shared_ptr<Trip>& trip, std::variant<net::Response, Fault> result) {
  {
    const std::scoped_lock lock{mutex_};
    under_way_.erase(trip->id);
  }
  ports::Attempted attempted;
  if (auto* fault = std::get_if<Fault>(&result)) {
    // An answer that broke off is the function's doing; without one nobody knows that it was asked.
    if (trip->answering && fault->layer == Layer::gateway) {
      fault->layer = Layer::function;
      fault->message = "the function's answer broke off";
    }
    attempted.outcome.fault = std::move(*fault);
    return trip->then(std::move(attempted));
  }
  const auto& response = std::get<net::Response>(result);
  attempted.outcome.retry_after = seconds(response.header("retry-after"));
  if (const auto refused = response.header("hearth-refused")) {
    attempted.outcome.fault = refusal(*refused);
    return trip->then(std::move(attempted));
  }
  attempted.outcome.status = response.status;
  ports::Answer answer{.status = response.status, .head = head_of(response), .body = {}};
  try {
    const auto size = trip->answer.size();
    answer.body =
        trip->file ? trip->file->commit() : ports::Content{.bytes = std::move(trip->answer), .file = {}, .size = size};
    attempted.answer = std::move(answer);
  } catch (const domain::Error& error) {  // the disk is full: it is to be answered again
    attempted.outcome = {.status = 0, .fault = error.fault(), .retry_after = {}};
  }
  trip->then(std::move(attempted));
}

}  // namespace hearth::events
