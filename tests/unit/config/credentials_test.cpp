// Credentials: what is a password, and that a wrong one is never repeated.
#include "config/credentials.hpp"

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/directory.hpp"

namespace ordinal::config {

namespace {

void write_required(const test::Directory& directory) {
  for (const auto* name : {"root", "agent", "replication", "clone"}) directory.write(name, std::string(name) + "-password\n");
}

/// The error after `file` was given `content`; a test in which there is none fails.
Error error_with(std::string_view file, std::string_view content) {
  const test::Directory directory;
  write_required(directory);
  directory.write(file, content);
  const auto credentials = read_credentials(directory.path());
  REQUIRE_FALSE(credentials.has_value());
  CHECK(credentials.error().where == "read " + (directory.path() / file).string());
  return credentials.error();
}

}  // namespace

TEST_CASE("credentials: each password is its file without one newline at the end") {
  const test::Directory directory;
  write_required(directory);
  directory.write("root", "  spaces and 'quotes' \"too\" \\ \xf0\x9f\x98\x80 ");
  const auto credentials = read_credentials(directory.path());
  REQUIRE(credentials.has_value());
  CHECK(credentials->root.reveal() == "  spaces and 'quotes' \"too\" \\ \xf0\x9f\x98\x80 ");
  CHECK(credentials->agent.reveal() == "agent-password");
  CHECK(credentials->replication.reveal() == "replication-password");
  CHECK(credentials->clone.reveal() == "clone-password");
  CHECK_FALSE(credentials->application.has_value());
}

TEST_CASE("credentials: a Secret's files are links into a directory that kubelet swaps") {
  const test::Directory directory;
  for (const auto* name : {"root", "agent", "replication", "clone"}) {
    directory.write(std::filesystem::path("..2026") / name, name);
    std::filesystem::create_symlink(std::filesystem::path("..2026") / name, directory.path() / name);
  }
  CHECK(read_credentials(directory.path()).has_value());
}

TEST_CASE("credentials: a missing file is named, with what to do") {
  for (const auto* name : {"root", "agent", "replication", "clone"}) {
    const test::Directory directory;
    write_required(directory);
    std::filesystem::remove(directory.path() / name);
    const auto credentials = read_credentials(directory.path());
    REQUIRE_FALSE(credentials.has_value());
    CHECK(credentials.error().kind == Kind::bad_config);
    CHECK(credentials.error().to_string() ==
          "read " + (directory.path() / name).string() + ": there is no such file: put the password there");
  }
}

TEST_CASE("credentials: what no statement of MySQL can carry is refused, and never repeated") {
  const std::string long_text(257, 'x');
  const std::vector<std::array<std::string_view, 3>> rows{
      {"agent", "", "it is empty"},
      {"agent", "\n", "it is empty"},
      {"agent", "hunter\n2", "it has a line break in it besides a last newline"},
      {"agent", "hunter2\n\n", "it has a line break in it besides a last newline"},
      {"agent", "hunter2\r\n", "it has a line break in it besides a last newline"},
      {"agent", std::string_view("hunter\0002", 8), "it has a NUL in it, which no statement can carry"},
      {"agent", "hunter2\xff", "it is not valid UTF-8"},
      {"agent", long_text, "it is longer than 256 bytes"},
      {"replication", std::string_view(long_text).substr(0, 33), "it is longer than 32 bytes"},
      {"replication", "hunter2\xf0\x9f\x98\x80",
       "it has a character of four bytes in it, such as an emoji, which MySQL's START REPLICA and CLONE garble"},
      {"clone", "hunter2\xf0\x9f\x98\x80",
       "it has a character of four bytes in it, such as an emoji, which MySQL's START REPLICA and CLONE garble"}};
  for (const auto& [file, content, expected] : rows) {
    const auto error = error_with(file, content);
    CHECK(error.kind == Kind::bad_config);
    CHECK(error.detail == expected);
    CHECK_FALSE(error.to_string().contains("hunter"));
  }
}

TEST_CASE("credentials: the longest passwords are read whole") {
  const test::Directory directory;
  write_required(directory);
  directory.write("replication", std::string(32, 'r') + "\n");
  directory.write("clone", std::string(256, 'c') + "\n");
  const auto credentials = read_credentials(directory.path());
  REQUIRE(credentials.has_value());
  CHECK(credentials->replication.reveal().size() == 32);
  CHECK(credentials->clone.reveal().size() == 256);
}

TEST_CASE("credentials: the application's account is a user and a password, and a database if there is one") {
  const test::Directory directory;
  write_required(directory);
  directory.write("application_user", "shop\n");
  CHECK(read_credentials(directory.path()).error().detail.contains("belong together"));
  directory.write("application_password", "secret\n");
  auto credentials = read_credentials(directory.path());
  REQUIRE(credentials.has_value());
  REQUIRE(credentials->application.has_value());
  CHECK(credentials->application->user == "shop");
  CHECK(credentials->application->password.reveal() == "secret");
  CHECK(credentials->application->database.empty());
  directory.write("application_database", "orders\n");
  CHECK(read_credentials(directory.path())->application->database == "orders");
}

TEST_CASE("credentials: an unreadable file is no wrong password") {
  const test::Directory directory;
  write_required(directory);
  std::filesystem::remove(directory.path() / "agent");
  std::filesystem::create_directory(directory.path() / "agent");
  const auto credentials = read_credentials(directory.path());
  REQUIRE_FALSE(credentials.has_value());
  CHECK(credentials.error().kind == Kind::unexpected);
}

}  // namespace ordinal::config
