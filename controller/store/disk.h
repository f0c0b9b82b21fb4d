// What a disk refuses, in words.
#pragma once

#include <string>

namespace hearth::store {

// Throws what errno `error` of `attempt` means; `when_full`: what to do then.
[[noreturn]] void disk_failed(const std::string& attempt, int error, std::string when_full);

// Returns once the entries of `folder` are on disk.
void sync_folder(const std::string& folder, const std::string& attempt, const std::string& when_full);

// All of `size` bytes to the file, or throws as disk_failed does.
void write_all(int file, const char* bytes, std::size_t size, const std::string& attempt, const std::string& when_full);

}  // namespace hearth::store
