#include "control/build_queue.h"

#include <algorithm>

namespace hearth::control {

using domain::Fault;

namespace {

constexpr int kBuildsAtOnce = 2;
constexpr std::size_t kLogsKept = 64;

}  // namespace

BuildQueue::BuildQueue(ports::Builder& builder, ports::Packages& packages, OnSettled on_settled)
    : builder_(builder), packages_(packages), on_settled_(std::move(on_settled)) {
  for (int i = 0; i < kBuildsAtOnce; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work(std::move(stop)); });
  }
}

BuildQueue::~BuildQueue() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

void BuildQueue::push(domain::Revision revision) {
  const std::scoped_lock lock{mutex_};
  const auto log = std::make_shared<BuildLog>();
  logs_[{revision.function, revision.number}] = log;
  waiting_.push_back({std::move(revision), log});
  wanted_.notify_one();
}

std::shared_ptr<BuildLog> BuildQueue::log(const domain::FunctionName& function, std::uint64_t revision) const {
  const std::scoped_lock lock{mutex_};
  const auto found = logs_.find({function, revision});
  return found == logs_.end() ? nullptr : found->second;
}

std::optional<BuildQueue::Job> BuildQueue::take() {
  const auto next =
      std::ranges::find_if(waiting_, [this](const Job& job) { return !building_.contains(job.revision.function); });
  if (next == waiting_.end()) return std::nullopt;
  Job job = std::move(*next);
  waiting_.erase(next);
  building_.insert(job.revision.function);
  return job;
}

void BuildQueue::work(std::stop_token stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    auto job = take();
    if (!job) {
      wanted_.wait(lock, stop, [this] {
        return std::ranges::any_of(waiting_,
                                   [this](const Job& one) { return !building_.contains(one.revision.function); });
      });
      continue;
    }
    const auto function = job->revision.function;
    const auto number = job->revision.number;
    lock.unlock();
    build(std::move(*job), stop);
    lock.lock();
    building_.erase(function);
    ended_.emplace_back(function, number);
    if (ended_.size() > kLogsKept) {
      logs_.erase(ended_.front());
      ended_.pop_front();
    }
    wanted_.notify_all();
  }
}

void BuildQueue::build(Job job, std::stop_token stop) {
  auto& revision = job.revision;
  try {
    std::string package;
    if (!revision.package.empty()) {
      const auto path = packages_.find(revision.package);
      if (!path) {
        throw domain::Error{domain::Code::not_found, domain::Layer::client,
                            "package " + revision.package + " is not here any more", "deploy the folder again"};
      }
      package = path->string();
    }
    const auto output = [&](std::string_view text) { job.log->write(text); };
    revision.image = builder_.build(revision, package, output, stop);
    revision.state = domain::RevisionState::ready;
  } catch (const domain::Error& error) {
    revision.fault = error.fault();
  } catch (const std::exception& error) {
    revision.fault = Fault{.message = std::string{"the build failed: "} + error.what()};
  }
  if (revision.fault) revision.state = domain::RevisionState::failed;
  auto fault = revision.fault;
  try {
    on_settled_(revision);
  } catch (const domain::Error& error) {
    fault = error.fault();
  } catch (const std::exception& error) {
    fault = Fault{.message = std::string{"the build could not be recorded: "} + error.what()};
  }
  job.log->settle(std::move(fault));
}

}  // namespace hearth::control
