// What was learned of when functions are called, as the store keeps it: a small document a function, under its name,
// written every ten minutes where there is more to tell, and at the end. A kill loses at most that; nothing else does.
#pragma once

#include "control/dispatcher.h"
#include "control/periodic.h"
#include "ports/clock.h"
#include "ports/store.h"

#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace hearth::control {

class KeepRecords {
 public:
  // Hears why something could not be read, or not be written: that is tried again.
  using Report = std::function<void(const domain::Fault&)>;

  // What is passed outlives it.
  KeepRecords(ports::Store& store, Dispatcher& dispatcher, const ports::Clock& clock, Report report);
  ~KeepRecords();  // closes

  // Tells the dispatcher's functions what is known of them; what is known of others is forgotten. Once they are served
  // and before they are called. Blocks on the disk.
  void load();
  void start();  // from now on, on a thread of its own
  void write();  // any thread; blocks on the disk
  // The function is deleted: so is what was learned of it. Once no dispatcher's function is there to learn any more.
  void forget(const domain::FunctionName& function);
  // Writes what there is, and nothing from then on: the store is another's.
  void close();

 private:
  std::optional<domain::Fault> try_to_write();

  ports::Store& store_;
  Dispatcher& dispatcher_;
  const ports::Clock& clock_;
  const Report report_;

  std::mutex mutex_;  // of what follows, held while it is written
  bool closed_ = false;
  std::map<domain::FunctionName, std::optional<LearnedTimes>> pending_;  // to be written; nothing: to be removed

  std::optional<Periodic> thread_;
};

}  // namespace hearth::control
