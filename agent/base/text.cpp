// The exact forms in which numbers, times and untrusted text are written and read.
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <limits>

namespace ordinal {

namespace {

struct DurationUnit {
  std::string_view name;
  std::uint64_t milliseconds;
};

/// Largest first.
constexpr std::array<DurationUnit, 5> duration_units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

constexpr std::array<std::string_view, 7> binary_units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
constexpr std::array<std::string_view, 7> decimal_units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits at the start of `text` off it, as a number; nothing when there are none or it does not fit.
std::optional<std::uint64_t> take_unsigned(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return number;
}

std::optional<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
  if (a != 0 && b > std::numeric_limits<std::uint64_t>::max() / a) return std::nullopt;
  return a * b;
}

/// The code point that starts `text` and its length in bytes; length 0 when it is not valid UTF-8 (RFC 3629).
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t length = byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return {};
  char32_t value = byte(0) & (0x7fU >> length);
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(at) & 0x3f);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return overlong || surrogate || value > 0x10ffff ? CodePoint{} : CodePoint{value, length};
}

/// C0, DEL and C1 controls, and the two separators at which some viewers begin a new line.
bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029; }

void append_escaped_byte(std::string& out, char c) {
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: out += std::format("\\x{:02x}", static_cast<unsigned char>(c)); return;
  }
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view white_space = " \t\n\v\f\r";
  const auto begin = text.find_first_not_of(white_space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (auto end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  const auto number = take_unsigned(text);
  return text.empty() ? number : std::nullopt;
}

std::string quote(std::string_view text, std::size_t limit) {
  std::string out = "\"";
  std::size_t at = 0;
  while (at < text.size()) {
    const auto [value, bytes] = first_code_point(text.substr(at));
    const auto length = std::max<std::size_t>(bytes, 1);
    if (at + length > limit) break;
    if (bytes == 0 || is_control(value)) {
      for (const char c : text.substr(at, length)) append_escaped_byte(out, c);
    } else {
      if (value == U'"' || value == U'\\') out += '\\';
      out += text.substr(at, length);
    }
    at += length;
  }
  out += at < text.size() ? "…\"" : "\"";
  return out;
}

std::string valid_utf8(std::string_view text, std::size_t limit) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  std::string out;
  while (!text.empty()) {
    const auto bytes = first_code_point(text).bytes;
    const auto character = bytes == 0 ? replacement : text.substr(0, bytes);
    if (out.size() + character.size() > limit) break;
    out += character;
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto bytes = first_code_point(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return std::format("{} B", bytes);
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 1;
  // From 1023.95 on, one decimal would print 1024.0 of the smaller unit.
  for (; value >= 1023.95; ++unit) value /= 1024;
  return std::format("{:.1f} {}", value, binary_units[unit]);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const bool negative = duration.count() < 0;
  // Unsigned negation is exact for the smallest value too.
  auto rest = static_cast<std::uint64_t>(duration.count());
  if (negative) rest = 0 - rest;

  std::string text = negative ? "-" : "";
  if (rest < 1'000) return text + std::format("{}ms", rest);
  if (rest < 60'000) {
    const auto tenths = rest / 100;
    return text + (tenths % 10 == 0 ? std::format("{}s", tenths / 10) : std::format("{}.{}s", tenths / 10, tenths % 10));
  }
  int shown = 0;
  for (const auto& [name, milliseconds] : duration_units) {
    const auto amount = rest / milliseconds;
    rest %= milliseconds;
    if (amount == 0 || name == "ms") continue;
    text += std::format("{}{}", amount, name);
    if (++shown == 2) break;
  }
  return text;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  constexpr auto max = static_cast<std::uint64_t>(std::chrono::milliseconds::max().count());
  std::uint64_t total = 0;
  auto smaller = duration_units.begin();
  while (!text.empty()) {
    const auto amount = take_unsigned(text);
    if (!amount) return std::nullopt;
    const auto name = text.substr(0, static_cast<std::size_t>(std::ranges::find_if(text, is_digit) - text.begin()));
    text.remove_prefix(name.size());
    // Each unit must be smaller than the one before it, so "1m30s" and never "30s1m" or "1s1s".
    const auto unit = std::find_if(smaller, duration_units.end(), [&](const DurationUnit& u) { return u.name == name; });
    if (unit == duration_units.end()) return std::nullopt;
    smaller = unit + 1;
    const auto span = multiply(*amount, unit->milliseconds);
    if (!span || *span > max - total) return std::nullopt;
    total += *span;
  }
  return std::chrono::milliseconds(total);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto amount = take_unsigned(text);
  if (!amount || text.empty()) return amount;
  if (text.front() == ' ') text.remove_prefix(1);
  std::uint64_t binary = 1;
  std::uint64_t decimal = 1;
  for (std::size_t i = 0; i < binary_units.size(); ++i) {
    if (text == binary_units[i]) return multiply(*amount, binary);
    if (text == decimal_units[i]) return multiply(*amount, decimal);
    binary *= 1024;
    decimal *= 1000;
  }
  return std::nullopt;
}

std::string format_time(std::chrono::sys_seconds instant) { return std::format("{:%FT%TZ}", instant); }

std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  if (text.size() != std::string_view("2026-11-22T11:20:59Z").size()) return std::nullopt;
  const auto field = [&](std::size_t at, std::size_t size) {
    return static_cast<unsigned>(parse_unsigned(text.substr(at, size)).value_or(0));
  };
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(field(0, 4))), std::chrono::month(field(5, 2)),
                                         std::chrono::day(field(8, 2))};
  const auto instant = std::chrono::sys_days(date) + std::chrono::hours(field(11, 2)) + std::chrono::minutes(field(14, 2)) +
                       std::chrono::seconds(field(17, 2));
  // What is not exactly this form, or not a date of the calendar or a time of the day, does not come back as it was.
  if (format_time(instant) != text) return std::nullopt;
  return instant;
}

std::uint32_t crc32c(std::string_view bytes) {
  constexpr std::uint32_t polynomial = 0x82f63b78;  // Castagnoli's, bits reflected
  std::uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
  }
  return ~crc;
}

}  // namespace ordinal
