// history.jsonl: one line per event of a volume's life, for people. Bounded, and never needed to decide anything: callers log a failure and
// go on. It must not know what the events are.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace ordinal::volume {

/// The file never grows beyond this; when it would, the older half is dropped.
inline constexpr std::size_t history_bytes_max = 256UZ * 1024;
/// The longest event.
inline constexpr std::size_t history_line_bytes_max = 8UZ * 1024;

/// Appends `line`, a JSON object, to the history in `file`. Only the holder of the volume's lock may. Fails with unexpected when the line
/// has a newline in it or is too long, else as fail_errno says.
[[nodiscard]] Result<void> append_history(const std::filesystem::path& file, std::string_view line);

/// All complete lines, the oldest first, without their newlines; none when there is no file. A line cut by a kill is left out.
[[nodiscard]] Result<std::vector<std::string>> read_history(const std::filesystem::path& file);

}  // namespace ordinal::volume
