// The sweeper: it empties its directory beside the caller, and gives up with a reason.
#include "volume/sweeper.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <format>
#include <thread>

#include "support/directory.hpp"
#include "support/unprivileged.hpp"
#include "volume/tree.hpp"

namespace ordinal::volume {

namespace fs = std::filesystem;

namespace {

void wait_for_end(const Sweeper& sweeper) {
  while (sweeper.at_work()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("sweeper: it empties its directory, again when asked again, and leaves the directory itself") {
  const test::Directory directory;
  Sweeper sweeper;
  sweeper.start(directory.path() / "absent");
  wait_for_end(sweeper);
  for (int round = 0; round < 3; ++round) {
    directory.write("trash/a/b/c", "x");
    directory.write("trash/d", "x");
    sweeper.start(directory.path() / "trash");
    wait_for_end(sweeper);
    CHECK(entry_names(directory.path() / "trash")->empty());
    CHECK(fs::exists(directory.path() / "trash"));
  }
  CHECK_FALSE(sweeper.take_error().has_value());
}

TEST_CASE("sweeper: the end of its life does not wait for the end of its work, and what is left is removed another time") {
  const test::Directory directory;
  for (int n = 0; n < 5'000; ++n) directory.write(std::format("trash/tree/{}", n), "");
  {
    Sweeper sweeper;
    sweeper.start(directory.path() / "trash");
  }
  CHECK_FALSE(entry_names(directory.path() / "trash/tree")->empty());
  Sweeper another;
  another.start(directory.path() / "trash");
  wait_for_end(another);
  CHECK(entry_names(directory.path() / "trash")->empty());
}

TEST_CASE("sweeper: what cannot be removed is told once, and not tried again") {
  const test::Directory directory;
  directory.write("trash/tree/file", "x");
  REQUIRE(::chmod((directory.path() / "trash/tree").c_str(), 0555) == 0);
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  {
    const test::Unprivileged unprivileged;
    Sweeper sweeper;
    sweeper.start(directory.path() / "trash");
    wait_for_end(sweeper);
    const auto error = sweeper.take_error();
    REQUIRE(error.has_value());
    CHECK(error->kind == Kind::denied);
    CHECK(error->to_string().contains("trash/tree/file"));
    CHECK_FALSE(sweeper.take_error().has_value());
    sweeper.start(directory.path() / "trash");
    CHECK_FALSE(sweeper.at_work());
  }
  REQUIRE(::chmod((directory.path() / "trash/tree").c_str(), 0755) == 0);
}

}  // namespace ordinal::volume
