// Where a probe looks for the agent of its own pod.
#include "app/probe.hpp"

#include <doctest/doctest.h>

namespace ordinal::app {

TEST_CASE("probe: the agent is looked for where it listens, and on the loopback when it listens everywhere") {
  CHECK(own_address({"0.0.0.0", 8008}) == "127.0.0.1:8008");
  CHECK(own_address({"::", 8008}) == "[::1]:8008");
  CHECK(own_address({"10.0.0.7", 9000}) == "10.0.0.7:9000");
  CHECK(own_address({"fd00::7", 8008}) == "[fd00::7]:8008");
}

}  // namespace ordinal::app
