// An empty replica: whom it clones from, what it waits for, and when a copy is given up.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/builders.hpp"

namespace ordinal::test {

using Phase = init::ScratchFacts::Phase;

namespace {

/// An empty replica 2 whose first step is done; its donor, pod 1, and the primary have the same data.
InitWorld empty_replica() {
  InitWorld world(2);
  world.o.volume.identity = identity(2, VolumeState::provisioning);
  world.o.scratch.phase = Phase::initializing;
  world.o.peers = {peer(0).holds("a:1-5").open(), peer(1).holds("a:1-5")};
  return world;
}

void check_waits(const InitWorld& world, Code code, std::string_view words) {
  const auto plan = world.decide();
  CHECK(plan.state == State::waiting_for_donor);
  CHECK(to_string(plan.reason.code) == to_string(code));
  CHECK_MESSAGE(plan.reason.text.contains(words), plan.reason.text);
  CHECK(steps(plan) == "");
}

}  // namespace

TEST_CASE("init: an empty replica says so on its volume and starts the scratch server before its donor is there") {
  InitWorld world(1);
  world.o.peers = {peer(0).never_heard(), peer(2)};
  const auto plan = world.decide();
  CHECK(plan.state == State::waiting_for_donor);
  CHECK(plan.reason.code == Code::DONOR_UNAVAILABLE);
  CHECK(plan.reason.text == "waiting for db-0 as the donor: no such host");
  CHECK(steps(plan) == "write_provisioning, start_scratch");
}

TEST_CASE("init: a replica clones from the previous ordinal as soon as it is ready") {
  auto world = empty_replica();
  const auto plan = world.decide();
  CHECK(plan.state == State::cloning);
  REQUIRE(steps(plan) == "clone db-1");
  const auto& clone = std::get<init::Clone>(plan.actions.front());
  CHECK(clone.host == host(1));
  CHECK(clone.how == ProvisionedHow::clone);
  CHECK(clone.cluster_id == uuid('c'));
  CHECK(clone.expected_bytes == 1ULL << 30U);

  InitWorld fresh(2);
  fresh.o.peers = world.o.peers;
  CHECK(steps(fresh.decide()) == "write_provisioning, start_scratch, clone db-1");
}

TEST_CASE("init: a replica that lost its data clones again") {
  InitWorld world(1);
  world.o.volume.identity = identity(1, VolumeState::provisioned);
  world.o.peers = {peer(0).holds("a:1-5").open(), peer(2).holds("a:1-5")};
  CHECK(steps(world.decide()) == "start_scratch, clone db-0");
}

TEST_CASE("init: a replica waits for its own donor, however long, whoever else is ready") {
  auto world = empty_replica();
  world.o.peers = {peer(0).holds("a:1-5").open(), peer(1).never_heard()};
  world.o.now += 24h;
  check_waits(world, Code::DONOR_UNAVAILABLE, "db-1");
}

TEST_CASE("init: a fallback that is allowed is, after its time, the nearest lower replica, then a higher one, the primary last") {
  InitWorld world(3);
  world.policy.replicas = 6;
  world.policy.donor_fallback_after = 60s;
  world.o.volume.identity = identity(3, VolumeState::provisioning);
  world.o.scratch.phase = Phase::initializing;
  std::vector<std::uint32_t> ready{0, 1, 2, 4, 5};
  const auto decide = [&] {
    world.o.peers.clear();
    for (const std::uint32_t n : {0U, 1U, 2U, 4U, 5U}) {
      world.o.peers.push_back(std::ranges::contains(ready, n) ? peer(n).holds("a:1-5") : peer(n).holds("a:1-5").silent());
    }
    return steps(world.decide());
  };
  CHECK(decide() == "clone db-2");
  std::erase(ready, 2U);
  world.o.now = world.o.started_at + 60s - 1ms;
  CHECK(decide() == "");
  world.o.now += 1ms;
  for (const std::uint32_t expected : {1U, 4U, 5U, 0U}) {
    CHECK(decide() == "clone db-" + std::to_string(expected));
    std::erase(ready, expected);
  }
  CHECK(decide() == "");
}

TEST_CASE("init: a donor that is not ready is waited for, and the reason says what it lacks") {
  auto world = empty_replica();
  auto& donor = world.o.peers[1];

  donor = peer(1);
  check_waits(world, Code::DONOR_UNAVAILABLE, "waiting_for_donor");
  donor = peer(1).holds("a:1-5").not_donor().in(State::diverged, Code::ERRANT_TRANSACTIONS);
  check_waits(world, Code::DONOR_UNAVAILABLE, "diverged");
  auto without_cluster = peer(1).holds("a:1-5");
  without_cluster.status().cluster_id.reset();
  donor = without_cluster;
  check_waits(world, Code::DONOR_UNAVAILABLE, "cluster id");
  auto without_plugin = peer(1).holds("a:1-5");
  without_plugin.mysql().clone_plugin = false;
  donor = without_plugin;
  check_waits(world, Code::MYSQL_VERSION_UNSUPPORTED, "clone plugin");
}

TEST_CASE("init: a donor of another version series is waited for, another patch level is none") {
  auto world = empty_replica();
  auto donor = peer(1).holds("a:1-5");
  donor.mysql().version = "9.6.0";
  world.o.peers[1] = donor;
  check_waits(world, Code::MYSQL_VERSION_UNSUPPORTED, "9.6.0");
  donor.mysql().version = "9.7.11-2";
  world.o.peers[1] = donor;
  CHECK(steps(world.decide()) == "clone db-1");
}

TEST_CASE("init: a donor of another cluster than the volume's is not cloned from") {
  auto world = empty_replica();
  world.identity().cluster_id = uuid('d');
  check_waits(world, Code::CLUSTER_MISMATCH, uuid('d').to_string());
}

TEST_CASE("init: the room that a copy needs is the same whether the scratch server has made its own data yet or not") {
  constexpr auto mib = 1ULL << 20U;
  auto world = empty_replica();
  world.o.volume.free_bytes = (1024 + 64) * mib;
  CHECK(steps(world.decide()) == "clone db-1");
  --world.o.volume.free_bytes;
  check_waits(world, Code::NO_ROOM, "1.0 GiB of data");

  world.o.scratch.phase = Phase::none;
  world.o.volume.free_bytes = (1024 + 64 + 192) * mib;
  CHECK(steps(world.decide()) == "start_scratch, clone db-1");
  --world.o.volume.free_bytes;
  CHECK(world.decide().reason.code == Code::NO_ROOM);
}

TEST_CASE("init: a donor that serves another clone is asked again every second, which is waiting and not failing") {
  auto world = empty_replica().failed("3862 Clone Donor Error: 3634 Too many concurrent clone operations", 7, 999ms);
  world.o.scratch.donor = "db-1";
  world.o.scratch.donor_busy = true;
  check_waits(world, Code::DONOR_BUSY, "db-1 serves another clone");
  world.o.now += 1ms;
  CHECK(steps(world.decide()) == "start_scratch, clone db-1");
}

TEST_CASE("init: a MySQL without the clone plugin is refused for good, and neither begins a cluster nor copies one") {
  const auto without_plugin = [](InitWorld world) {
    world.failed("this MySQL image has no clone plugin", 1, 1h);
    world.o.scratch.no_clone_plugin = true;
    const auto plan = world.decide();
    CHECK(plan.state == State::refused);
    CHECK(plan.reason == Reason{Code::MYSQL_VERSION_UNSUPPORTED, "this MySQL image has no clone plugin"});
    CHECK(plan.actions.empty());
  };
  without_plugin(empty_replica());
  without_plugin(InitWorld(0));
}

TEST_CASE("init: after failures the next attempt waits for 1 s, doubling to 30 s, with jitter") {
  const std::vector<std::pair<std::uint32_t, Milliseconds>> rows{{1, 1s},  {2, 2s},  {3, 4s},  {4, 8s},
                                                                 {5, 16s}, {6, 30s}, {7, 30s}, {1'000'000, 30s}};
  for (const auto& [failures, nominal] : rows) {
    for (const auto& [jitter, factor] : {std::pair{0.0, 0.75}, std::pair{0.5, 1.0}, std::pair{0.999, 1.25}}) {
      CAPTURE(failures);
      CAPTURE(jitter);
      auto world = empty_replica().failed("Connect failed", failures, 0ms);
      world.o.jitter = jitter;
      const auto wait = Milliseconds(static_cast<std::int64_t>(static_cast<double>(nominal.count()) * factor));
      world.o.now = world.o.scratch.ended_at + wait - 31ms;
      check_waits(world, Code::CLONE_RETRY, "Connect failed");
      world.o.now += 31ms;
      CHECK(steps(world.decide()) == "start_scratch, clone db-1");
    }
  }
}

TEST_CASE("init: after a failure the scratch server starts again though the donor is not ready") {
  auto world = empty_replica().failed("Connect failed", 1, 5s);
  world.o.peers[1] = peer(1).never_heard();
  CHECK(steps(world.decide()) == "start_scratch");
}

TEST_CASE("init: a copy that runs is let run, whatever its donor's agent says of readiness") {
  auto world = empty_replica().copying_from(1);
  for (const PeerView& donor :
       {PeerView(peer(1).holds("a:1-5")), PeerView(peer(1).holds("a:1-5").not_donor()), PeerView(peer(1).silent())}) {
    world.o.peers[1] = donor;
    const auto plan = world.decide();
    CHECK(plan.state == State::cloning);
    CHECK(plan.reason.code == Code::CLONE_RUNNING);
    CHECK(steps(plan) == "");
  }
}

TEST_CASE("init: a copy without a new byte for clone.stall_timeout is stopped") {
  auto world = empty_replica().copying_from(1, 60s);
  CHECK(steps(world.decide()) == "");
  world.o.now += 1ms;
  CHECK(steps(world.decide()) == "stop_scratch");
  CHECK(world.decide().reason.text.contains("no byte came from db-1"));
}

TEST_CASE("init: the time that the scratch server takes to initialize itself is not that of the copy") {
  auto world = empty_replica().copying_from(1, 60s + 1ms);
  world.o.scratch.reads_statements = false;
  CHECK(steps(world.decide()) == "");
  CHECK(world.decide().reason.text.contains("as soon as the throw-away server has initialized itself"));
  world.o.now = world.o.scratch.last_progress_at + 5min;
  world.o.peers[1] = peer(1).silent();
  CHECK(steps(world.decide()) == "");
  world.o.now += 1ms;
  CHECK(steps(world.decide()) == "stop_scratch");
  CHECK(world.decide().reason.text.contains("has written nothing for 5m while it initialized"));
}

TEST_CASE("init: a server that is being ended is not ended again, and gets no task") {
  for (const auto phase : {Phase::initializing, Phase::copying}) {
    auto world = empty_replica().copying_from(1, 61s);
    world.o.scratch.phase = phase;
    world.o.scratch.stopping = "no byte came from db-1 for 1m";
    CHECK(steps(world.decide()) == "");
    CHECK(world.decide().reason.code == Code::CLONE_RETRY);
    CHECK(world.decide().reason.text.contains("no byte came from db-1 for 1m"));
  }
}

TEST_CASE("init: a copy ends when its donor's mysqld is gone") {
  for (const auto code : {Code::MYSQL_STARTING, Code::MYSQL_RECOVERING, Code::MYSQL_UNREACHABLE, Code::MYSQL_STOPPING}) {
    auto world = empty_replica().copying_from(1);
    world.o.peers[1] = peer(1).answers(VolumeAnswer::has_data).in(State::starting, code);
    CHECK(steps(world.decide()) == "stop_scratch");
    CHECK(world.decide().reason.text.contains("the mysqld of db-1 is gone"));
  }
  for (const auto state :
       {State::waiting_for_peers, State::waiting_for_donor, State::initializing, State::cloning, State::finishing, State::refused}) {
    auto world = empty_replica().copying_from(1);
    world.o.peers[1] = peer(1).answers(VolumeAnswer::never_provisioned).in(state, Code::DONOR_UNAVAILABLE);
    CHECK(steps(world.decide()) == "stop_scratch");
  }
}

TEST_CASE("init: a donor's agent that is silent, blind or leaving does not end a copy") {
  auto world = empty_replica().copying_from(1);
  for (const auto code : {Code::MYSQL_SILENT, Code::MYSQL_DENIED, Code::STOPPING, Code::DRAINING, Code::AGENT_STARTING}) {
    CAPTURE(to_string(code));
    world.o.peers[1] = peer(1).answers(VolumeAnswer::has_data).in(State::stopping, code);
    CHECK(steps(world.decide()) == "");
  }
  world.o.peers[1] = peer(1).never_heard();
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("init: what the donor said before the newest byte came does not count against it") {
  auto world = empty_replica().copying_from(1);
  world.o.peers[1] = peer(1).answers(VolumeAnswer::has_data).in(State::starting, Code::MYSQL_STARTING).at(now - 1ms);
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("init: a copy that ended well is written down as complete") {
  auto world = empty_replica().copying_from(1);
  world.o.scratch.phase = Phase::complete;
  const auto plan = world.decide();
  CHECK(plan.state == State::finishing);
  CHECK(steps(plan) == "complete");
}

TEST_CASE("init: a copy that ended well and vanished is not written down as complete") {
  auto world = empty_replica().copying_from(1);
  world.o.scratch.phase = Phase::complete;
  world.o.volume.incoming = false;
  CHECK(steps(world.decide()) == "start_scratch, clone db-1");
}

}  // namespace ordinal::test
