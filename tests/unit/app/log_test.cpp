// The log's lines as they come out of standard error. Level and format hold for a whole process, so each log is that of a child.
#include "app/log.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "support/child.hpp"

namespace ordinal::app {

namespace {

using config::LogFormat;
using config::LogLevel;

constexpr auto instant = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";

/// What mysqld or another pod may have written, and what must not end a line or a quotation of ours.
const std::vector<std::string> hostile{"two\nlines",         "carriage\rreturn",       "a \"quoted\" word", "back\\slash",
                                       "\x1b[31mred\x1b[0m", "bell\a and \x7f",        "next\u0085line",    "line\u2028here",
                                       "tab\there",          std::string("nul\0l", 5), "\" level=error x=", "},{",
                                       "ünïcödé, 漢字"};

template <class Body>
std::vector<std::string> lines_of(LogLevel level, LogFormat format, Body body) {
  const auto ended = test::in_child([&] {
    log::configure(level, format);
    body();
    return 0;
  });
  REQUIRE(ended.code == 0);
  std::vector<std::string> lines;
  for (const auto line : split(ended.said, '\n')) lines.emplace_back(line);
  REQUIRE(lines.back().empty());
  lines.pop_back();
  return lines;
}

void log_at_every_level() {
  log::debug("looked", {{"cycle", 1}});
  log::info("plan_applied", {{"cycle", 2}});
  log::warn("retried", {{"cycle", 3}});
  log::error("exception", {{"cycle", 4}});
}

}  // namespace

TEST_CASE("log: a line of text has its time, level and event, and its values in the order given, quoted unless they are plain words") {
  const auto lines = lines_of(LogLevel::info, LogFormat::text, [] {
    log::info("plan_applied", {{"cycle", 812},
                               {"pod", "db-0"},
                               {"path", "/run/ordinal:1.2_3"},
                               {"reason", "two words"},
                               {"empty", ""},
                               {"lag_seconds", 0.25},
                               {"ready", true}});
  });
  REQUIRE(lines.size() == 1);
  CHECK(
      std::regex_match(lines[0], std::regex(std::string(instant) + " info event=plan_applied cycle=812 pod=db-0 path=/run/ordinal:1\\.2_3 "
                                                                   "reason=\"two words\" empty=\"\" lag_seconds=0\\.250 ready=true")));
}

TEST_CASE("log: text that others wrote stays on its line and inside its quotes") {
  auto texts = hostile;
  texts.emplace_back("latin-1: \xfc\xff");
  const auto lines = lines_of(LogLevel::info, LogFormat::text, [&] {
    for (const auto& text : texts) log::info("mysql_said", {{"text", text}, {"end", 1}});
  });
  REQUIRE(lines.size() == texts.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(texts[i]);
    CHECK(lines[i].ends_with(" info event=mysql_said text=" + quote(texts[i]) + " end=1"));
    CHECK(is_utf8(lines[i]));
    CHECK(std::ranges::none_of(lines[i], [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  }
}

TEST_CASE("log: each JSON line parses on its own, and has its time, level and event") {
  const auto lines = lines_of(LogLevel::debug, LogFormat::json, log_at_every_level);
  REQUIRE(lines.size() == 4);
  const std::vector<std::pair<std::string_view, std::string_view>> expected{
      {"debug", "looked"}, {"info", "plan_applied"}, {"warn", "retried"}, {"error", "exception"}};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(lines[i]);
    const auto line = boost::json::parse(lines[i]).as_object();
    CHECK(std::regex_match(std::string(line.at("time").as_string()), std::regex(instant)));
    CHECK(line.at("level").as_string() == expected[i].first);
    CHECK(line.at("event").as_string() == expected[i].second);
    CHECK(line.at("cycle").as_int64() == static_cast<std::int64_t>(i + 1));
  }
}

TEST_CASE("log: a JSON line gives each value back as it was, with its type") {
  const auto lines = lines_of(LogLevel::info, LogFormat::json, [] {
    for (const auto& text : hostile) log::info("mysql_said", {{"text", text}, {"lag_seconds", 0.25}, {"bytes", -3}, {"ready", false}});
  });
  REQUIRE(lines.size() == hostile.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(lines[i]);
    const auto line = boost::json::parse(lines[i]).as_object();
    CHECK(line.at("text").as_string() == hostile[i]);
    CHECK(line.at("lag_seconds").as_double() == 0.25);
    CHECK(line.at("bytes").as_int64() == -3);
    CHECK_FALSE(line.at("ready").as_bool());
  }
}

TEST_CASE("log: a JSON line is JSON whatever bytes others wrote: what is no UTF-8 is replaced, and what is too long is cut") {
  const auto lines = lines_of(LogLevel::info, LogFormat::json, [] {
    log::info("mysql_said", {{"text", "latin-1: \xfc\xff"}, {"end", 1}});
    log::info("mysql_said", {{"text", std::string(1'000'000, 'x')}, {"end", 1}});
  });
  REQUIRE(lines.size() == 2);
  for (const auto& line : lines) {
    CHECK(is_utf8(line));
    CHECK(boost::json::parse(line).at("end").as_int64() == 1);
  }
  CHECK(boost::json::parse(lines[0]).at("text").as_string() == "latin-1: \uFFFD\uFFFD");
  CHECK(lines[1].size() < 20'000);
}

TEST_CASE("log: nothing below the configured level is written") {
  const std::vector<std::pair<LogLevel, std::size_t>> rows{
      {LogLevel::debug, 4}, {LogLevel::info, 3}, {LogLevel::warn, 2}, {LogLevel::error, 1}};
  for (const auto& [level, expected] : rows) CHECK(lines_of(level, LogFormat::text, log_at_every_level).size() == expected);
}

}  // namespace ordinal::app
