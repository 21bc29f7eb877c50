// Texts that are TOML, almost TOML, and nothing like it: each is a document or a problem. A failure prints the RC_PARAMS that repeat it.
#include "toml/document.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ordinal::toml_text {

namespace {

/// Texts on which the parser of toml++ 3.4 asserts, and some on which parsers like to break.
constexpr std::array<std::string_view, 16> bad{"[[[a]]]",   "[[[",     "[[",         "[",
                                               "[a",        "[[a]",    "[ [ [a]]]",  "a",
                                               "a =",       "a = [[[", "a = {b = {", "a = 1979-05-27T07:32:00+",
                                               "a = \"\\u", "a = '''", "\xff\xfe",   std::string_view("\0", 1)};

/// All that the grammar knows: what a random text is put together from.
constexpr std::array<std::string_view, 40> tokens{
    "[",           "]",      "[[",  "]]",   "{",     "}",          "=",          ".",  ",",        "\"",
    "'",           "\"\"\"", "'''", "#",    "\n",    "\r\n",       " ",          "\t", "\\",       "\\u0",
    "\\U0010FFFF", "a",      "b-c", "_",    "0",     "-1",         "+",          "1e", "0x",       "0b2",
    "1_0",         "inf",    "nan", "true", "falsE", "1979-05-27", "07:32:00.5", "Z",  "\xc3\xa4", "\xf0\x9f\x98\x80"};

constexpr std::string_view document =
    "schema = 1\n[cluster]\nnamespace = \"shop\"\n[[list]]\nnumbers = [1, 2.5, 0x1f]\n[list.inner]\ninline = {a = 'b', c.d = true}\n"
    "[times]\nat = 1979-05-27T07:32:00Z\ntext = \"\"\"\nlong \\u00e4\n\"\"\"\n";

/// One run of a property reads so many texts, so that the 100 runs come to thousands.
constexpr int texts_per_run = 60;

/// Parsing is the test: it returns, and what is wrong has a place in the text.
void check_text(const std::string& text) {
  const auto parsed = parse(text);
  if (parsed) return;
  RC_ASSERT(!parsed.error().what.empty());
  RC_ASSERT(parsed.error().line >= 1U);
  RC_ASSERT(parsed.error().line <= 1U + static_cast<std::uint32_t>(std::ranges::count(text, '\n')));
}

/// The document with some of its bytes replaced, removed, or followed by a token.
std::string mutated() {
  std::string text(document);
  const auto changes = *rc::gen::inRange(1, 6);
  for (int change = 0; change < changes && !text.empty(); ++change) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0: text[at] = *rc::gen::arbitrary<char>(); break;
      case 1: text.erase(at, *rc::gen::inRange<std::size_t>(1, 8)); break;
      case 2: text.insert(at, *rc::gen::elementOf(tokens)); break;
      default: text.resize(at); break;
    }
  }
  return text;
}

std::string put_together() {
  std::string text;
  for (const auto token : *rc::gen::container<std::vector<std::string_view>>(rc::gen::elementOf(tokens))) text += token;
  return text;
}

}  // namespace

TEST_CASE("toml: a document gives its values") {
  const auto parsed = parse(document);
  REQUIRE(parsed.has_value());
  CHECK(parsed->at_path("cluster.namespace").value<std::string>() == "shop");
  CHECK(parsed->at_path("list[0].inner.inline.c.d").value<bool>() == true);
}

TEST_CASE("toml: a mistake is told with its line and column") {
  const auto parsed = parse("a = 1\nb = = 2\n");
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().line == 2);
  CHECK(parsed.error().column == 5);
}

TEST_CASE("toml: a text on which the library asserts is a mistake in the line that makes it do so") {
  for (const std::string before : {"", "a = 1\n", "a = 1\n\n[b]\n"}) {
    const auto parsed = parse(before + "[[[a]]]\n[c]\n");
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().line == 1 + std::ranges::count(before, '\n'));
    CHECK(parsed.error().what == "this is not TOML");
  }
}

TEST_CASE("toml: texts that have broken parsers are mistakes") {
  for (const auto text : bad) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse(text).has_value());
    CHECK_FALSE(parse(std::string(document) + std::string(text)).has_value());
  }
}

TEST_CASE("toml: characters of every block are read in a string, in a comment, and where none may stand") {
  // From U+FA26 to U+FEFE lie those that the library itself calls unreachable.
  for (std::uint32_t c = 0x80; c <= 0xffff; c += c < 0xfa00 ? 61 : 1) {
    if (c >= 0xd800 && c <= 0xdfff) continue;  // half a character
    std::string utf8;
    if (c >= 0x800) utf8 += static_cast<char>(0xe0U | c >> 12U);
    utf8 += static_cast<char>(c >= 0x800 ? 0x80U | (c >> 6U & 0x3fU) : 0xc0U | c >> 6U);
    utf8 += static_cast<char>(0x80U | (c & 0x3fU));
    check_text(utf8 + "a" + utf8 + "=" + utf8 + "1" + utf8);
    check_text("a = \"" + utf8 + "\" # " + utf8);
  }
}

TEST_CASE("toml: brackets and keys of any depth are a document or a mistake") {
  for (const auto* piece : {"[", "{a=", "a.", "[[", "a=[", "a={"}) {
    std::string text;
    for (int depth = 0; depth < 10'000; ++depth) text += piece;
    CAPTURE(piece);
    CHECK_FALSE(parse(text).has_value());
    CHECK_FALSE(parse("a = " + text).has_value());
  }
}

TEST_CASE("toml: a document cut or changed anywhere is a document or a mistake") {
  CHECK(rc::check("changed", [] {
    for (int n = 0; n < texts_per_run; ++n) check_text(mutated());
  }));
  for (std::size_t size = 0; size < document.size(); ++size) CHECK_NOTHROW([&] { check_text(std::string(document.substr(0, size))); }());
}

TEST_CASE("toml: any sequence of tokens, and any bytes, are a document or a mistake") {
  CHECK(rc::check("tokens", [] {
    for (int n = 0; n < texts_per_run; ++n) check_text(put_together());
  }));
  CHECK(rc::check("bytes", [] {
    for (int n = 0; n < texts_per_run; ++n) check_text(*rc::gen::arbitrary<std::string>());
  }));
}

}  // namespace ordinal::toml_text
