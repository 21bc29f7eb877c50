// Trees: what goes with one, and what must not.
#include "volume/tree.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <stop_token>
#include <string>

#include "support/directory.hpp"

namespace ordinal::volume {

namespace fs = std::filesystem;

TEST_CASE("tree: removing a tree leaves what its links point to") {
  const test::Directory directory;
  directory.write("kept/file", "kept");
  directory.write("tree/deep/file", "gone");
  fs::create_directory_symlink(directory.path() / "kept", directory.path() / "tree" / "link");
  fs::create_directory_symlink(directory.path() / "kept", directory.path() / "tree" / "deep" / "link");
  CHECK(remove_tree(directory.path() / "tree").has_value());
  CHECK_FALSE(fs::exists(directory.path() / "tree"));
  CHECK(directory.read("kept/file") == "kept");
}

TEST_CASE("tree: a link in a tree's place goes, and what it points to stays") {
  const test::Directory directory;
  directory.write("kept/file", "kept");
  fs::create_directory_symlink(directory.path() / "kept", directory.path() / "incoming");
  CHECK(remove_tree(directory.path() / "incoming").has_value());
  CHECK_FALSE(fs::exists(fs::symlink_status(directory.path() / "incoming")));
  CHECK(directory.read("kept/file") == "kept");
}

TEST_CASE("tree: removing nothing is fine, a plain file goes too") {
  const test::Directory directory;
  CHECK(remove_tree(directory.path() / "absent").has_value());
  directory.write("file", "");
  CHECK(remove_tree(directory.path() / "file").has_value());
  CHECK_FALSE(fs::exists(directory.path() / "file"));
}

TEST_CASE("tree: what is thrown away keeps its content, and two of a name do not meet") {
  const test::Directory directory;
  const auto trash = directory.path() / "trash";
  for (const auto* content : {"first", "second"}) {
    directory.write("incoming/deep/file", content);
    CHECK(throw_away(directory.path() / "incoming", trash).has_value());
    CHECK_FALSE(fs::exists(directory.path() / "incoming"));
  }
  CHECK(throw_away(directory.path() / "incoming", trash).has_value());
  std::set<std::string> contents;
  const auto names = *entry_names(trash);
  for (const auto& name : names) contents.insert(directory.read(trash / name / "deep/file"));
  CHECK(contents == std::set<std::string>{"first", "second"});
}

TEST_CASE("tree: a large file goes, but not the content of one that has another name elsewhere") {
  const test::Directory directory;
  constexpr std::uintmax_t size = 1'000'000'000;  // a hole: it occupies nothing
  directory.write("tree/large", "");
  fs::resize_file(directory.path() / "tree/large", size);
  directory.write("tree/linked", "");
  fs::resize_file(directory.path() / "tree/linked", size);
  fs::create_hard_link(directory.path() / "tree/linked", directory.path() / "backup");
  CHECK(remove_tree(directory.path() / "tree").has_value());
  CHECK_FALSE(fs::exists(directory.path() / "tree"));
  CHECK(fs::file_size(directory.path() / "backup") == size);
}

TEST_CASE("tree: removing stops at the next piece when it is told to, and the rest goes another time") {
  const test::Directory directory;
  directory.write("tree/large", "");
  fs::resize_file(directory.path() / "tree/large", 1'000'000'000);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = remove_tree(directory.path() / "tree", stop.get_token());
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().kind == Kind::cancelled);
  CHECK(fs::file_size(directory.path() / "tree/large") < 1'000'000'000);
  CHECK(fs::file_size(directory.path() / "tree/large") > 500'000'000);
  CHECK(remove_tree(directory.path() / "tree").has_value());
  CHECK_FALSE(fs::exists(directory.path() / "tree"));
}

TEST_CASE("tree: a dangling link exists, a name below a file does not") {
  const test::Directory directory;
  fs::create_symlink("nowhere", directory.path() / "link");
  directory.write("file", "");
  CHECK(*entry_exists(directory.path() / "link"));
  CHECK_FALSE(*entry_exists(directory.path() / "file" / "below"));
  CHECK_FALSE(*entry_exists(directory.path() / "absent"));
}

TEST_CASE("tree: allocated bytes are those of the blocks, not of the length, and links are not followed") {
  const test::Directory directory;
  CHECK(*allocated_bytes(directory.path() / "absent") == 0);
  directory.write("outside", std::string(1 << 20, 'x'));
  directory.write("tree/sub/file", std::string(100'000, 'x'));
  fs::create_symlink(directory.path() / "outside", directory.path() / "tree" / "link");
  directory.write("tree/sparse", "");
  fs::resize_file(directory.path() / "tree" / "sparse", 1 << 30);
  const auto bytes = *allocated_bytes(directory.path() / "tree");
  CHECK(bytes >= 100'000);
  CHECK(bytes < 300'000);
}

}  // namespace ordinal::volume
