// A replica's comparisons with its source: what is errant, what is only ahead, what is lost.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

void check_diverged(const run::Plan& plan, Code code, std::string_view words) {
  CHECK(plan.state == State::diverged);
  CHECK(to_string(plan.reason.code) == to_string(code));
  CHECK_MESSAGE(plan.reason.text.contains(words), plan.reason.text);
  CHECK_FALSE(plan.ready);
  CHECK_FALSE(plan.donor_ready);
}

/// The replica has "a:6" too, which its source has not, as it is for moments with semi-synchronous replication.
RunWorld replica_ahead() {
  auto world = serving_replica();
  world.executed("a:1-6");
  world.memory.own = {{now - 1s, gtids("a:1-6")}};
  return world;
}

}  // namespace

TEST_CASE("run: a transaction of the replica's own is errant at once, and stops the fetching") {
  auto world = serving_replica();
  world.executed("a:1-5,1:1-2");
  const auto plan = world.decide();
  check_diverged(plan, Code::ERRANT_TRANSACTIONS, "db-1 has transactions that db-0 lacks: " + gtids("1:1-2").to_string());
  CHECK(steps(plan) == "stop_io");
  CHECK(plan.replication->errant == gtids("1:1-2").to_string());
}

TEST_CASE("run: a replica that only pods of another cluster know serves nobody while its source is silent") {
  auto world = serving_replica();
  world.peer(0) = peer(0).never_heard();
  world.peer(2) = peer(2).holds("b:1-9").cluster('d');
  const auto plan = world.decide();
  CHECK(steps(plan) == "stop_io");
  CHECK(plan.state == State::blocked);
  CHECK(plan.reason.code == Code::CLUSTER_MISMATCH);
  CHECK_MESSAGE(plan.reason.text.contains("db-2"), plan.reason.text);
  CHECK_FALSE(plan.ready);
  CHECK_FALSE(plan.donor_ready);
}

TEST_CASE(
    "run: a replica that a person has pointed elsewhere serves nobody while its source is silent, and takes nothing more from there") {
  auto world = serving_replica();
  world.peer(0) = peer(0).never_heard();
  world.replica().source_host = "elsewhere.example";
  const auto plan = world.decide();
  CHECK(steps(plan) == "stop_io");
  CHECK_MESSAGE(plan.reason.text.contains("elsewhere.example"), plan.reason.text);
  CHECK_FALSE(plan.ready);
  CHECK_FALSE(plan.donor_ready);
}

TEST_CASE("run: a replica whose agent has just started and knows no other pod yet leaves its channel alone and does not call it astray") {
  auto world = serving_replica();
  world.o.peers.clear();
  world.o.peers_asked = false;
  const auto plan = world.decide();
  CHECK(steps(plan) == "");
  CHECK_MESSAGE(!plan.reason.text.contains("points at"), plan.reason.text);
}

TEST_CASE("run: a transaction of a sibling's is errant at once, also when the sibling is silent now") {
  for (const bool silent : {false, true}) {
    auto world = serving_replica();
    world.executed("a:1-5,2:1");
    if (silent) world.peer(2) = peer(2).holds("a:1-5,2:1").silent();
    world.decide();
    check_diverged(world.decide_after(500ms), Code::ERRANT_TRANSACTIONS, gtids("2:1").to_string());
  }
}

TEST_CASE("run: what is errant stays so when the source falls silent") {
  auto world = serving_replica();
  world.executed("a:1-5,1:1");
  world.decide();
  world.decide_after(500ms);
  world.replica().io = ThreadState::off;
  world.peer(0) = peer(0).holds("a:1-5").open().silent();
  world.decide_after(500ms);
  const auto plan = world.decide_after(10s);
  check_diverged(plan, Code::ERRANT_TRANSACTIONS, gtids("1:1").to_string());
  CHECK(plan.replication->errant == gtids("1:1").to_string());
}

TEST_CASE("run: an errant that the source has by now is none any more") {
  auto world = serving_replica();
  world.executed("a:1-5,1:1");
  world.decide();
  world.decide_after(500ms);
  world.peer(0) = peer(0).holds("a:1-5,1:1").open();
  CHECK(world.decide_after(500ms).ready);
}

TEST_CASE("run: the source's answer is compared with our set of the same instant or before, never with a later one") {
  auto world = serving_replica();
  world.memory.own.clear();
  world.executed("a:1-5,1:1");
  // The answer was true at least since 100 ms before its request was sent; our only reading is from that very instant.
  world.mysql().taken_at = now;
  auto source = peer(0).holds("a:1-5").open().at(now + 100ms);
  source.status().agent.sample_age_ms = 101;
  world.peer(0) = source;
  auto plan = world.decide();
  CHECK(failed_checks(plan) == "compared");
  CHECK_FALSE(plan.donor_ready);
  CHECK(steps(plan) == "");

  source.status().agent.sample_age_ms = 100;
  world.peer(0) = source;
  plan = world.decide();
  check_diverged(plan, Code::ERRANT_TRANSACTIONS, gtids("1:1").to_string());
}

TEST_CASE("run: a replica that was never compared with its open source is not ready and no donor") {
  auto world = serving_replica();
  world.memory.own.clear();
  world.peer(0) = peer(0).holds("a:1-5").open().at(now - 1ms);
  const auto plan = world.decide();
  CHECK_FALSE(plan.ready);
  CHECK(plan.state == State::configuring);
  CHECK_FALSE(plan.donor_ready);
}

TEST_CASE("run: a transaction of the source's own that it lacks for a moment is the lead of a healthy replica") {
  auto world = replica_ahead();
  CHECK(world.decide().ready);
  world.peer(0) = peer(0).holds("a:1-6").open();
  world.executed("a:1-7");
  CHECK(world.decide_after(2s).ready);
  // Always ahead, by another transaction each time.
  for (int i = 8; i < 20; ++i) {
    world.peer(0) = peer(0).holds("a:1-" + std::to_string(i - 1)).open();
    world.executed("a:1-" + std::to_string(i));
    const auto plan = world.decide_after(2s);
    CHECK(plan.ready);
    CHECK_FALSE(steps(plan).contains("set_latch"));
  }
}

TEST_CASE("run: a transaction that the source still lacks in two later samples, 2 s apart, is lost, and that is latched") {
  auto world = replica_ahead();
  CHECK(steps(world.decide()) == "");
  CHECK(steps(world.decide_after(2s - 1ms)) == "");
  CHECK(steps(world.decide_after(1ms)) == "");
  CHECK(steps(world.decide_after(2s - 1ms)) == "");
  const auto plan = world.decide_after(1ms);
  REQUIRE(steps(plan) == "set_latch");
  CHECK(std::get<run::SetLatch>(plan.actions.front()).latch == Latch::source_lost_transactions);
}

TEST_CASE("run: samples of the source that are one and the same confirm nothing") {
  auto world = replica_ahead();
  for (int i = 0; i < 20; ++i) {
    world.o.now += 500ms;
    world.mysql().taken_at = world.o.now;
    CHECK_FALSE(steps(world.decide()).contains("set_latch"));
  }
}

TEST_CASE("run: a latched replica fetches nothing, serves nobody, applies what it has, until the latch is lifted") {
  auto world = serving_replica();
  world.o.identity.latched = Latch::source_lost_transactions;
  world.replica().sql = ThreadState::off;
  auto plan = world.decide();
  check_diverged(plan, Code::SOURCE_LOST_TRANSACTIONS, "");
  CHECK(steps(plan) == "start_sql, stop_io");

  world.replica().io = ThreadState::off;
  world.replica().sql = ThreadState::on;
  CHECK(steps(world.decide_after(500ms)) == "");
  world.o.clear_requested = true;
  plan = world.decide_after(500ms);
  REQUIRE(steps(plan) == "set_latch");
  CHECK(std::get<run::SetLatch>(plan.actions.front()).latch == Latch::none);
}

TEST_CASE("run: a lifted latch is latched again only by new samples") {
  auto world = replica_ahead();
  for (int i = 0; i < 3; ++i) world.decide_after(2s);
  world.o.identity.latched = Latch::source_lost_transactions;
  world.o.clear_requested = true;
  world.decide_after(500ms);
  world.o.identity.latched = Latch::none;
  world.o.clear_requested = false;
  CHECK_FALSE(steps(world.decide_after(500ms)).contains("set_latch"));
  CHECK_FALSE(steps(world.decide_after(2s)).contains("set_latch"));
  CHECK(steps(world.decide_after(2s)).contains("set_latch"));
}

TEST_CASE("run: a set that lacks what the mark says fetches nothing and serves nobody") {
  auto world = serving_replica();
  world.executed("a:4-5");
  const auto plan = world.decide();
  check_diverged(plan, Code::GTID_SET_SHRANK, gtids("a:1-3").to_string());
  CHECK(steps(plan) == "stop_io");
}

TEST_CASE("run: a replica is only compared with an open source") {
  auto world = serving_replica();
  world.executed("a:1-9");
  world.memory.own = {{now - 1s, gtids("a:1-9,1:1")}};
  world.peer(0) = peer(0).holds("a:1-5");
  for (int i = 0; i < 5; ++i) {
    const auto plan = world.decide_after(2s);
    CHECK(failed_checks(plan) == "");
    CHECK_FALSE(steps(plan).contains("set_latch"));
  }
}

TEST_CASE("run: from a source that closes in order to go away a replica fetches until it has all of it, and no longer") {
  auto world = serving_replica();
  world.peer(0) = peer(0).holds("a:1-6").in(State::serving, Code::DRAINING);
  CHECK(steps(world.decide()) == "");
  world.replica().received = gtids("a:6");
  CHECK(steps(world.decide()) == "stop_io");
  // One that is closed for any other reason may be an old volume.
  world.replica().received = {};
  world.peer(0) = peer(0).holds("a:1-6").in(State::catching_up, Code::PRIMARY_BEHIND);
  CHECK(steps(world.decide()) == "stop_io");
}

TEST_CASE("run: fetching that has ended is not begun again with a source that goes away") {
  auto world = serving_replica();
  world.peer(0) = peer(0).holds("a:1-6").in(State::serving, Code::DRAINING);
  world.replica().io = ThreadState::off;
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("run: a source of another cluster is never fetched from") {
  auto world = serving_replica();
  world.peer(0) = peer(0).holds("a:1-5").open().cluster('d');
  auto plan = world.decide();
  CHECK(plan.state == State::blocked);
  CHECK(plan.reason.code == Code::CLUSTER_MISMATCH);
  CHECK_FALSE(plan.ready);
  CHECK(steps(plan) == "stop_io");
  world.replica().io = ThreadState::off;
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("run: data whose table names another cluster is blocked, and fetches nothing, unless the mark proves it ours") {
  auto world = serving_replica();
  world.mysql().cluster.cluster_id = uuid('d');
  auto plan = world.decide();
  CHECK(plan.reason.code == Code::CLUSTER_MISMATCH);
  CHECK_FALSE(plan.ready);
  CHECK_FALSE(plan.donor_ready);
  CHECK(steps(plan) == "");  // it goes on fetching: the primary's repair comes that way

  world.o.identity.mark.reset();
  plan = world.decide();
  CHECK(plan.state == State::blocked);
  CHECK(plan.reason.code == Code::CLUSTER_MISMATCH);
  CHECK(steps(plan) == "stop_io");
}

TEST_CASE("run: a table that is gone, has several rows or no UUID makes a replica unready and is no donor") {
  using Kind = run::ClusterRow::Kind;
  for (const auto kind : {Kind::missing, Kind::several, Kind::present}) {
    auto world = serving_replica();
    world.mysql().cluster = {.kind = kind, .cluster_id = {}};
    const auto plan = world.decide();
    CHECK(plan.reason.code == Code::CLUSTER_ROW_MISSING);
    CHECK(failed_checks(plan) == "cluster");
    CHECK_FALSE(plan.donor_ready);
  }
}

TEST_CASE("run: a replica that cannot be cloned from as it should says so") {
  const auto check = [](auto change) {
    auto world = serving_replica();
    change(world);
    CHECK_FALSE(world.decide().donor_ready);
  };
  check([](RunWorld& world) { world.mysql().clone_plugin = false; });
  check([](RunWorld& world) { world.o.identity.replication_reset = false; });
  check([](RunWorld& world) { world.replica().sql_errno = 1062; });
  check([](RunWorld& world) { world.peer(0) = peer(0).holds("a:1-9").open().purged("a:1-6"); });
  check([](RunWorld& world) {
    world.executed("a:1-9");
    world.memory.own = {{now - 1s, gtids("a:1-9")}};
    world.decide();
    world.decide_after(2s);
  });
}

TEST_CASE("run: a replica is a donor while its source is silent, and while it is itself not ready for its lag") {
  auto world = serving_replica();
  world.peer(0) = peer(0).never_heard();
  CHECK(world.decide().donor_ready);
  auto late = serving_replica();
  late.peer(0) = peer(0).holds("a:1-9").open();
  const auto plan = late.decide();
  CHECK_FALSE(plan.ready);
  CHECK(plan.donor_ready);
}

}  // namespace ordinal::test
