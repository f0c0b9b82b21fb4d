// Functions and revisions as the store keeps them.
#pragma once

#include "control/service.h"
#include "domain/function.h"
#include "ports/store.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::control {

class Records {
 public:
  explicit Records(ports::Store& store) : store_(store) {}

  std::optional<Versioned<domain::Function>> function(const domain::FunctionName& name);
  // All namespaces where `space` is empty. `after`: a name of that namespace.
  std::vector<Versioned<domain::Function>> functions(std::string_view space, std::string_view after, std::size_t limit);
  // Nothing when it is not at version `expected` (0: not there).
  std::optional<std::uint64_t> put(const domain::Function& function, std::uint64_t expected);
  bool remove(const domain::FunctionName& name, std::uint64_t expected);

  std::optional<domain::Revision> revision(const domain::FunctionName& name, std::uint64_t number);
  std::vector<domain::Revision> revisions(const domain::FunctionName& name);  // newest first
  void put(const domain::Revision& revision);
  void remove(const domain::Revision& revision);
  // Of functions that are gone: their removal was cut off.
  std::vector<domain::Revision> orphans();
  // What all revisions were made of.
  std::set<std::string> packages();

 private:
  template <class Each>
  void each(const std::string& prefix, Each&& each);

  ports::Store& store_;
};

}  // namespace hearth::control
