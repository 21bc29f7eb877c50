// A reseed: it begins only when it can end, and the data that is there stays until then.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

using Phase = init::ScratchFacts::Phase;

namespace {

InitWorld replica_to_reseed() {
  auto world = InitWorld(1).with_data();
  world.o.volume.reseed_requested = true;
  world.o.peers = {peer(0).holds("a:1-5").open(), peer(2).holds("a:1-5")};
  return world;
}

/// A closed primary with "a:1-3" whose peers went on.
InitWorld primary_to_reseed() {
  auto world = InitWorld(0).with_data();
  world.o.volume.reseed_requested = true;
  world.identity().mark = Mark{.gtid_executed = gtids("a:1-3")};
  world.o.peers = {peer(1).holds("a:1-5"), peer(2).holds("a:1-5")};
  return world;
}

/// The pod goes on with the data that it has, keeps the request, and says why.
void check_postponed(const InitWorld& world, std::string_view words) {
  const auto plan = world.decide();
  CHECK(plan.state == State::finishing);
  CHECK(plan.reason.code == Code::RESEED_POSTPONED);
  CHECK_MESSAGE(plan.reason.text.contains(words), plan.reason.text);
  CHECK(steps(plan) == "done");
}

}  // namespace

TEST_CASE("init: a reseed that no MySQL without the clone plugin can do leaves the pod on the data that it has") {
  auto world = replica_to_reseed();
  world.failed("this MySQL image has no clone plugin", 1, 0ms);
  world.o.scratch.no_clone_plugin = true;
  check_postponed(world, "no clone plugin");
}

TEST_CASE("init: a reseed begins when its donor is ready") {
  auto world = replica_to_reseed();
  const auto plan = world.decide();
  CHECK(plan.state == State::cloning);
  CHECK(steps(plan) == "start_scratch, clone db-0");
}

TEST_CASE("init: a reseed waits a little for a donor that is not ready, makes nothing meanwhile, and is then postponed") {
  auto world = replica_to_reseed();
  world.o.peers[0] = peer(0).holds("a:1-5").silent();
  world.o.now += 10s - 1ms;
  CHECK(world.decide().state == State::waiting_for_donor);
  CHECK(steps(world.decide()) == "");
  world.o.now += 1ms;
  check_postponed(world, "waiting for db-0 as the donor: connection refused");
}

TEST_CASE("init: a reseed needs room for the copy beside the data that is there") {
  auto world = replica_to_reseed();
  world.o.volume.free_bytes = 1ULL << 30U;
  world.o.now += 10s;
  check_postponed(world, "1.0 GiB free");
}

TEST_CASE("init: what a killed attempt left does not take up the room of a reseed, nor does what is still being removed") {
  auto world = replica_to_reseed();
  world.o.volume.incoming = true;
  world.o.volume.free_bytes = 1ULL << 30U;
  world.o.now += 10s;
  CHECK(steps(world.decide()) == "throw_away");
  world.o.volume.incoming = false;
  world.o.volume.sweeping = true;
  CHECK(steps(world.decide()) == "");
  CHECK(world.decide().reason.code == Code::NO_ROOM);
  CHECK(world.decide().reason.text.contains("what was thrown away is still being removed"));
  world.o.volume.sweeping = false;
  check_postponed(world, "1.0 GiB free");
}

TEST_CASE("init: a reseed that is withdrawn while it copies ends the server first, and then the pod goes on with its data") {
  auto world = replica_to_reseed().copying_from(0);
  world.o.volume.reseed_requested = false;
  CHECK(steps(world.decide()) == "stop_scratch");
  CHECK(world.decide().reason.text.contains("the reseed was withdrawn"));
  world.o.scratch.stopping = "the reseed was withdrawn";
  CHECK(steps(world.decide()) == "");
  world.o.scratch.stopping = "";
  world.failed("the reseed was withdrawn", 1, 0ms);
  CHECK(steps(world.decide()) == "done");
}

TEST_CASE("init: a reseed that is withdrawn when its copy is complete, and not written down as that, leaves the data that was there") {
  auto world = replica_to_reseed().copying_from(0);
  world.o.scratch.phase = Phase::complete;
  world.o.volume.reseed_requested = false;
  CHECK(steps(world.decide()) == "done");
}

TEST_CASE("init: a reseed that runs is watched to its end, and the copy is then written down as complete") {
  auto world = replica_to_reseed().copying_from(0);
  world.o.peers[0] = peer(0).silent();
  world.o.now += 30s;
  CHECK(world.decide().state == State::cloning);
  CHECK(steps(world.decide()) == "");
  world.o.now += 31s;
  CHECK(steps(world.decide()) == "stop_scratch");
  world.o.scratch.phase = Phase::complete;
  CHECK(steps(world.decide()) == "complete");
}

TEST_CASE("init: a reseed whose copy failed tries again while its donor is ready, and is postponed when it stays away") {
  auto world = replica_to_reseed().failed("Connect failed", 1, 0ms);
  CHECK(world.decide().reason.code == Code::CLONE_RETRY);
  world.o.now += 1s;
  CHECK(steps(world.decide()) == "start_scratch, clone db-0");
  world.o.peers[0] = peer(0).silent();
  world.o.now += 9s - 1ms;
  CHECK(steps(world.decide()) == "");
  world.o.now += 1ms;
  check_postponed(world, "connection refused");
}

TEST_CASE("init: a finished copy of before is none for a reseed that was asked for after it") {
  auto world = replica_to_reseed();
  world.o.scratch.phase = Phase::complete;
  CHECK(steps(world.decide()) == "start_scratch, clone db-0");
}

TEST_CASE("init: a primary that may have accepted writes since its mark is not reseeded") {
  auto world = primary_to_reseed();
  world.identity().mark->writable = true;
  check_postponed(world, "may have accepted writes");
  world.identity().mark.reset();
  check_postponed(world, "may have accepted writes");
}

TEST_CASE("init: a closed primary is reseeded from a peer that has all that it holds") {
  const auto plan = primary_to_reseed().decide();
  REQUIRE(steps(plan) == "start_scratch, clone db-1");
  CHECK(std::get<init::Clone>(plan.actions.back()).how == ProvisionedHow::restore);
}

TEST_CASE("init: a primary is not reseeded from peers that lack what it holds") {
  auto world = primary_to_reseed();
  world.identity().mark->gtid_executed = gtids("a:1-3,b:1");
  check_postponed(world, "db-1 lacks transactions that this volume holds");
}

TEST_CASE("init: a primary's reseed waits for every peer, and is postponed when one stays silent or nobody has data") {
  auto world = primary_to_reseed();
  world.o.peers[1] = peer(2).silent();
  CHECK(world.decide().state == State::waiting_for_peers);
  CHECK(steps(world.decide()) == "");
  world.o.now += 10s;
  check_postponed(world, "db-2");
  world.o.peers = {peer(1), peer(2)};
  check_postponed(world, "no peer has told that it has data");
}

TEST_CASE("init: a reseed request on a volume without data changes nothing: it clones anyway") {
  auto world = replica_to_reseed();
  world.o.volume.data = false;
  CHECK(steps(world.decide()) == "start_scratch, clone db-0");
}

}  // namespace ordinal::test
