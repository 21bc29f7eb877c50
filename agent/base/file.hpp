// Files as the agent needs them: read whole within a limit, replaced whole or not at all. It must not know what is in them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace ordinal {

/// An open file descriptor, closed at the end of its life.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd();

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_ = -1;
};

/// The descriptor that open(2) gives for these flags, to which O_CLOEXEC is added: no child of ours inherits a file by accident. Fails as
/// fail_errno says.
[[nodiscard]] Result<Fd> open_file(const std::filesystem::path& path, int flags, mode_t mode = 0);

/// The whole content of the file, or nothing when there is no such file. Fails with protocol when it is longer than `bytes_max`, else as
/// fail_errno says.
[[nodiscard]] Result<std::optional<std::string>> read_file(const std::filesystem::path& path, std::size_t bytes_max);

/// Gives `path` this content so that after any kill or loss of power there is either the old file or the new one: a temporary beside it,
/// "<path>.new", is written, synced and renamed, and the directory is synced. Fails as fail_errno says.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

/// Makes the names in a directory durable. Fails as fail_errno says.
[[nodiscard]] Result<void> sync_directory(const std::filesystem::path& path);

}  // namespace ordinal
