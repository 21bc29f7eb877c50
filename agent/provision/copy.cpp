// Looking at a directory that another process writes: whatever vanishes meanwhile is simply not counted.
#include "provision/copy.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <format>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"

namespace ordinal::provision {
namespace {

constexpr std::size_t progress_file_bytes_max = 64 * 1024;
constexpr std::uint64_t block_bytes = 512;  // whatever the file system's own size is (stat(2), st_blocks)
constexpr std::size_t estimate_field = 4;
constexpr std::size_t fields_of_stage = 7;

void add(CopyProgress& progress, const std::filesystem::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return;
  progress.bytes += static_cast<std::uint64_t>(status.st_blocks) * block_bytes;
  const auto written = std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  progress.newest_write = std::max(progress.newest_write, std::chrono::nanoseconds(written));
}

Result<void> require(bool there, const std::filesystem::path& path, std::string_view what) {
  if (there) return {};
  return fail(Kind::conflict, "check " + path.string(), std::format("mysqld ended well, but {}", what));
}

}  // namespace

CopyProgress measure_copy(const std::filesystem::path& directory) {
  CopyProgress progress;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) add(progress, entry->path());
  if (const auto text = read_file(directory / "#clone" / "#view_progress", progress_file_bytes_max); text && *text) {
    progress.estimated_bytes = parse_clone_estimate(**text);
  }
  return progress;
}

std::uint64_t parse_clone_estimate(std::string_view text) {
  std::uint64_t sum = 0;
  for (const auto line : split(text, '\n')) {
    const auto fields = split(trim(line), ' ');
    if (fields.size() == fields_of_stage) sum += parse_unsigned(fields[estimate_field]).value_or(0);
  }
  return sum;
}

Result<void> check_complete_clone(const std::filesystem::path& directory) {
  const auto status = directory / "#clone";
  std::error_code error;
  const auto complete =
      std::filesystem::exists(status / "#status_fix", error) && !std::filesystem::exists(status / "#status_in_progress", error) && !error;
  return require(complete, status, "it has not marked the clone as complete");
}

Result<void> check_complete_initialization(const std::filesystem::path& directory) {
  const auto table = directory / "ordinal" / "cluster.ibd";
  std::error_code error;
  return require(std::filesystem::exists(table, error), table, "the table of the cluster is not there");
}

}  // namespace ordinal::provision
