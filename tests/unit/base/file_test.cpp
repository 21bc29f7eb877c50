// Files: limits, links in the way, and who closes what.
#include "base/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "support/directory.hpp"

namespace ordinal {

TEST_CASE("file: a whole file is read, up to the limit") {
  const test::Directory directory;
  const std::string content(100'000, 'x');
  directory.write("file", content);
  CHECK(*read_file(directory.path() / "file", content.size()) == content);
  CHECK(read_file(directory.path() / "file", content.size() - 1).error().kind == Kind::protocol);
  directory.write("empty", "");
  CHECK(*read_file(directory.path() / "empty", 0) == "");
}

TEST_CASE("file: no file is no error, and what cannot be read is one") {
  const test::Directory directory;
  CHECK(*read_file(directory.path() / "absent", 10) == std::nullopt);
  CHECK(read_file(directory.path(), 10).error().code == EISDIR);
}

TEST_CASE("file: a replaced file has the new content and mode, and no temporary is left") {
  const test::Directory directory;
  directory.write("file", "old and longer");
  directory.write("file.new", "left by a kill, and longer still");
  REQUIRE(replace_file(directory.path() / "file", "new", 0640).has_value());
  CHECK(directory.read("file") == "new");
  CHECK_FALSE(std::filesystem::exists(directory.path() / "file.new"));
}

TEST_CASE("file: a link is replaced, not followed, and one in the temporary's place is refused") {
  const test::Directory directory;
  directory.write("target", "untouched");
  std::filesystem::create_symlink("target", directory.path() / "file");
  CHECK(replace_file(directory.path() / "file", "new", 0640).has_value());
  CHECK(directory.read("target") == "untouched");
  std::filesystem::create_symlink("target", directory.path() / "file.new");
  CHECK(replace_file(directory.path() / "file", "newer", 0640).error().code == ELOOP);
  CHECK(directory.read("target") == "untouched");
  CHECK(directory.read("file") == "new");
}

TEST_CASE("file: a descriptor is closed with its object, once, and no child inherits it") {
  const test::Directory directory;
  int number = -1;
  {
    auto first = open_file(directory.path(), O_RDONLY);
    REQUIRE(first.has_value());
    number = first->number();
    CHECK((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    const Fd second = *std::move(first);
    CHECK(first->number() == -1);
    CHECK(second.number() == number);
  }
  CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("file: a failure names the file") {
  const auto opened = open_file("/nowhere/file", O_RDONLY);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().where == "open /nowhere/file");
  CHECK(opened.error().code == ENOENT);
  CHECK_FALSE(replace_file("/nowhere/file", "x", 0640).has_value());
}

}  // namespace ordinal
