// Errors: their names, their text, and which errno is of which kind.
#include "base/error.hpp"

#include <doctest/doctest.h>

#include <cerrno>

namespace ordinal {

TEST_CASE("error: each kind has the name that stands in logs") {
  CHECK(to_string(Kind::timeout) == "timeout");
  CHECK(to_string(Kind::cancelled) == "cancelled");
  CHECK(to_string(Kind::unreachable) == "unreachable");
  CHECK(to_string(Kind::denied) == "denied");
  CHECK(to_string(Kind::protocol) == "protocol");
  CHECK(to_string(Kind::bad_config) == "bad_config");
  CHECK(to_string(Kind::conflict) == "conflict");
  CHECK(to_string(Kind::unexpected) == "unexpected");
}

TEST_CASE("error: the text has the code only where there is one") {
  CHECK(Error{Kind::denied, "open /x", "permission denied", EACCES}.to_string() == "open /x: permission denied (13)");
  CHECK(Error{Kind::protocol, "GTID set", "a UUID was expected", 0}.to_string() == "GTID set: a UUID was expected");
}

TEST_CASE("error: fail makes a failed Result of any type") {
  const Result<int> failed = fail(Kind::conflict, "lock", "held by another", 7);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error() == Error{Kind::conflict, "lock", "held by another", 7});
}

TEST_CASE("error: errno decides the kind and gives the text") {
  const auto kind_of = [](int code) { return fail_errno("step", code).error().kind; };
  CHECK(kind_of(EACCES) == Kind::denied);
  CHECK(kind_of(EPERM) == Kind::denied);
  CHECK(kind_of(EROFS) == Kind::denied);
  CHECK(kind_of(ENOSPC) == Kind::conflict);
  CHECK(kind_of(EDQUOT) == Kind::conflict);
  CHECK(kind_of(ETIMEDOUT) == Kind::timeout);
  CHECK(kind_of(ECONNREFUSED) == Kind::unreachable);
  CHECK(kind_of(EHOSTUNREACH) == Kind::unreachable);
  CHECK(kind_of(ENOENT) == Kind::unexpected);
  CHECK(fail_errno("open /x", ENOENT).error() == Error{Kind::unexpected, "open /x", "No such file or directory", ENOENT});
}

}  // namespace ordinal
