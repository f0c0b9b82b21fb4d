#include "stack.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace {

constexpr int kDeepest = 48;
struct Stack {
  std::array<void*, kDeepest> frames;
  int depth = 0;
};
thread_local Stack last_throw;

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                         std::free};
  return status == 0 && text ? text.get() : name;
}

}  // namespace

// Every `throw` calls this; the program's own definition comes before the library's, which it then calls.
extern "C" [[noreturn]] void __cxa_throw(void* thrown, void* type, void (*destroy)(void*)) {
  using Throw = void (*)(void*, void*, void (*)(void*));
  static const auto original = reinterpret_cast<Throw>(::dlsym(RTLD_NEXT, "__cxa_throw"));
  last_throw.depth = ::backtrace(last_throw.frames.data(), kDeepest);
  original(thrown, type, destroy);
  std::abort();  // it does not return
}

namespace hearth::server {

std::string stack_of_last_throw() {
  std::string text;
  for (int i = 1; i < last_throw.depth; ++i) {
    Dl_info found{};
    void* const frame = last_throw.frames.at(static_cast<std::size_t>(i));
    const bool known = ::dladdr(frame, &found) != 0 && found.dli_sname != nullptr;
    const std::string name = known ? demangled(found.dli_sname) : "?";
    if (name.starts_with("hearth::server::")) break;  // from here on it is ours
    text += "  at " + name + "\n";
  }
  return text;
}

std::string type_of(const std::exception& error) { return demangled(typeid(error).name()); }

}  // namespace hearth::server
