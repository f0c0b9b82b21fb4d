// A call's body: given on the command line, in a file, or coming through a pipe. Blocks; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace hearth::cli {

class Input {
 public:
  // `data`: the body itself, "@file", or "-" for standard input. Nothing: standard input where it is a pipe or a file,
  // else no body. Throws `invalid` for a file that cannot be read, `cancelled` when stopped. `on_patience` is called
  // once when a pipe that nobody asked for stays silent for two seconds.
  Input(const std::optional<std::string>& data, std::stop_token stop, const std::function<void()>& on_patience);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  // Nothing came and nothing was asked for.
  bool absent() const { return absent_; }
  // The whole body, where all of it came at once and was no more than 64 KiB; else read() gives it.
  const std::optional<std::string>& whole() const { return whole_; }
  // The next bytes, 0 at the end.
  std::size_t read(char* buffer, std::size_t size);

 private:
  void open(const std::string& path);
  void peek(const std::function<void()>& on_patience);
  // False when `patience` ran out; negative waits without end.
  bool wait(int patience_ms) const;
  std::size_t receive(char* buffer, std::size_t size) const;

  std::stop_token stop_;
  int descriptor_ = -1;
  bool owned_ = false;
  bool absent_ = false;
  std::string ahead_;  // read, not yet handed on
  std::optional<std::string> whole_;
};

}  // namespace hearth::cli
