// Tars as a client might send them, well made or not.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hearth::tests {

struct Member {
  std::string path;
  std::string content = {};
  mode_t type = AE_IFREG;
  std::string link = {};  // target of a symbolic link, or of a hard one where the type is a file's
  int mode = 0644;
  std::time_t time = 1'700'000'000;
  int owner = 1000;
};

inline void make_tar(const std::filesystem::path& file, const std::vector<Member>& members) {
  const std::unique_ptr<archive, int (*)(archive*)> tar{archive_write_new(), archive_write_free};
  archive_write_set_format_pax_restricted(tar.get());
  archive_write_open_filename(tar.get(), file.c_str());
  for (const auto& member : members) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> head{archive_entry_new(), archive_entry_free};
    archive_entry_set_pathname(head.get(), member.path.c_str());
    archive_entry_set_filetype(head.get(), member.type);
    archive_entry_set_perm(head.get(), static_cast<mode_t>(member.mode));
    archive_entry_set_mtime(head.get(), member.time, 0);
    archive_entry_set_uid(head.get(), member.owner);
    archive_entry_set_size(head.get(), static_cast<la_int64_t>(member.content.size()));
    if (member.type == AE_IFLNK) archive_entry_set_symlink(head.get(), member.link.c_str());
    if (member.type == AE_IFREG && !member.link.empty()) archive_entry_set_hardlink(head.get(), member.link.c_str());
    archive_write_header(tar.get(), head.get());
    archive_write_data(tar.get(), member.content.data(), member.content.size());
  }
  archive_write_close(tar.get());
}

inline void make_package(const std::filesystem::path& file, const std::map<std::string, std::string>& files) {
  std::vector<Member> members;
  for (const auto& [path, content] : files) members.push_back({.path = path, .content = content});
  make_tar(file, members);
}

}  // namespace hearth::tests
