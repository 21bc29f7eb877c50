// A first pod without data: when it may initialise, whom it restores from, and for whom it waits.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

using Phase = init::ScratchFacts::Phase;

namespace {

/// An empty first pod, its first step done, with these peers.
InitWorld first_pod(std::vector<PeerView> peers) {
  InitWorld world(0);
  world.o.volume.identity = identity(0, VolumeState::provisioning);
  world.o.scratch.phase = Phase::initializing;
  world.o.peers = std::move(peers);
  return world;
}

/// The same with a volume that had data.
InitWorld first_pod_that_lost(std::vector<PeerView> peers) {
  auto world = first_pod(std::move(peers));
  world.o.volume.identity = identity(0, VolumeState::provisioned);
  return world;
}

void check_waits(const InitWorld& world, Code code, std::string_view words) {
  const auto plan = world.decide();
  CHECK(plan.state == State::waiting_for_peers);
  CHECK(to_string(plan.reason.code) == to_string(code));
  CHECK_MESSAGE(plan.reason.text.contains(words), plan.reason.text);
  CHECK(steps(plan) == "");
}

void check_refused(const InitWorld& world, Code code, std::string_view words) {
  const auto plan = world.decide();
  CHECK(plan.state == State::refused);
  CHECK(to_string(plan.reason.code) == to_string(code));
  CHECK_MESSAGE(plan.reason.text.contains(words), plan.reason.text);
  CHECK(steps(plan) == "");
}

}  // namespace

TEST_CASE("init: a first pod initialises when every pod says that it never had data") {
  InitWorld world(0);
  const auto plan = world.decide();
  CHECK(plan.state == State::initializing);
  CHECK(steps(plan) == "write_provisioning, initialize");
}

TEST_CASE("init: before the first round of asking nothing is made, however many pods are configured") {
  for (const std::uint32_t replicas : {1U, 3U}) {
    InitWorld world(0);
    world.policy.replicas = replicas;
    world.o.peers.clear();
    world.o.peers_asked = false;
    const auto plan = world.decide();
    CHECK(plan.state == State::waiting_for_peers);
    CHECK(steps(plan) == "write_provisioning");
  }
}

TEST_CASE("init: a first pod that is alone by configuration initialises once nobody else was found") {
  InitWorld world(0);
  world.policy.replicas = 1;
  world.o.peers.clear();
  CHECK(steps(world.decide()) == "write_provisioning, initialize");
}

TEST_CASE("init: a pod beyond the configured number counts like every other") {
  auto world = first_pod({peer(1).holds("a:1-5")});
  world.policy.replicas = 1;
  CHECK(steps(world.decide()) == "clone db-1");
}

TEST_CASE("init: a configured pod that nobody has asked yet is waited for") {
  check_waits(first_pod({peer(1)}), Code::PEERS_UNKNOWN, "db-2 (not asked yet)");
}

TEST_CASE("init: one silent pod is waited for and named, whether or not the other has data") {
  check_waits(first_pod({peer(1), peer(2).never_heard()}), Code::PEERS_UNKNOWN, "waiting for db-2 (no such host)");
  check_waits(first_pod({peer(1).holds("a:1-5"), peer(2).silent()}), Code::PEERS_UNKNOWN, "waiting for db-2 (connection refused)");
}

TEST_CASE("init: while a pod is waited for and another has data the scratch server starts") {
  auto world = first_pod({peer(1).holds("a:1-5"), peer(2).silent()});
  world.o.scratch.phase = Phase::none;
  CHECK(steps(world.decide()) == "start_scratch");
}

TEST_CASE("init: a pod that cannot say what its volume holds is waited for") {
  check_waits(first_pod({peer(1), peer(2).answers(VolumeAnswer::unknown).in(State::refused, Code::IDENTITY_CORRUPT)}), Code::PEERS_UNKNOWN,
              "db-2");
  // It says what another pod's volume holds.
  check_waits(first_pod({peer(1), peer(2).in(State::refused, Code::FOREIGN_VOLUME)}), Code::PEERS_UNKNOWN, "db-2");
}

TEST_CASE("init: with require_peers = existing a pod is absent after 60 s without a mention in SRV") {
  auto world = first_pod({peer(1).never_heard().missing_for(60s - 1ms), peer(2).never_heard().missing_for(10min)});
  world.policy.require_peers = RequirePeers::existing;
  check_waits(world, Code::PEERS_UNKNOWN, "db-1");
  world.o.scratch.phase = Phase::none;
  world.o.now += 1ms;
  CHECK(steps(world.decide()) == "initialize");
  world.policy.require_peers = RequirePeers::all;
  check_waits(world, Code::PEERS_UNKNOWN, "db-1");
}

TEST_CASE("init: with require_peers = existing a pod that is named and silent still blocks") {
  auto world = first_pod({peer(1).never_heard(), peer(2).never_heard().missing_for(10min)});
  world.policy.require_peers = RequirePeers::existing;
  check_waits(world, Code::PEERS_UNKNOWN, "db-1");
}

TEST_CASE("init: with require_peers = existing a pod whose data was seen is never absent") {
  auto world = first_pod({peer(1).holds("a:1-5").silent().missing_for(10min), peer(2).never_heard().missing_for(10min)});
  world.policy.require_peers = RequirePeers::existing;
  check_waits(world, Code::PEERS_UNKNOWN, "db-1");
}

TEST_CASE("init: bootstrap.initialize = never makes an empty first pod wait for data") {
  auto world = first_pod({peer(1), peer(2)});
  world.policy.initialize = Initialize::never;
  check_waits(world, Code::INITIALIZE_FORBIDDEN, "bootstrap.initialize");
  world.o.peers = {peer(1).holds("a:1-5"), peer(2)};
  CHECK(steps(world.decide()) == "clone db-1");
}

TEST_CASE("init: data that was lost anywhere while nobody has any is never papered over") {
  check_refused(first_pod({peer(1), peer(2).answers(VolumeAnswer::lost_data)}), Code::DATA_LOST_EVERYWHERE, "db-2 had data");
  check_refused(first_pod_that_lost({peer(1), peer(2)}), Code::DATA_LOST_EVERYWHERE, "db-0 (this pod)");
  check_waits(first_pod_that_lost({peer(1), peer(2).never_heard()}), Code::PEERS_UNKNOWN, "db-2");
}

TEST_CASE("init: data that was lost here or there is restored from who has it") {
  CHECK(steps(first_pod_that_lost({peer(1), peer(2).holds("a:1-5")}).decide()) == "clone db-2");
  CHECK(steps(first_pod({peer(1).answers(VolumeAnswer::lost_data), peer(2).holds("a:1-5")}).decide()) == "clone db-2");
}

TEST_CASE("init: a restore is from the most advanced peer, and is called so") {
  const auto plan = first_pod({peer(1).holds("a:1-5"), peer(2).holds("a:1-9")}).decide();
  REQUIRE(steps(plan) == "clone db-2");
  CHECK(std::get<init::Clone>(plan.actions.front()).how == ProvisionedHow::restore);
  CHECK(plan.reason.text == "cloning from db-2");
}

TEST_CASE("init: a restore takes a replica as its donor that is none for replicas while the primary is away") {
  CHECK(steps(first_pod({peer(1).holds("a:1-5").not_donor(), peer(2).holds("a:1-5").not_donor()}).decide()) == "clone db-1");
}

TEST_CASE("init: what a peer received and nobody applied is waited for") {
  check_waits(first_pod({peer(1).holds("a:1-5"), peer(2).holds("a:1-4").received("a:4-9")}), Code::APPLYING_PENDING,
              "waiting for db-2 to apply the 5 ");
  CHECK(steps(first_pod({peer(1).holds("a:1-9"), peer(2).holds("a:1-4").received("a:4-9")}).decide()) == "clone db-1");
}

TEST_CASE("init: a peer's own transactions do not count, and a peer without any is preferred") {
  const auto plan = first_pod({peer(1).holds("a:1-5,1:1-3"), peer(2).holds("a:1-5")}).decide();
  CHECK(steps(plan) == "clone db-2");
  CHECK_FALSE(plan.reason.text.contains("history"));
  // Errants of the one and what only the other has do not make the sets diverge.
  CHECK(steps(first_pod({peer(1).holds("a:1-5,1:1-3"), peer(2).holds("a:1-9")}).decide()) == "clone db-2");
}

TEST_CASE("init: what two peers have is no errant of either") {
  const auto plan = first_pod({peer(1).holds("a:1-9,1:1"), peer(2).holds("a:1-5,1:1")}).decide();
  CHECK(steps(plan) == "clone db-1");
  CHECK_FALSE(plan.reason.text.contains("history"));
  check_refused(first_pod({peer(1).holds("a:1-9"), peer(2).holds("a:1-5,1:1")}), Code::SETS_DIVERGED, "db-2");
}

TEST_CASE("init: when the only complete copy has errants they become history, and it is said") {
  const auto plan = first_pod({peer(1).holds("a:1-9,1:1-3"), peer(2).holds("a:1-5")}).decide();
  CHECK(steps(plan) == "clone db-1");
  CHECK_MESSAGE(plan.reason.text.contains(gtids("1:1-3").to_string()), plan.reason.text);
}

TEST_CASE("init: sets that exclude each other are refused with both named") {
  const auto world = first_pod({peer(1).holds("a:1-5,b:1"), peer(2).holds("a:1-6")});
  check_refused(world, Code::SETS_DIVERGED, "db-1: " + gtids("a:1-5,b:1").to_string());
  check_refused(world, Code::SETS_DIVERGED, "db-2: " + gtids("a:1-6").to_string());
  auto idle = world;
  idle.o.scratch.phase = Phase::none;
  idle.o.volume.identity = std::monostate{};
  check_refused(idle, Code::SETS_DIVERGED, "no peer has all");
}

TEST_CASE("init: peers of different clusters, or of another than the volume's, are refused") {
  check_refused(first_pod({peer(1).holds("a:1-5"), peer(2).holds("a:1-5").cluster('d')}), Code::CLUSTER_MISMATCH,
                "db-2 has data of cluster dddd");
  check_refused(first_pod_that_lost({peer(1).holds("a:1-5").cluster('d'), peer(2).holds("a:1-5").cluster('d')}), Code::CLUSTER_MISMATCH,
                "db-1");
}

TEST_CASE("init: a peer with data whose MySQL has not told its set is waited for") {
  check_waits(first_pod({peer(1).holds("a:1-5"), peer(2).answers(VolumeAnswer::has_data).in(State::starting, Code::MYSQL_RECOVERING)}),
              Code::PEERS_UNKNOWN, "db-2 (its MySQL has not told its GTID set");
  auto without_cluster = peer(2).holds("a:1-5");
  without_cluster.status().cluster_id.reset();
  check_waits(first_pod({peer(1).holds("a:1-5"), without_cluster}), Code::PEERS_UNKNOWN, "db-2");
}

TEST_CASE("init: a donor for the restore that cannot serve one is waited for") {
  auto old = peer(1).holds("a:1-5");
  old.mysql().version = "9.6.0";
  const auto plan = first_pod({old, peer(2)}).decide();
  CHECK(plan.state == State::waiting_for_donor);
  CHECK(plan.reason.code == Code::MYSQL_VERSION_UNSUPPORTED);
  CHECK(steps(plan) == "");
}

TEST_CASE("init: a copy that runs is not called into question by who falls silent meanwhile") {
  auto world = first_pod({peer(1).holds("a:1-5").silent(), peer(2).silent()}).copying_from(1);
  CHECK(world.decide().state == State::cloning);
  world.o.scratch.donor = "";
  CHECK(world.decide().state == State::initializing);
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("init: an initialisation that does not come on is stopped, and tried again after a moment") {
  auto world = first_pod({peer(1), peer(2)}).copying_from(1, 5min);
  world.o.scratch.donor = "";
  for (const bool reads_statements : {false, true}) {
    world.o.scratch.reads_statements = reads_statements;
    CHECK(steps(world.decide()) == "");
  }
  world.o.now += 1ms;
  CHECK(steps(world.decide()) == "stop_scratch");
  CHECK(world.decide().reason.text.contains("has written nothing for 5m while it initialized"));
  world.o.now = now;
  world.failed("it hung", 1, 999ms);
  CHECK(world.decide().state == State::initializing);
  CHECK(world.decide().reason.code == Code::CLONE_RETRY);
  CHECK(steps(world.decide()) == "");
  world.o.now += 1ms;
  CHECK(steps(world.decide()) == "initialize");
}

TEST_CASE("init: a scratch server that waits for a donor which no longer has data makes way for an initialisation") {
  auto world = first_pod({peer(1), peer(2)});
  CHECK(steps(world.decide()) == "stop_scratch");
  world.o.scratch.stopping = "a new database is made instead";
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("init: the first ordinal need not be 0") {
  InitWorld world(1);
  world.policy.owner.first_ordinal = 1;
  world.policy.replicas = 2;
  world.o.peers = {peer(2)};
  CHECK(steps(world.decide()) == "write_provisioning, initialize");
}

}  // namespace ordinal::test
