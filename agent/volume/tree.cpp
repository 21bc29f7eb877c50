// Walking, removing and renaming. Only the holder of the volume's lock does any of it, in trees where no server is at work.
#include "volume/tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <format>
#include <system_error>
#include <utility>
#include <vector>

#include "base/fail_point.hpp"
#include "base/file.hpp"
#include "base/random.hpp"
#include "core/uuid.hpp"

namespace ordinal::volume {

namespace fs = std::filesystem;

namespace {

/// Linux counts allocated blocks in this unit, whatever the file system's own (stat(2), st_blocks).
constexpr std::uint64_t block_bytes = 512;
/// What is cut off a large file at once: some milliseconds of a disk's time.
constexpr off_t piece_bytes = 256 << 20;
constexpr mode_t directory_mode = 0750;

Result<void> stopped_if_told(const fs::path& path, const std::stop_token& stop) {
  if (stop.stop_requested()) return fail(Kind::cancelled, "remove " + path.string(), "the agent is stopping");
  return {};
}

/// Takes a file's blocks away from its end on. A file with another name elsewhere keeps its content for that one.
Result<void> cut_down(const fs::path& path, const struct stat& status, const std::stop_token& stop) {
  if (!S_ISREG(status.st_mode) || status.st_nlink > 1 || status.st_size <= piece_bytes) return {};
  const auto file = open_file(path, O_WRONLY | O_NOFOLLOW);
  if (!file) return std::unexpected(file.error());
  for (auto size = status.st_size; size > piece_bytes;) {
    size -= piece_bytes;
    if (::ftruncate(file->number(), size) != 0) return fail_errno("truncate " + path.string(), errno);
    if (auto go_on = stopped_if_told(path, stop); !go_on) return go_on;
  }
  return {};
}

Result<void> remove_entry(const fs::path& path, const std::stop_token& stop) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return fail_errno("stat " + path.string(), errno);
  if (S_ISDIR(status.st_mode)) {
    const auto names = entry_names(path);
    if (!names) return std::unexpected(names.error());
    for (const auto& name : *names) {
      if (auto removed = remove_entry(path / name, stop); !removed) return removed;
    }
  } else if (auto cut = cut_down(path, status, stop); !cut) {
    return cut;
  }
  if (::remove(path.c_str()) != 0) return fail_errno("remove " + path.string(), errno);
  fail_point(FailPoint::tree_entry_removed);
  return stopped_if_told(path, stop);
}

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

Result<void> make_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), directory_mode) != 0 && errno != EEXIST) return fail_errno("mkdir " + path.string(), errno);
  return sync_directory(path.parent_path());
}

Result<void> throw_away(const fs::path& path, const fs::path& trash) {
  const auto present = entry_exists(path);
  if (!present) return std::unexpected(present.error());
  if (!*present) return {};
  const auto bytes = random_bytes();
  if (!bytes) return std::unexpected(bytes.error());
  const auto name = std::format("{}-{}", path.filename().string(), Uuid::from_random_bytes(*bytes).to_string());
  if (auto moved = make_directory(trash).and_then([&] { return rename_durably(path, trash / name); }); !moved) {
    // A full volume may have no room for a name, and then needs what lies here more than a loop that turns.
    return moved.error().code == ENOSPC || moved.error().code == EDQUOT ? remove_tree(path) : moved;
  }
  fail_point(FailPoint::thrown_away);
  return sync_directory(path.parent_path());
}

Result<void> remove_tree(const fs::path& path, const std::stop_token& stop) {
  const auto present = entry_exists(path);
  if (!present) return std::unexpected(present.error());
  if (!*present) return {};
  if (auto removed = remove_entry(path, stop); !removed) return removed;
  return sync_directory(path.parent_path());
}

Result<void> rename_durably(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::rename(from, to, ec);
  if (ec) return fail_errno(std::format("rename {} to {}", from.string(), to.string()), ec.value());
  return sync_directory(to.parent_path());
}

Result<std::uint64_t> allocated_bytes(const fs::path& directory, const std::stop_token& stop) {
  std::uint64_t bytes = 0;
  std::vector<fs::path> pending{directory};
  while (!pending.empty()) {
    const auto listed = std::move(pending.back());
    pending.pop_back();
    std::error_code ec;
    fs::directory_iterator entry(listed, ec);
    for (; !ec && entry != fs::directory_iterator(); entry.increment(ec)) {
      if (auto stopped = stopped_if_told(listed, stop); !stopped) return std::unexpected(stopped.error());
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
