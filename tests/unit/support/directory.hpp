// A directory of a test's own. It must not outlive the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace ordinal::test {

/// An empty directory under TMPDIR, or under `parent`, removed with all that is in it at the end of the object's life.
class Directory {
 public:
  Directory() : Directory(std::filesystem::temp_directory_path()) {}
  explicit Directory(const std::filesystem::path& parent) : path_((parent / "ordinal-test-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::filesystem::path path() const { return path_; }

  /// Writes a file, and makes the directories it lies in.
  void write(const std::filesystem::path& relative, std::string_view content) const {
    const auto file = path() / relative;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }

  /// The content of a file; "(none)" where there is no such file.
  [[nodiscard]] std::string read(const std::filesystem::path& relative) const {
    std::ifstream stream(path() / relative, std::ios::binary);
    if (!stream) return "(none)";
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  std::string path_;
};

}  // namespace ordinal::test
