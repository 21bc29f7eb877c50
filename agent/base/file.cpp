// Plain system calls, each with its errno turned into an Error that names the file.
#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <format>

#include "base/fail_point.hpp"

namespace ordinal {

namespace {

Result<void> write_all(const Fd& file, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const auto written = ::write(file.number(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write " + path.string(), errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_file(const Fd& file, const std::filesystem::path& path) {
  if (::fsync(file.number()) != 0) return fail_errno("fsync " + path.string(), errno);
  return {};
}

}  // namespace

Fd::~Fd() {
  if (number_ >= 0) ::close(number_);
}

Result<Fd> open_file(const std::filesystem::path& path, int flags, mode_t mode) {
  const int number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (number < 0) return fail_errno("open " + path.string(), errno);
  return Fd(number);
}

Result<std::optional<std::string>> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const auto file = open_file(path, O_RDONLY);
  if (!file && file.error().code == ENOENT) return std::nullopt;
  if (!file) return std::unexpected(file.error());

  std::string content;
  std::array<char, 16384> buffer{};
  while (true) {
    const auto count = ::read(file->number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("read " + path.string(), errno);
    if (count == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > bytes_max)
      return fail(Kind::protocol, "read " + path.string(), std::format("it is longer than {} bytes", bytes_max));
  }
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  auto temporary = path;
  temporary += ".new";
  const auto file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
  if (!file) return std::unexpected(file.error());
  if (auto written = write_all(*file, content, temporary); !written) return written;
  fail_point(FailPoint::file_written);
  if (auto synced = sync_file(*file, temporary); !synced) return synced;
  fail_point(FailPoint::file_synced);
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail_errno(std::format("rename {} to {}", temporary.string(), path.string()), errno);
  fail_point(FailPoint::file_renamed);
  return sync_directory(path.parent_path());
}

Result<void> sync_directory(const std::filesystem::path& path) {
  const auto directory = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!directory) return std::unexpected(directory.error());
  return sync_file(*directory, path);
}

}  // namespace ordinal
