// Appending, and dropping the older half when the file is full.
#include "volume/history.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <format>

#include "base/file.hpp"
#include "base/text.hpp"

namespace ordinal::volume {

namespace {

constexpr mode_t file_mode = 0640;

/// `content` up to the last newline: a kill may have cut the line behind it.
std::string_view complete_lines(std::string_view content) { return content.substr(0, content.rfind('\n') + 1); }

/// The newest lines of `lines` that fit into half the limit.
std::string_view newer_half(std::string_view lines) {
  if (lines.size() <= history_bytes_max / 2) return lines;
  const auto start = lines.size() - history_bytes_max / 2;
  return lines.substr(lines.find('\n', start - 1) + 1);
}

Result<void> append(const std::filesystem::path& path, std::string_view text) {
  const auto file = open_file(path, O_WRONLY | O_CREAT | O_APPEND, file_mode);
  if (!file) return std::unexpected(file.error());
  const auto written = ::write(file->number(), text.data(), text.size());
  if (written < 0) return fail_errno("write " + path.string(), errno);
  if (static_cast<std::size_t>(written) < text.size())
    return fail(Kind::conflict, "write " + path.string(), "there was room for a part only");
  return {};
}

/// The content as it may be: an older agent's file can be larger than this one's limit, but not by much.
Result<std::string> read(const std::filesystem::path& path) {
  auto content = read_file(path, 4 * history_bytes_max);
  if (!content) return std::unexpected(content.error());
  return std::move(*content).value_or(std::string());
}

}  // namespace

Result<void> append_history(const std::filesystem::path& file, std::string_view line) {
  if (line.size() > history_line_bytes_max || line.contains('\n')) {
    return fail(Kind::unexpected, "append to " + file.string(), std::format("an event of {} bytes, or of several lines", line.size()));
  }
  const auto content = read(file);
  if (!content) return std::unexpected(content.error());
  const auto lines = complete_lines(*content);
  const auto addition = std::string(line) + '\n';
  if (lines.size() == content->size() && lines.size() + addition.size() <= history_bytes_max) return append(file, addition);
  const auto kept = lines.size() + addition.size() <= history_bytes_max ? lines : newer_half(lines);
  return replace_file(file, std::string(kept) + addition, file_mode);
}

Result<std::vector<std::string>> read_history(const std::filesystem::path& file) {
  const auto content = read(file);
  if (!content) return std::unexpected(content.error());
  std::vector<std::string> lines;
  for (const auto line : split(complete_lines(*content), '\n')) {
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace ordinal::volume
