// Text: every function on its borders.
#include "base/text.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace ordinal {

using std::chrono::milliseconds;
using Parts = std::vector<std::string_view>;

TEST_CASE("text: trim takes ASCII white space from both ends only") {
  CHECK(trim(" \t\n\v\f\ra b\r\n") == "a b");
  CHECK(trim("a") == "a");
  CHECK(trim(" \n") == "");
  CHECK(trim("") == "");
  CHECK(trim("\u00a0a") == "\u00a0a");
}

TEST_CASE("text: split keeps empty parts, and join is its inverse") {
  CHECK(split("", ',') == Parts{""});
  CHECK(split("a", ',') == Parts{"a"});
  CHECK(split(",a,,b,", ',') == Parts{"", "a", "", "b", ""});
  CHECK(join({"", "a", "", "b", ""}, ",") == ",a,,b,");
  CHECK(join({}, ", ") == "");
  CHECK(join({"a", "b"}, ", ") == "a, b");
}

TEST_CASE("text: parse_unsigned takes digits that fit, and nothing else") {
  CHECK(parse_unsigned("0") == 0);
  CHECK(parse_unsigned("007") == 7);
  CHECK(parse_unsigned("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const auto* refused : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "0x1", "1.0", "a"}) {
    CAPTURE(refused);
    CHECK_FALSE(parse_unsigned(refused).has_value());
  }
}

TEST_CASE("text: quote keeps harmless text as it is") {
  CHECK(quote("") == R"("")");
  CHECK(quote("Tür № 7 😀") == "\"Tür № 7 😀\"");
}

TEST_CASE("text: quote lets nothing out of its quotes or onto another line") {
  CHECK(quote(R"(a"b\c)") == R"("a\"b\\c")");
  CHECK(quote("a\nb\rc\td") == R"("a\nb\rc\td")");
  CHECK(quote(std::string_view("\0\x1b[31m\x7f", 7)) == R"("\x00\x1b[31m\x7f")");
  CHECK(quote("\u0085\u009b") == R"("\xc2\x85\xc2\x9b")");
  CHECK(quote("\u2028\u2029") == R"("\xe2\x80\xa8\xe2\x80\xa9")");
}

TEST_CASE("text: quote escapes each byte that is not UTF-8") {
  CHECK(quote("\xff") == R"("\xff")");
  CHECK(quote("\x80") == R"("\x80")");                          // a continuation byte alone
  CHECK(quote("\xc3") == R"("\xc3")");                          // cut off at the end
  CHECK(quote("\xc3(") == R"("\xc3(")");                        // no continuation
  CHECK(quote("\xc0\xaf") == R"("\xc0\xaf")");                  // overlong, two bytes
  CHECK(quote("\xe0\x9f\xbf") == R"("\xe0\x9f\xbf")");          // overlong, three bytes
  CHECK(quote("\xf0\x8f\xbf\xbf") == R"("\xf0\x8f\xbf\xbf")");  // overlong, four bytes
  CHECK(quote("\xed\xa0\x80") == R"("\xed\xa0\x80")");          // a surrogate
  CHECK(quote("\xf4\x90\x80\x80") == R"("\xf4\x90\x80\x80")");  // beyond U+10FFFF
  CHECK(quote("\xf4\x8f\xbf\xbf") == "\"\xf4\x8f\xbf\xbf\"");   // U+10FFFF itself
}

TEST_CASE("text: quote cuts after the limit, between characters, and says so") {
  CHECK(quote("abcd", 4) == "\"abcd\"");
  CHECK(quote("abcde", 4) == "\"abcd…\"");
  CHECK(quote("abcü", 4) == "\"abc…\"");
  CHECK(quote("\n\n", 1) == "\"\\n…\"");
  CHECK(quote("a", 0) == "\"…\"");
  CHECK(quote(std::string(1025, 'x')) == "\"" + std::string(1024, 'x') + "…\"");
}

TEST_CASE("text: is_utf8 takes what RFC 3629 takes") {
  for (const auto* valid : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) CHECK(is_utf8(valid));
  for (const auto* invalid : {"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) CHECK_FALSE(is_utf8(invalid));
}

TEST_CASE("text: format_bytes has one decimal and the unit that fits") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(12) == "12 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1.0 KiB");
  CHECK(format_bytes(1536) == "1.5 KiB");
  CHECK(format_bytes(958398464) == "914.0 MiB");
  CHECK(format_bytes(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(format_bytes(std::uint64_t{5} << 40) == "5.0 TiB");
  CHECK(format_bytes(std::numeric_limits<std::uint64_t>::max()) == "16.0 EiB");
}

TEST_CASE("text: format_duration shows the two largest units that say something") {
  CHECK(format_duration(milliseconds(0)) == "0ms");
  CHECK(format_duration(milliseconds(350)) == "350ms");
  CHECK(format_duration(milliseconds(999)) == "999ms");
  CHECK(format_duration(milliseconds(1000)) == "1s");
  CHECK(format_duration(milliseconds(4250)) == "4.2s");
  CHECK(format_duration(milliseconds(59'999)) == "59.9s");
  CHECK(format_duration(milliseconds(60'999)) == "1m");
  CHECK(format_duration(milliseconds(200'999)) == "3m20s");
  CHECK(format_duration(milliseconds(3'600'000 + 30'000)) == "1h30s");
  CHECK(format_duration(milliseconds(2 * 3'600'000 + 5 * 60'000 + 59'000)) == "2h5m");
  CHECK(format_duration(milliseconds(49 * 3'600'000)) == "2d1h");
  CHECK(format_duration(milliseconds(-15)) == "-15ms");
  CHECK(format_duration(milliseconds::min()) == "-106751991167d7h");
}

TEST_CASE("text: parse_duration takes numbers with descending units") {
  CHECK(parse_duration("0") == milliseconds(0));
  CHECK(parse_duration("0s") == milliseconds(0));
  CHECK(parse_duration("10s") == milliseconds(10'000));
  CHECK(parse_duration("250ms") == milliseconds(250));
  CHECK(parse_duration("1m30s") == milliseconds(90'000));
  CHECK(parse_duration("2h") == milliseconds(7'200'000));
  CHECK(parse_duration("1d2h3m4s5ms") == milliseconds(93'784'005));
  CHECK(parse_duration("9223372036854775807ms") == milliseconds::max());
}

TEST_CASE("text: parse_duration refuses what it cannot mean exactly") {
  for (const auto* refused : {"",
                              "s",
                              "10",
                              "00",
                              "-1s",
                              "+1s",
                              "1.5s",
                              "1 s",
                              " 1s",
                              "1s ",
                              "30s1m",
                              "1s1s",
                              "1S",
                              "1w",
                              "1m30",
                              "9223372036854775808ms",
                              "106751991168d",
                              "9223372036854775807ms1ms",
                              "9223372036854775s808ms",
                              "99999999999999999999s"}) {
    CAPTURE(refused);
    CHECK_FALSE(parse_duration(refused).has_value());
  }
}

TEST_CASE("text: parse_size takes binary and decimal units") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("123") == 123);
  CHECK(parse_size("12 B") == 12);
  CHECK(parse_size("2KiB") == 2048);
  CHECK(parse_size("2kB") == 2000);
  CHECK(parse_size("512 MiB") == 512 * 1024 * 1024);
  CHECK(parse_size("10MB") == 10'000'000);
  CHECK(parse_size("1GiB") == std::uint64_t{1} << 30);
  CHECK(parse_size("15EiB") == std::uint64_t{15} << 60);
  CHECK(parse_size("18EB") == 18'000'000'000'000'000'000U);
  CHECK(parse_size("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("text: parse_size refuses what is malformed or does not fit") {
  for (const auto* refused : {"", "B", "GiB", "-1", "1.5GiB", "1 ", "1  GiB", " 1GiB", "1GiB ", "1gib", "10M", "1GiBB", "16EiB", "19EB",
                              "18446744073709551616"}) {
    CAPTURE(refused);
    CHECK_FALSE(parse_size(refused).has_value());
  }
}

TEST_CASE("text: times are RFC 3339 in UTC with whole seconds, there and back") {
  using namespace std::chrono;
  const sys_seconds instant = sys_days(2026y / November / 22) + 11h + 20min + 59s;
  CHECK(format_time(instant) == "2026-11-22T11:20:59Z");
  CHECK(parse_time("2026-11-22T11:20:59Z") == instant);
  CHECK(format_time(sys_seconds{}) == "1970-01-01T00:00:00Z");
  CHECK(parse_time("2024-02-29T23:59:59Z") == sys_days(2024y / February / 29) + 23h + 59min + 59s);
}

TEST_CASE("text: parse_time refuses every other form and what no calendar or clock has") {
  for (const auto* refused : {"",
                              "2026-11-22",
                              "2026-11-22T11:20:59",
                              "2026-11-22 11:20:59Z",
                              "2026-11-22t11:20:59z",
                              "2026-11-22T11:20:59.0Z",
                              "2026-11-22T11:20:59+00:00",
                              "26-011-22T11:20:59Z",
                              "2026-1-022T11:20:59Z",
                              "2026-13-01T00:00:00Z",
                              "2026-00-01T00:00:00Z",
                              "2026-02-29T00:00:00Z",
                              "2026-04-31T00:00:00Z",
                              "2026-01-00T00:00:00Z",
                              "2026-01-01T24:00:00Z",
                              "2026-01-01T00:60:00Z",
                              "2026-01-01T00:00:60Z",
                              "2026-01-01T00:00:-1Z",
                              "2026-01-01T00:00: 1Z",
                              "+026-01-01T00:00:00Z",
                              "2026-11-22T11:20:59ZZ"}) {
    CAPTURE(refused);
    CHECK_FALSE(parse_time(refused).has_value());
  }
}

TEST_CASE("text: valid_utf8 replaces what is not UTF-8 and cuts between code points") {
  CHECK(valid_utf8("caf\xc3\xa9", 100) == "caf\xc3\xa9");
  CHECK(valid_utf8("caf\xe9!", 100) == "caf\xef\xbf\xbd!");
  CHECK(valid_utf8("\xed\xa0\x80", 100) == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(valid_utf8("caf\xc3\xa9", 4) == "caf");
  CHECK(valid_utf8("\xff", 2).empty());
}

TEST_CASE("text: crc32c is Castagnoli's") {
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c("") == 0);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);    // RFC 3720, appendix B.4
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43);  // the same
}

}  // namespace ordinal
