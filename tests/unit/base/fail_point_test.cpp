// Fail points: that they kill where they were asked to, and that no other name can be armed.
#include "base/fail_point.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

namespace ordinal {

TEST_CASE("fail point: every point has a name of its own") {
  const std::set<std::string_view> unique(fail_points().begin(), fail_points().end());
  CHECK(unique.size() == fail_points().size());
  CHECK(to_string(FailPoint::file_written) == "file_written");
  CHECK(to_string(FailPoint::incoming_renamed) == "incoming_renamed");
  CHECK(to_string(FailPoint::adopting_renamed) == "adopting_renamed");
}

#ifdef ORDINAL_FAIL_POINTS

namespace {

/// How many times a child process passes `point` alive when `armed` is armed, of three times; 3 when it is not killed.
int passings_alive(std::string_view armed, FailPoint point) {
  int counter[2];
  REQUIRE(::pipe(counter) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (!arm_fail_point(armed)) ::_exit(1);
    for (int passing = 0; passing < 3; ++passing) {
      fail_point(point);
      if (::write(counter[1], ".", 1) != 1) ::_exit(1);
    }
    ::_exit(0);
  }
  ::close(counter[1]);
  char dots[4];
  int alive = 0;
  while (::read(counter[0], dots, 1) == 1) ++alive;
  ::close(counter[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) == (alive < 3));
  return alive;
}

}  // namespace

TEST_CASE("fail point: it kills at the passing that was asked for, and nowhere else") {
  CHECK(passings_alive("incoming_renamed", FailPoint::incoming_renamed) == 0);
  CHECK(passings_alive("incoming_renamed:1", FailPoint::incoming_renamed) == 0);
  CHECK(passings_alive("incoming_renamed:3", FailPoint::incoming_renamed) == 2);
  CHECK(passings_alive("incoming_renamed:4", FailPoint::incoming_renamed) == 3);
  CHECK(passings_alive("incoming_renamed", FailPoint::data_discarded) == 3);
}

TEST_CASE("fail point: a name that does not exist is refused") {
  for (const auto* text : {"", "nowhere", "incoming_renamed:", "incoming_renamed:0", "incoming_renamed:x", "incoming_renamed "}) {
    CAPTURE(text);
    const auto armed = arm_fail_point(text);
    REQUIRE_FALSE(armed.has_value());
    CHECK(armed.error().kind == Kind::bad_config);
  }
}

#else

TEST_CASE("fail point: a build without them refuses to arm one") {
  CHECK(arm_fail_point("incoming_renamed").error().kind == Kind::bad_config);
}

#endif

}  // namespace ordinal
