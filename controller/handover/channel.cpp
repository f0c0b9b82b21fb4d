#include "handover/channel.h"

#include "domain/error.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace hearth::handover {

using ports::Descriptor;

namespace {

// Run folders may have long paths, and a socket's is at most 107 bytes: named by the folder's descriptor.
struct Place {
  explicit Place(const std::filesystem::path& path)
      : folder(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    address.sun_family = AF_UNIX;
    const auto name = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + path.filename().string();
    std::copy_n(name.begin(), std::min(name.size(), sizeof address.sun_path - 1), address.sun_path);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

  Descriptor folder;
  sockaddr_un address{};
};

Descriptor make_socket() { return Descriptor{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)}; }

std::optional<ucred> peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? std::optional{peer} : std::nullopt;
}

bool is_our_user(int socket) {
  const auto peer = peer_of(socket);
  return peer && peer->uid == ::geteuid();
}

union Ancillary {
  cmsghdr align;
  std::array<char, CMSG_SPACE(Channel::kMostDescriptors * sizeof(int))> bytes;
};

std::vector<Descriptor> descriptors_of(msghdr& head) {
  std::vector<Descriptor> found;
  for (auto* part = CMSG_FIRSTHDR(&head); part != nullptr; part = CMSG_NXTHDR(&head, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const auto count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::vector<int> numbers(count);
    std::memcpy(numbers.data(), CMSG_DATA(part), count * sizeof(int));
    for (const int fd : numbers) found.emplace_back(fd);
  }
  return found;
}

}  // namespace

std::string_view Message::word(std::size_t index) const {
  std::string_view rest = words;
  for (; index > 0; --index) {
    const auto blank = rest.find(' ');
    rest = blank == rest.npos ? std::string_view{} : rest.substr(blank + 1);
  }
  return rest.substr(0, rest.find(' '));
}

bool Channel::send(const Message& message) const {
  if (message.descriptors.size() > kMostDescriptors) return false;
  std::string text = message.words + '\n' + message.bytes;
  iovec piece{text.data(), text.size()};
  Ancillary ancillary{};
  msghdr head{};
  head.msg_iov = &piece;
  head.msg_iovlen = 1;
  if (!message.descriptors.empty()) {
    const auto size = message.descriptors.size() * sizeof(int);
    head.msg_control = ancillary.bytes.data();
    head.msg_controllen = CMSG_SPACE(size);
    auto* part = CMSG_FIRSTHDR(&head);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(size);
    std::vector<int> numbers;
    for (const auto& descriptor : message.descriptors) numbers.push_back(descriptor.get());
    std::memcpy(CMSG_DATA(part), numbers.data(), size);
  }
  while (true) {
    if (::sendmsg(socket_.get(), &head, MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

std::optional<Message> Channel::receive(std::chrono::milliseconds patience) const {
  pollfd ready{socket_.get(), POLLIN, 0};
  const bool for_ever = patience == std::chrono::milliseconds::max();
  int woken = 0;
  do {
    woken = ::poll(&ready, 1, for_ever ? -1 : static_cast<int>(patience.count()));
  } while (woken < 0 && errno == EINTR);
  if (woken <= 0) return std::nullopt;
  std::string text(kLongest, '\0');
  iovec piece{text.data(), text.size()};
  Ancillary ancillary{};
  msghdr head{};
  head.msg_iov = &piece;
  head.msg_iovlen = 1;
  head.msg_control = ancillary.bytes.data();
  head.msg_controllen = ancillary.bytes.size();
  const auto size = ::recvmsg(socket_.get(), &head, MSG_CMSG_CLOEXEC);
  if (size <= 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  const auto end = text.find('\n');
  return Message{.words = text.substr(0, end),
                 .bytes = end == text.npos ? std::string{} : text.substr(end + 1),
                 .descriptors = descriptors_of(head)};
}

pid_t Channel::peer() const {
  const auto peer = peer_of(socket_.get());
  return peer ? peer->pid : 0;
}

void Channel::shut_down() const { ::shutdown(socket_.get(), SHUT_RDWR); }

Descriptor listen_at(const std::filesystem::path& path) {
  // Bound beside its place and moved there: whoever knocks finds the old one or the new one.
  auto fresh = path;
  fresh += "." + std::to_string(::getpid());
  const Place place(fresh);
  auto listener = make_socket();
  ::unlink(fresh.c_str());
  const bool bound = listener && ::bind(listener.get(), place.get(), sizeof place.address) == 0 &&
                     ::chmod(fresh.c_str(), 0600) == 0 && ::listen(listener.get(), 4) == 0 &&
                     ::rename(fresh.c_str(), path.c_str()) == 0;
  if (bound) return listener;
  throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                      "cannot listen at " + path.string() + ": " + std::strerror(errno),
                      "let hearthd's user write there, or give it another run folder");
}

std::optional<Channel> accept_one(int listener) {
  while (true) {
    Descriptor socket{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)};
    if (!socket && errno == EINTR) continue;
    if (!socket || !is_our_user(socket.get())) return std::nullopt;
    return Channel{std::move(socket)};
  }
}

std::optional<Channel> knock(const std::filesystem::path& path) {
  const Place place(path);
  auto socket = make_socket();
  if (!socket || ::connect(socket.get(), place.get(), sizeof place.address) != 0) return std::nullopt;
  if (!is_our_user(socket.get())) return std::nullopt;
  return Channel{std::move(socket)};
}

}  // namespace hearth::handover
