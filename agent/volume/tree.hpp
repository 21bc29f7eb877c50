// Directory trees: what they occupy, and how they go. No function here follows a symbolic link. It must not know what a tree means.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace ordinal::volume {

/// Whether anything, be it a dangling symbolic link, has this name. Fails as fail_errno says: what cannot be seen is not absent.
[[nodiscard]] Result<bool> entry_exists(const std::filesystem::path& path);

/// Makes the directory, durably; fine when it is there. Fails as fail_errno says.
[[nodiscard]] Result<void> make_directory(const std::filesystem::path& path);

/// The names in a directory, in no order; none when there is no directory of that name. Fails as fail_errno says.
[[nodiscard]] Result<std::vector<std::string>> entry_names(const std::filesystem::path& directory);

/// Puts the tree into the directory `trash`, which is made where it is missing, under a name of its own, durably; fine when there is none.
/// One rename: it takes no longer for a large tree, and a kill leaves the tree here or there, and whole. Only on a volume so full that it
/// has no room for the name is the tree removed at once. Fails as fail_errno says.
[[nodiscard]] Result<void> throw_away(const std::filesystem::path& path, const std::filesystem::path& trash);

/// Removes the tree, durably; fine when there is none. A large file is cut down piece by piece, so that no call into the file system takes
/// long. Fails with cancelled when it is told to stop between two of them, else as fail_errno says, and then a part may be gone.
[[nodiscard]] Result<void> remove_tree(const std::filesystem::path& path, const std::stop_token& stop = {});

/// Renames within a directory, durably. Fails as fail_errno says.
[[nodiscard]] Result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// The bytes allocated by everything under `directory`, 0 when there is nothing. What vanishes meanwhile is not counted: a server may be at
/// work there. Fails with cancelled when it is told to stop, else as fail_errno says.
[[nodiscard]] Result<std::uint64_t> allocated_bytes(const std::filesystem::path& directory, const std::stop_token& stop = {});

}  // namespace ordinal::volume
