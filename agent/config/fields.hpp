// The field table: every key with its place in Config, its range and its meaning. Parsing, defaults, messages and documentation come from
// it. It must not be named outside this folder.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.hpp"

namespace ordinal::config {

/// Where a key's value stands in a Config; the alternative is the key's type.
using Slot = std::variant<std::string*, bool*, std::uint16_t*, std::uint32_t*, Milliseconds*, std::optional<Milliseconds>*, Listen*,
                          Discovery*, Initialize*, RequirePeers*, LogLevel*, LogFormat*>;

/// What a text must be. Those with `optional_` may be empty.
enum class Form : std::uint8_t { absolute_path, optional_absolute_path, socket_path, optional_label, optional_domain };

/// The least and the greatest value: of numbers as they are, of durations in milliseconds.
struct Range {
  std::uint64_t least = 0;
  std::uint64_t greatest = 0;
};

struct FieldSpec {
  std::string_view path;  ///< "mysql.port"
  Slot (*slot)(Config&);
  std::string_view doc;  ///< full sentences
  Range range{};         ///< of numbers and durations
  Form form{};           ///< of texts

  [[nodiscard]] std::string_view section() const { return path.substr(0, path.find('.')); }
  [[nodiscard]] std::string_view name() const { return path.substr(path.find('.') + 1); }
  /// "ORDINAL_MYSQL__PORT".
  [[nodiscard]] std::string variable() const;
};

/// Every key once, section by section.
[[nodiscard]] std::span<const FieldSpec> fields();

/// The words of an enumeration, in its order.
template <class E>
constexpr std::array<std::string_view, 2> words;
template <>
inline constexpr std::array<std::string_view, 2> words<Discovery>{"srv", "static"};
template <>
inline constexpr std::array<std::string_view, 2> words<Initialize>{"when_empty", "never"};
template <>
inline constexpr std::array<std::string_view, 2> words<RequirePeers>{"all", "existing"};
template <>
inline constexpr std::array<std::string_view, 4> words<LogLevel>{"error", "warn", "info", "debug"};
template <>
inline constexpr std::array<std::string_view, 2> words<LogFormat>{"text", "json"};

/// Reads `text` into the key's place. What is wrong with it, "expected …, got …", when the place was left alone.
[[nodiscard]] std::optional<std::string> assign(const FieldSpec& field, Config& config, std::string_view text);

/// The value in the key's place as TOML.
[[nodiscard]] std::string value_text(const FieldSpec& field, const Config& config);

/// The TOML type that the key takes: "string", "integer", "boolean".
[[nodiscard]] std::string_view type_name(const FieldSpec& field);

/// The values that the key takes, for people: "1s to 1h", "\"text\" or \"json\""; the unit is in it.
[[nodiscard]] std::string allowed_text(const FieldSpec& field);

}  // namespace ordinal::config
