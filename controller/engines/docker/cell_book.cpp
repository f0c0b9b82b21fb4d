#include "engines/docker/cell_book.h"

#include "telemetry/log.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace hearth::docker {

using domain::StartedFrom;
using ports::ReplicaSpec;
using namespace std::chrono_literals;

namespace {

// A start by image takes longer than that.
constexpr auto kPatience = 500ms;
constexpr std::size_t kSparePages = 16;

}  // namespace

CellBook::CellBook(Cells& cells, Images& images, PackageCopies& copies)
    : cells_(cells), images_(images), copies_(copies), thread_([this](const std::stop_token& stop) { run(stop); }) {}

CellBook::~CellBook() { end(); }

void CellBook::end() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void CellBook::expect(const ReplicaSpec& spec) {
  if (!spec.in_cell) return forget(spec.function);
  const auto user = to_string(spec.function);
  copies_.hold(spec.image, user);
  const std::lock_guard lock{mutex_};
  functions_[spec.function] = {.image = spec.image, .network = network_kind(spec), .limits = spec.limits};
  if (!is_ready(spec.image)) asked_.push_back(spec.image);
  changes_ = true;
  changed_.notify_all();
}

void CellBook::forget(const domain::FunctionName& function) {
  copies_.let_go(to_string(function));
  const std::lock_guard lock{mutex_};
  if (functions_.erase(function) == 0) return;
  changes_ = true;
  changed_.notify_all();
}

void CellBook::moves_in(domain::ReplicaId replica, const std::string& image) {
  copies_.hold(image, domain::format_replica(replica));
}

void CellBook::moves_out(domain::ReplicaId replica) {
  if (!copies_.let_go(domain::format_replica(replica))) return;
  const std::lock_guard lock{mutex_};
  changes_ = true;
  changed_.notify_all();
}

void CellBook::recovered() {
  const std::lock_guard lock{mutex_};
  recovered_ = changes_ = true;
  changed_.notify_all();
}

std::variant<Seat, StartedFrom> CellBook::seat(const ReplicaSpec& spec) {
  if (!spec.in_cell) return StartedFrom::image;
  std::unique_lock lock{mutex_};
  const auto known = pages_.find(spec.image);
  if (known != pages_.end() && known->second.found_out && !known->second.recipe) return StartedFrom::image;
  if (!is_ready(spec.image)) {
    pages_.erase(spec.image);
    asked_.push_front(spec.image);
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [&] { return pages_.contains(spec.image); });
    if (!is_ready(spec.image)) {
      const auto page = pages_.find(spec.image);
      const bool has_none = page != pages_.end() && page->second.found_out && !page->second.recipe;
      return has_none ? StartedFrom::image : StartedFrom::image_for_no_package;
    }
  }
  if (obstacle(pages_.at(spec.image), spec.limits)) return StartedFrom::image;
  const auto& recipe = *pages_.at(spec.image).recipe;
  return Seat{.kind = {recipe.image, network_kind(spec)}, .recipe = recipe, .package = copies_.path_of(spec.image)};
}

std::optional<std::string> CellBook::obstacle(const std::string& image, const domain::Limits& limits) {
  const std::lock_guard lock{mutex_};
  const auto page = pages_.find(image);
  return page == pages_.end() ? std::nullopt : obstacle(page->second, limits);
}

std::optional<std::string> CellBook::obstacle(const Page& page, const domain::Limits& limits) const {
  if (copies_.way() == PackageWay::bound) return std::nullopt;
  return domain::obstacle_to_streaming(page.room, limits);
}

void CellBook::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (!changed_.wait(lock, stop, [&] { return changes_ || !asked_.empty() || !uncompiled_.empty(); })) return;
    if (asked_.empty() && !changes_) {
      const auto next = uncompiled_.extract(uncompiled_.begin());
      lock.unlock();
      compile(next.key(), next.mapped(), stop);
      lock.lock();
      continue;
    }
    if (asked_.empty()) {
      changes_ = false;
      forget_pages();
      recount();
      if (!recovered_) continue;
      lock.unlock();
      copies_.tidy();
      lock.lock();
      continue;
    }
    const auto image = asked_.front();
    asked_.pop_front();
    if (is_ready(image)) continue;
    lock.unlock();
    auto page = look_up(image, stop);
    lock.lock();
    if (page.recipe) uncompiled_[image] = page.recipe->compilation;
    pages_[image] = std::move(page);
    recount();
    changed_.notify_all();
  }
}

// A copy goes when nobody holds it, and its page stays.
bool CellBook::is_ready(const std::string& image) const {
  const auto page = pages_.find(image);
  return page != pages_.end() && page->second.recipe && copies_.has(image);
}

CellBook::Page CellBook::look_up(const std::string& image, const std::stop_token& stop) {
  Page page;
  try {
    const auto found = images_.find(image, stop);
    page.found_out = true;
    const auto label = found ? found->labels.find(kRecipeLabel) : std::map<std::string, std::string>::const_iterator{};
    if (found && label != found->labels.end()) page.recipe = read_recipe(label->second);
    if (page.recipe) page.room = copies_.make(image, stop);
  } catch (const std::exception& error) {
    telemetry::log::warn("a function cannot start in cells", {{"image", image}, {"reason", error.what()}});
  }
  return page;
}

// Cells start with the copy as it is meanwhile.
void CellBook::compile(const std::string& image, const Compilation& compilation, const std::stop_token& stop) {
  try {
    copies_.compile(image, compilation, stop);
  } catch (const std::exception& error) {
    if (stop.stop_requested()) return;
    telemetry::log::warn("a package stays as it is: each start compiles it",
                         {{"image", image}, {"reason", error.what()}});
  }
}

// Now and then: a start that is due may have asked for one that no function is expected to need.
void CellBook::forget_pages() {
  if (pages_.size() <= 2 * functions_.size() + kSparePages) return;
  std::set<std::string> used;
  for (const auto& [function, use] : functions_) used.insert(use.image);
  std::erase_if(pages_, [&](const auto& page) { return !used.contains(page.first); });
}

void CellBook::recount() {
  std::map<CellKind, std::pair<CellRecipe, std::size_t>> kinds;
  for (const auto& [kind, recipe] : told_) kinds[kind] = {recipe, 0};
  for (const auto& [function, use] : functions_) {
    const auto page = pages_.find(use.image);
    if (page == pages_.end() || !page->second.recipe || obstacle(page->second, use.limits)) continue;
    auto& kind = kinds[{page->second.recipe->image, use.network}];
    kind.first = *page->second.recipe;
    ++kind.second;
  }
  for (const auto& [kind, told] : kinds) {
    cells_.expect(kind, told.first, told.second);
    told_[kind] = told.first;
  }
}

}  // namespace hearth::docker
