// One event a line, as text or JSON, on standard error. It must not be given a secret; text that others wrote is quoted here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.hpp"

namespace ordinal::app::log {

enum class Level : std::uint8_t { debug, info, warn, error };

struct Field {
  std::string_view key;  ///< snake_case, with the unit in it
  std::variant<std::string, std::int64_t, double, bool> value;

  Field(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
  Field(std::string_view name, std::string_view text) : key(name), value(std::string(text)) {}
  Field(std::string_view name, const char* text) : key(name), value(std::string(text)) {}
  Field(std::string_view name, std::int64_t number) : key(name), value(number) {}
  Field(std::string_view name, std::uint64_t number) : key(name), value(static_cast<std::int64_t>(number)) {}
  Field(std::string_view name, int number) : key(name), value(std::int64_t{number}) {}
  Field(std::string_view name, double number) : key(name), value(number) {}
  Field(std::string_view name, bool flag) : key(name), value(flag) {}
};

/// Sets level and format for the rest of the process. Before the first call: info, text.
void configure(config::LogLevel level, config::LogFormat format);

/// Writes one line: `2026-11-22T11:20:59.123Z info event=plan_applied cycle=812 reason="…"`.
void event(Level level, std::string_view name, std::initializer_list<Field> fields);

inline void debug(std::string_view name, std::initializer_list<Field> fields) { event(Level::debug, name, fields); }
inline void info(std::string_view name, std::initializer_list<Field> fields) { event(Level::info, name, fields); }
inline void warn(std::string_view name, std::initializer_list<Field> fields) { event(Level::warn, name, fields); }
inline void error(std::string_view name, std::initializer_list<Field> fields) { event(Level::error, name, fields); }

}  // namespace ordinal::app::log
