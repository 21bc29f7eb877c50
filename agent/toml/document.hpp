// TOML text to values. The one place that includes toml++, which is to be used through this header alone: its assertions are exceptions
// here, in every build and in every file alike. It must not know what any key means.
#pragma once

#include <cstdint>
#include <expected>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ordinal::toml_text {

/// The parser of toml++ 3.4 asserts on some malformed texts, `[[[a]]]` for one, which would abort a debug build and be undefined in a
/// release build. This is thrown instead, and never leaves parse().
struct AssertionFailed : std::logic_error {
  using std::logic_error::logic_error;
};

[[noreturn]] void fail_assertion(const char* expression);

}  // namespace ordinal::toml_text

// With NDEBUG toml++ drops its own assertions, or takes them for granted.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : ::ordinal::toml_text::fail_assertion(#expression))
#include <toml++/toml.hpp>
#pragma pop_macro("NDEBUG")

namespace ordinal::toml_text {

/// What is wrong with a text as TOML, and where.
struct Problem {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string what;  ///< may quote the text, which is untrusted
};

/// The document in `text`, or the first thing that is wrong with it; never anything else, whatever the text.
[[nodiscard]] std::expected<toml::table, Problem> parse(std::string_view text);

}  // namespace ordinal::toml_text
