// Text: splitting, numbers, quoting, and the units people read. It must not know the domain.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ordinal {

/// `text` without ASCII white space at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

/// The parts of `text` between the separators; "" gives one empty part.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// The parts joined by `separator`.
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The whole of `text` as a decimal number without sign or white space; nothing when it is not one or does not fit.
[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(std::string_view text);

/// `text` in double quotes with quotes, backslashes, control characters and invalid UTF-8 escaped, so that untrusted text stays on one line
/// and inside its quotes; cut after `limit` bytes with an ellipsis.
[[nodiscard]] std::string quote(std::string_view text, std::size_t limit = 1024);

/// `text` with each byte that is no part of valid UTF-8 replaced by U+FFFD; cut before the code point that would exceed `limit` bytes.
[[nodiscard]] std::string valid_utf8(std::string_view text, std::size_t limit);

/// Whether the whole of `text` is valid UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

/// "914.0 MiB", "12 B": binary units, one decimal.
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

/// "350ms", "4.2s", "3m20s", "2h5m": the two largest units that say something.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

/// "10s", "1m30s", "250ms", "2h" as a duration; nothing when it is malformed, negative or has no unit. "0" alone is zero.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "1GiB", "512 MiB", "10MB" (decimal), "123" (bytes) as bytes; nothing when it is malformed or does not fit.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

/// The instant in UTC as RFC 3339 with whole seconds, "2026-11-22T11:20:59Z".
[[nodiscard]] std::string format_time(std::chrono::sys_seconds instant);

/// The inverse of format_time; nothing for any other form.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_time(std::string_view text);

/// CRC-32C (Castagnoli) of `bytes`: 0xE3069283 for "123456789".
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

}  // namespace ordinal
