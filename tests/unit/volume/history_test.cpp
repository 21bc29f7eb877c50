// The history: its order, its bound, and what a kill may do to it.
#include "volume/history.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <format>
#include <string>

#include "support/directory.hpp"

namespace ordinal::volume {

TEST_CASE("history: lines come back in their order") {
  const test::Directory directory;
  const auto file = directory.path() / "history.jsonl";
  CHECK(read_history(file)->empty());
  CHECK(append_history(file, R"({"event":"provisioned"})").has_value());
  CHECK(append_history(file, R"({"event":"reattached"})").has_value());
  CHECK(*read_history(file) == std::vector<std::string>{R"({"event":"provisioned"})", R"({"event":"reattached"})"});
}

TEST_CASE("history: a line that a kill has cut is not read, and the next one does not stick to it") {
  const test::Directory directory;
  const auto file = directory.path() / "history.jsonl";
  directory.write("history.jsonl", "{\"n\":1}\n{\"n\":");
  CHECK(*read_history(file) == std::vector<std::string>{"{\"n\":1}"});
  CHECK(append_history(file, "{\"n\":3}").has_value());
  CHECK(*read_history(file) == std::vector<std::string>{"{\"n\":1}", "{\"n\":3}"});
}

TEST_CASE("history: the file never exceeds its limit and keeps the newest lines whole") {
  const test::Directory directory;
  const auto file = directory.path() / "history.jsonl";
  const std::string padding(1000, 'x');
  for (int n = 0; n < 600; ++n) {
    REQUIRE(append_history(file, std::format("{{\"n\":{:03},\"x\":\"{}\"}}", n, padding)).has_value());
    REQUIRE(std::filesystem::file_size(file) <= history_bytes_max);
  }
  const auto lines = *read_history(file);
  CHECK(lines.size() >= 100);
  CHECK(lines.back().starts_with("{\"n\":599,"));
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i].starts_with(std::format("{{\"n\":{:03},", 600 - lines.size() + i)));
}

TEST_CASE("history: an event of several lines, or one that is too long, is refused") {
  const test::Directory directory;
  const auto file = directory.path() / "history.jsonl";
  CHECK(append_history(file, "{}\n{}").error().kind == Kind::unexpected);
  CHECK(append_history(file, std::string(history_line_bytes_max + 1, 'x')).error().kind == Kind::unexpected);
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("history: a failure is a Result") {
  const test::Directory directory;
  CHECK_FALSE(append_history(directory.path() / "absent" / "history.jsonl", "{}").has_value());
  CHECK_FALSE(read_history(directory.path()).has_value());
}

}  // namespace ordinal::volume
