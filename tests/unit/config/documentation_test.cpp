// What is generated from the field table is whole.
#include <doctest/doctest.h>

#include <string>

#include "base/text.hpp"
#include "config/config.hpp"
#include "config/fields.hpp"

namespace ordinal::config {

TEST_CASE("documentation: the example, uncommented, is a valid configuration with the defaults") {
  const auto example = example_toml();
  std::string text;
  for (const auto line : split(example, '\n')) {
    const bool is_key = line.starts_with('#') && !line.starts_with("# ");
    text += std::string(is_key ? line.substr(1) : line) + '\n';
  }
  const auto loaded = load(File{"example", text}, {});
  REQUIRE(loaded.has_value());
  CHECK(loaded->origins.size() == fields().size());
  for (const auto& field : fields()) {
    CAPTURE(field.path);
    CHECK(value_text(field, *loaded) == value_text(field, Config{}));
  }
}

TEST_CASE("documentation: every key has a default that it allows itself, a meaning, and a place of its own") {
  for (const auto& field : fields()) {
    CAPTURE(field.path);
    CHECK(field.doc.ends_with('.'));
    CHECK_FALSE(allowed_text(field).empty());
    Config config;
    auto text = value_text(field, config);
    if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
    CHECK_FALSE(assign(field, config, text).has_value());
    for (const auto& other : fields()) {
      Config one;
      if (&other != &field) CHECK((field.slot(one) != other.slot(one)));
    }
  }
}

TEST_CASE("documentation: the effective configuration says where each value came from, and can be loaded again") {
  const auto config = load(File{"/etc/ordinal/ordinal.toml", "[mysql]\nport = 3307\n"}, {{"ORDINAL_LOG__LEVEL", "warn"}});
  REQUIRE(config.has_value());
  const auto text = effective(*config);
  const auto line = [&](std::string_view start) {
    const auto at = text.find(start);
    REQUIRE(at != std::string::npos);
    return text.substr(at, text.find('\n', at) - at);
  };
  CHECK(line("port = 3307").ends_with("  # /etc/ordinal/ordinal.toml:2"));
  CHECK(line("level = \"warn\"").ends_with("  # environment"));
  CHECK(line("silence_limit = \"1m\"").ends_with("  # default"));
  const auto again = load(File{"effective", text}, {});
  REQUIRE(again.has_value());
  for (const auto& field : fields()) CHECK(value_text(field, *again) == value_text(field, *config));
}

TEST_CASE("documentation: the Markdown table has a row for every key and four cells in each") {
  const auto table = markdown_table();
  const auto lines = split(table, '\n');
  REQUIRE(lines.size() == fields().size() + 3);
  for (std::size_t i = 0; i < fields().size(); ++i) {
    const auto line = lines[i + 2];
    CAPTURE(line);
    CHECK(line.starts_with(std::string("| `") + std::string(fields()[i].path) + "` | "));
    CHECK(split(line, '|').size() == 6);
  }
}

}  // namespace ordinal::config
