#include "control/build_queue.h"

#include <algorithm>

namespace hearth::control {

using domain::Fault;

namespace {

constexpr int kBuildsAtOnce = 2;
constexpr int kDeploysAtOnce = 8;
constexpr std::size_t kLogsKept = 64;

}  // namespace

BuildQueue::BuildQueue(ports::Builder& builder, ports::Packages& packages, OnBuilt on_built)
    : builder_(builder), packages_(packages), on_built_(std::move(on_built)), places_(kBuildsAtOnce) {
  for (int i = 0; i < kDeploysAtOnce; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work(std::move(stop)); });
  }
}

BuildQueue::~BuildQueue() { end(); }

void BuildQueue::end() {
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
    carry_out(std::move(*job), stop);
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

// A revision that has its image already was cut off while it was put to work.
void BuildQueue::build(Job& job, const std::stop_token& stop) {
  auto& revision = job.revision;
  if (revision.state != domain::RevisionState::building) return;
  places_.acquire();
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
  places_.release();
  if (revision.fault) revision.state = domain::RevisionState::failed;
}

void BuildQueue::carry_out(Job job, const std::stop_token& stop) {
  build(job, stop);
  if (!job.revision.fault) job.log->built();
  std::optional<Fault> fault;
  try {
    if (stop.stop_requested() && job.revision.fault) return;
    fault = on_built_(job.revision, stop);
  } catch (const domain::Error& error) {
    fault = error.fault();
  } catch (const std::exception& error) {
    fault = Fault{.message = std::string{"the deploy could not be recorded: "} + error.what()};
  }
  // What was cut off is not decided: the next hearthd tells.
  if (!fault || !stop.stop_requested()) job.log->settle(std::move(fault));
}

}  // namespace hearth::control
