// The log's lines. spdlog gives time, level and the write; the shape of a line is ours.
#include "app/log.hpp"

// The names that log.level has; spdlog's own one for the third is "warning".
#define SPDLOG_LEVEL_NAMES {"trace", "debug", "info", "warn", "error", "critical", "off"}
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <format>
#include <memory>

#include "base/text.hpp"

namespace ordinal::app::log {
namespace {

bool as_json = false;

constexpr std::size_t text_bytes_max = 16 * 1024;

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("ordinal", std::make_shared<spdlog::sinks::stderr_sink_st>());
    made.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return instance;
}

/// Words stand as they are; all else is quoted.
std::string text_value(const std::string& value) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.' || c == ':' ||
           c == '/';
  };
  return !value.empty() && std::ranges::all_of(value, plain) ? value : quote(value);
}

std::string text_line(std::string_view name, std::initializer_list<Field> fields) {
  auto line = std::format("event={}", name);
  for (const auto& field : fields) {
    line += std::format(" {}=", field.key);
    if (const auto* text = std::get_if<std::string>(&field.value)) line += text_value(*text);
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) line += std::to_string(*number);
    if (const auto* number = std::get_if<double>(&field.value)) line += std::format("{:.3f}", *number);
    if (const auto* flag = std::get_if<bool>(&field.value)) line += *flag ? "true" : "false";
  }
  return line;
}

/// The members of a JSON object without its opening brace: time and level come from the pattern.
std::string json_line(std::string_view name, std::initializer_list<Field> fields) {
  boost::json::object object{{"event", name}};
  for (const auto& field : fields) {
    if (const auto* text = std::get_if<std::string>(&field.value)) {
      object[field.key] = valid_utf8(*text, text_bytes_max);
    } else {
      std::visit([&](const auto& value) { object[field.key] = value; }, field.value);
    }
  }
  return boost::json::serialize(object).substr(1);
}

}  // namespace

void configure(config::LogLevel level, config::LogFormat format) {
  as_json = format == config::LogFormat::json;
  if (as_json) logger().set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)", spdlog::pattern_time_type::utc);
  switch (level) {
    case config::LogLevel::error: logger().set_level(spdlog::level::err); break;
    case config::LogLevel::warn: logger().set_level(spdlog::level::warn); break;
    case config::LogLevel::info: logger().set_level(spdlog::level::info); break;
    case config::LogLevel::debug: logger().set_level(spdlog::level::debug); break;
  }
}

void event(Level level, std::string_view name, std::initializer_list<Field> fields) {
  const auto wanted = spdlog_level(level);
  if (!logger().should_log(wanted)) return;
  logger().log(wanted, "{}", as_json ? json_line(name, fields) : text_line(name, fields));
}

}  // namespace ordinal::app::log
