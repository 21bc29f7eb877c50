// The meter: it walks a tree beside the caller.
#include "volume/meter.hpp"

#include <doctest/doctest.h>

#include <format>
#include <thread>

#include "support/directory.hpp"
#include "volume/tree.hpp"

namespace ordinal::volume {
namespace {

void wait_for_end(const Meter& meter) {
  while (meter.at_work()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("meter: it tells what a tree occupies, once a walk, and nothing of what it cannot walk") {
  const test::Directory directory;
  Meter meter;
  CHECK_FALSE(meter.take().has_value());
  directory.write("tree/sub/file", std::string(100'000, 'x'));
  directory.write("file", "");
  for (int round = 0; round < 2; ++round) {
    meter.start(directory.path() / "tree");
    wait_for_end(meter);
    CHECK(meter.take() == *allocated_bytes(directory.path() / "tree"));
    CHECK_FALSE(meter.take().has_value());
  }
  meter.start(directory.path() / "file");
  wait_for_end(meter);
  CHECK_FALSE(meter.take().has_value());
}

TEST_CASE("meter: a walk that is told to stop does not go to its end") {
  const test::Directory directory;
  for (int n = 0; n < 100; ++n) directory.write(std::format("tree/{}", n), "");
  std::stop_source stop;
  stop.request_stop();
  CHECK(allocated_bytes(directory.path() / "tree", stop.get_token()).error().kind == Kind::cancelled);
}

}  // namespace ordinal::volume
