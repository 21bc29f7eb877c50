// The configuration for people, made from the field table.
#include <algorithm>
#include <format>

#include "base/text.hpp"
#include "config/config.hpp"
#include "config/fields.hpp"

namespace ordinal::config {

namespace {

constexpr std::size_t comment_columns = 120;

/// `text` as comment lines.
std::string comment(std::string_view text) {
  std::string out;
  std::string line = "#";
  for (const auto word : split(text, ' ')) {
    if (line.size() + 1 + word.size() > comment_columns) {
      out += line + '\n';
      line = "#";
    }
    line += std::format(" {}", word);
  }
  return out + line + '\n';
}

/// `text` inside a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

}  // namespace

std::string effective(const Config& config) {
  std::size_t width = 0;
  for (const auto& field : fields()) width = std::max(width, field.name().size() + value_text(field, config).size());
  std::string out;
  std::string_view section;
  for (const auto& field : fields()) {
    if (field.section() != section) out += std::format("{}[{}]\n", out.empty() ? "" : "\n", section = field.section());
    const auto origin = config.origins.find(field.path);
    const auto line = std::format("{} = {}", field.name(), value_text(field, config));
    out += std::format("{:<{}}  # {}\n", line, width + 3, origin == config.origins.end() ? "default" : origin->second);
  }
  return out;
}

std::string example_toml() {
  std::string out = comment("Every key of Ordinal's configuration, with its default. This file is generated: see agent/config/fields.cpp.");
  out += comment("A key is also the environment variable ORDINAL_SECTION__KEY, which wins: ORDINAL_MYSQL__PORT=3306.");
  out += comment("`ordinal check-config` says what is in effect, and where it came from.");
  const Config defaults;
  std::string_view section;
  for (const auto& field : fields()) {
    if (field.section() != section) out += std::format("\n[{}]\n", section = field.section());
    out += comment(field.doc);
    out += comment(std::format("Allowed: {}.", allowed_text(field)));
    out += std::format("#{} = {}\n", field.name(), value_text(field, defaults));
  }
  return out;
}

std::string markdown_table() {
  std::string out = "| Key | Default | Allowed | Meaning |\n|---|---|---|---|\n";
  const Config defaults;
  for (const auto& field : fields()) {
    out += std::format("| `{}` | `{}` | {} | {} |\n", field.path, value_text(field, defaults), cell(allowed_text(field)), cell(field.doc));
  }
  return out;
}

}  // namespace ordinal::config
