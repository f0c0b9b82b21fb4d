// A warm call allocates nothing: what it needs, its thread has kept from calls before.
#include "gateway/gateway_fixture.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

namespace {

std::atomic<bool> counting = false;
std::atomic<int> allocations = 0;
thread_local bool ours = false;  // a thread of the test itself

}  // namespace

void* operator new(std::size_t size) {
  if (counting && !ours) ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace hearth::gateway {
namespace {

int allocations_of(const std::function<void()>& work) {
  ours = true;
  allocations = 0;
  counting = true;
  work();
  counting = false;
  return allocations;
}

void mirror_unseen(Peer& peer) {
  ours = true;
  mirror(peer);
}

TEST(WarmCall, IsWatchedAsItAllocates) {
  std::string text;
  EXPECT_EQ(allocations_of([&] { std::thread([&] { text.assign(100, 'x'); }).join(); }), 1);
}

TEST(WarmCall, AllocatesNothing) {
  World world(mirror_unseen, {.templated = true, .threads = 1});
  RawClient client(world.port());
  const std::string call = post("/fn/hello/a?b=c", "0123456789");
  const std::string large = post("/fn/hello", std::string(300'000, 'x'));
  const auto call_some = [&] {
    for (int i = 0; i < 20; ++i) {
      for (const auto& request : {call, large}) {
        client.send(request);
        ASSERT_EQ(status_of(client.receive_answer()), 200);
      }
    }
  };
  // What a call meets for the first time, such as a full socket, may come late: one round of none is what can be asked.
  int fewest = allocations_of(call_some);
  for (int round = 0; round < 10 && fewest > 0; ++round) fewest = std::min(fewest, allocations_of(call_some));
  EXPECT_EQ(fewest, 0);
}

}  // namespace
}  // namespace hearth::gateway
