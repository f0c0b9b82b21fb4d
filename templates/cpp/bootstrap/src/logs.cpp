#include "logs.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <streambuf>
#include <string_view>

namespace hearth::server {
namespace {

constexpr std::size_t kLongestLine = 64 * 1024;

struct ThreadsLog {
  std::string mark;                    // empty outside of calls
  std::array<std::string, 3> partial;  // by descriptor: a line that has no end yet
};
thread_local ThreadsLog here;

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;  // there is nobody to tell
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

class Tagged final : public std::streambuf {
 public:
  explicit Tagged(int descriptor) : descriptor_(descriptor) {}

 protected:
  int_type overflow(int_type character) override {
    if (traits_type::eq_int_type(character, traits_type::eof())) return traits_type::not_eof(character);
    const char byte = traits_type::to_char_type(character);
    put({&byte, 1});
    return character;
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    put({text, static_cast<std::size_t>(size)});
    return size;
  }

 private:
  void put(std::string_view text) {
    auto& partial = here.partial.at(static_cast<std::size_t>(descriptor_));
    std::string lines;
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
      lines += here.mark + partial.append(text.substr(0, end + 1));
      partial.clear();
      text.remove_prefix(end + 1);
    }
    partial += text;
    if (partial.size() > kLongestLine) {
      lines += here.mark + partial + "\n";
      partial.clear();
    }
    write_all(descriptor_, lines);
  }

  const int descriptor_;
};

void finish() {
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    auto& partial = here.partial.at(static_cast<std::size_t>(descriptor));
    if (!partial.empty()) write_all(descriptor, here.mark + partial + "\n");
    partial.clear();
  }
}

}  // namespace

void install_logs() {
  // What printf prints is of no call, but in the log as soon: with a pipe, stdio would keep it until it has 4 KiB.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  static Tagged output{STDOUT_FILENO};
  static Tagged errors{STDERR_FILENO};
  std::cout.rdbuf(&output);
  std::cerr.rdbuf(&errors);
  std::clog.rdbuf(&errors);
}

CallLog::CallLog(const std::string& call_id) {
  finish();
  if (!call_id.empty()) here.mark = "\x1f" + call_id + "\x1f";
}

CallLog::~CallLog() {
  finish();
  here.mark.clear();
}

}  // namespace hearth::server
