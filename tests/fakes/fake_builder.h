// Builds and packages in memory. Any thread.
#pragma once

#include "ports/builder.h"
#include "ports/packages.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hearth::tests {

class FakeBuilder final : public ports::Builder {
 public:
  // The next builds fail with this; nothing: they succeed.
  void fail_with(std::optional<domain::Fault> fault) {
    const std::scoped_lock lock{mutex_};
    fault_ = std::move(fault);
  }
  // Builds wait until they are let go.
  void hold(bool held) {
    const std::scoped_lock lock{mutex_};
    held_ = held;
    changed_.notify_all();
  }
  // Images cannot be removed: their engine is away.
  void keep_images(bool kept) {
    const std::scoped_lock lock{mutex_};
    kept_ = kept;
  }
  std::size_t images() const {
    const std::scoped_lock lock{mutex_};
    return images_.size();
  }

  std::string build(const domain::Revision& revision, const std::string&, const ports::BuildOutput& output,
                    std::stop_token stop) override {
    output("Step 1/1 : building " + to_string(revision.function) + "\n");
    std::unique_lock lock{mutex_};
    changed_.wait(lock, stop, [this] { return !held_; });
    if (stop.stop_requested()) {
      throw domain::Error{domain::Code::cancelled, domain::Layer::gateway, "the build was called off"};
    }
    if (fault_) throw domain::Error{*fault_};
    return *images_.insert("sha256:image-" + revision.function.name + "-" + std::to_string(revision.number)).first;
  }
  void discard(const domain::Revision& revision) override {
    const std::scoped_lock lock{mutex_};
    if (kept_) throw domain::Error{domain::Code::unavailable, domain::Layer::engine, "the engine is away"};
    images_.erase(revision.image);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<domain::Fault> fault_;
  bool held_ = false;
  bool kept_ = false;
  std::set<std::string> images_;
};

class FakePackages final : public ports::Packages {
 public:
  void put(const std::string& digest) {
    const std::scoped_lock lock{mutex_};
    held_.insert(digest);
  }
  std::unique_ptr<ports::PackageUpload> upload(const std::string& digest) override {
    return std::make_unique<Upload>(*this, digest);
  }
  std::optional<std::filesystem::path> find(const std::string& digest) override {
    const std::scoped_lock lock{mutex_};
    if (!held_.contains(digest)) return std::nullopt;
    return std::filesystem::path{digest};
  }
  void remove(const std::string& digest) override {
    const std::scoped_lock lock{mutex_};
    held_.erase(digest);
  }
  std::vector<std::string> list() override {
    const std::scoped_lock lock{mutex_};
    return {held_.begin(), held_.end()};
  }

 private:
  class Upload final : public ports::PackageUpload {
   public:
    Upload(FakePackages& packages, std::string digest) : packages_(packages), digest_(std::move(digest)) {}
    void write(std::string_view) override {}
    void commit() override { packages_.put(digest_); }

   private:
    FakePackages& packages_;
    std::string digest_;
  };

  std::mutex mutex_;
  std::set<std::string> held_;
};

}  // namespace hearth::tests
