// Runs the built `fn` as a user does: words, an environment of its own, and what came out of it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace hearth::cli {

struct Outcome {
  int code = -1;  // 128 + signal where one ended it
  std::string out;
  std::string err;
};

class Program {
 public:
  using Variables = std::map<std::string, std::string>;

  // Without the variables of the one who runs the tests, but for PATH.
  explicit Program(std::vector<std::string> words, Variables variables = {}, std::string folder = "/") {
    variables.try_emplace("PATH", ::getenv("PATH"));
    variables.try_emplace("HOME", "/nonexistent");
    int in[2];
    int out[2];
    int err[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    words.insert(words.begin(), FN_PROGRAM);
    std::vector<std::string> settings;
    for (const auto& [name, value] : variables) settings.push_back(name + "=" + value);
    if (::posix_spawn(&pid_, FN_PROGRAM, &actions, nullptr, pointers(words).data(), pointers(settings).data()) != 0) {
      std::abort();
    }
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    ::close(err[1]);
    in_ = in[1];
    readers_.emplace_back([this, fd = out[0]] { read_all(fd, outcome_.out, closing_); });
    readers_.emplace_back([this, fd = err[0]] { read_all(fd, outcome_.err, never_); });
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) finish();
  }

  void write(std::string_view text) { (void)!::write(in_, text.data(), text.size()); }
  // As `head` does when it has seen enough: returns after the next bytes, with the pipe closed.
  void close_output() {
    closing_ = true;
    readers_.front().join();
  }
  void interrupt() { ::kill(pid_, SIGINT); }
  void kill() { ::kill(pid_, SIGKILL); }

  Outcome finish() {
    ::close(in_);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    readers_.clear();
    outcome_.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return outcome_;
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
  }

  // Until its end, or the first bytes after `enough`.
  static void read_all(int fd, std::string& into, const std::atomic<bool>& enough) {
    char bytes[4096];
    for (ssize_t count; (count = ::read(fd, bytes, sizeof bytes)) > 0;) {
      into.append(bytes, static_cast<std::size_t>(count));
      if (enough) break;
    }
    ::close(fd);
  }

  pid_t pid_ = 0;
  int in_ = -1;
  Outcome outcome_;
  std::atomic<bool> closing_ = false;
  const std::atomic<bool> never_ = false;
  std::vector<std::jthread> readers_;
};

inline Outcome run(std::vector<std::string> words, Program::Variables variables = {}, std::string folder = "/") {
  return Program(std::move(words), std::move(variables), std::move(folder)).finish();
}

}  // namespace hearth::cli
