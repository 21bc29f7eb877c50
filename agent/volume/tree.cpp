// Walking, removing and renaming, on std::filesystem, whose remove_all is safe against links that appear while it runs (GCC 11.3 and
// newer).
#include "volume/tree.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <format>
#include <system_error>
#include <utility>
#include <vector>

#include "base/fail_point.hpp"
#include "base/file.hpp"

namespace ordinal::volume {

namespace fs = std::filesystem;

namespace {

/// Linux counts allocated blocks in this unit, whatever the file system's own (stat(2), st_blocks).
constexpr std::uint64_t block_bytes = 512;

}  // namespace

Result<bool> entry_exists(const fs::path& path) {
  struct stat entry{};
  if (::lstat(path.c_str(), &entry) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return fail_errno("stat " + path.string(), errno);
}

Result<std::vector<std::string>> entry_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code ec;
  fs::directory_iterator entry(directory, ec);
  for (; !ec && entry != fs::directory_iterator(); entry.increment(ec)) names.push_back(entry->path().filename());
  if (ec && ec != std::errc::no_such_file_or_directory && ec != std::errc::not_a_directory)
    return fail_errno("list " + directory.string(), ec.value());
  return names;
}

Result<void> remove_tree(const fs::path& path) {
  const auto present = entry_exists(path);
  if (!present) return std::unexpected(present.error());
  if (!*present) return {};

  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return fail_errno("stat " + path.string(), errno);
  const auto names = S_ISDIR(status.st_mode) ? entry_names(path) : std::vector<std::string>{};
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names) {
    std::error_code ec;
    fs::remove_all(path / name, ec);
    if (ec) return fail_errno("remove " + (path / name).string(), ec.value());
    fail_point(FailPoint::tree_entry_removed);
  }
  std::error_code ec;
  fs::remove(path, ec);
  if (ec) return fail_errno("remove " + path.string(), ec.value());
  return sync_directory(path.parent_path());
}

Result<void> rename_durably(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::rename(from, to, ec);
  if (ec) return fail_errno(std::format("rename {} to {}", from.string(), to.string()), ec.value());
  return sync_directory(to.parent_path());
}

Result<std::uint64_t> allocated_bytes(const fs::path& directory) {
  std::uint64_t bytes = 0;
  std::vector<fs::path> pending{directory};
  while (!pending.empty()) {
    const auto listed = std::move(pending.back());
    pending.pop_back();
    std::error_code ec;
    fs::directory_iterator entry(listed, ec);
    for (; !ec && entry != fs::directory_iterator(); entry.increment(ec)) {
      struct stat status{};
      if (::lstat(entry->path().c_str(), &status) != 0) continue;
      bytes += static_cast<std::uint64_t>(status.st_blocks) * block_bytes;
      if (S_ISDIR(status.st_mode)) pending.push_back(entry->path());
    }
    if (ec && ec != std::errc::no_such_file_or_directory) return fail_errno("list " + listed.string(), ec.value());
  }
  return bytes;
}

}  // namespace ordinal::volume
