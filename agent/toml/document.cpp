// The bodies of toml++, compiled once, and the call that makes its exceptions values.
#define TOML_IMPLEMENTATION
#include "toml/document.hpp"

#include <algorithm>
#include <ranges>
#include <vector>

namespace ordinal::toml_text {
namespace {

bool asserts(std::string_view text) {
  try {
    [[maybe_unused]] const auto document = toml::parse(text);
  } catch (const AssertionFailed&) {
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
  return false;
}

/// The line at which the parser asserts, which it cannot tell itself: the last one of the shortest part of the text that makes it do so.
std::uint32_t line_of_assertion(std::string_view text) {
  std::vector<std::size_t> ends;  // of each line but the last
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) ends.push_back(end + 1);
  const auto first = std::ranges::partition_point(ends, [&](std::size_t end) { return !asserts(text.substr(0, end)); });
  return static_cast<std::uint32_t>(1 + (first - ends.begin()));
}

}  // namespace

void fail_assertion(const char* expression) { throw AssertionFailed(expression); }

std::expected<toml::table, Problem> parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return std::unexpected(Problem{error.source().begin.line, error.source().begin.column, std::string(error.description())});
  } catch (const AssertionFailed&) {
    return std::unexpected(Problem{line_of_assertion(text), 1, "this is not TOML"});
  }
}

}  // namespace ordinal::toml_text
