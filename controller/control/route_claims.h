// Which function has which HTTP triggers: no two may take the same requests. Any thread.
#pragma once

#include "domain/function.h"
#include "domain/route_pattern.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace hearth::control {

class RouteClaims {
 public:
  // What a function is about to serve, beside what it serves already: held for it from here on, and given up again
  // unless it is settled.
  class Claim {
   public:
    Claim(RouteClaims& claims, domain::FunctionName function) : claims_(&claims), function_(std::move(function)) {}
    Claim(Claim&& other) noexcept
        : claims_(std::exchange(other.claims_, nullptr)), function_(std::move(other.function_)) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (claims_) claims_->end(function_, false);
    }
    // It serves this now, and nothing else.
    void settle() { std::exchange(claims_, nullptr)->end(function_, true); }

   private:
    RouteClaims* claims_;
    domain::FunctionName function_;
  };

  // Throws `conflict`, with both functions and triggers, where another function has one of them. The changes of one
  // function come one after the other.
  void check(const domain::FunctionName& function, const std::vector<domain::HttpTrigger>& triggers) const;
  Claim claim(const domain::FunctionName& function, const std::vector<domain::HttpTrigger>& triggers);
  // What was served before hearthd ended is served again.
  void restore(const domain::FunctionName& function, const std::vector<domain::HttpTrigger>& triggers);
  void release(const domain::FunctionName& function);

 private:
  struct Held {
    domain::HttpTrigger trigger;
    domain::RoutePattern pattern;
  };
  struct Holding {
    std::vector<Held> now;
    std::vector<Held> next;
  };
  static std::vector<Held> understand(const std::vector<domain::HttpTrigger>& triggers);
  void refuse_clash(const domain::FunctionName& function, const std::vector<Held>& wanted) const;
  void end(const domain::FunctionName& function, bool settled);

  mutable std::mutex mutex_;
  std::map<domain::FunctionName, Holding> holdings_;
};

}  // namespace hearth::control
