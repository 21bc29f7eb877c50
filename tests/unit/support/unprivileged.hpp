// What a file's mode means to a test that runs as root.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>

namespace ordinal::test {

/// Acts as a user without privileges for as long as it lives; does nothing where the tests run as one.
class Unprivileged {
 public:
  Unprivileged() : was_(::geteuid()) {
    if (was_ == 0) REQUIRE(::seteuid(65534) == 0);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() {
    if (was_ == 0 && ::seteuid(0) != 0) std::abort();
  }

 private:
  uid_t was_;
};

}  // namespace ordinal::test
