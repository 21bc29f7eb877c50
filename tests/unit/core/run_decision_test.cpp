// What holds for every pod that runs: the verdict without MySQL, the mark, the requests, going away.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

using run::MysqldPhase;
using run::MysqlUnknown;

TEST_CASE("run: what serves needs nothing, but for the mark once a minute") {
  for (auto world : {serving_replica(), open_primary()}) {
    world.decide();
    const auto plan = world.decide_after(500ms);
    CHECK(plan.state == State::serving);
    CHECK(plan.reason.code == Code::OK);
    CHECK(plan.ready);
    CHECK(plan.donor_ready);
    CHECK(failed_checks(plan) == "");
    CHECK(alerts(plan) == "");
    CHECK(steps(plan) == "");
    CHECK(steps(world.decide_after(59s)) == "");
    CHECK(steps(world.decide_after(500ms)) == "write_mark");
    CHECK(steps(world.decide_after(500ms)) == "");
  }
}

TEST_CASE("run: while MySQL tells nothing the pod is not ready and nothing is done") {
  struct Row {
    MysqlUnknown::Why why;
    MysqldPhase phase;
    bool seen;
    State state;
    Code code;
  };
  using Why = MysqlUnknown::Why;
  const std::vector<Row> rows{
      {Why::unreachable, MysqldPhase::unknown, false, State::starting, Code::MYSQL_STARTING},
      {Why::unreachable, MysqldPhase::starting, false, State::starting, Code::MYSQL_STARTING},
      {Why::unreachable, MysqldPhase::recovering, true, State::recovering, Code::MYSQL_RECOVERING},
      {Why::unreachable, MysqldPhase::ready, true, State::starting, Code::MYSQL_UNREACHABLE},
      {Why::unreachable, MysqldPhase::stopping, true, State::stopping, Code::MYSQL_STOPPING},
      {Why::denied, MysqldPhase::ready, true, State::blocked, Code::MYSQL_DENIED},
      {Why::silent, MysqldPhase::ready, true, State::blocked, Code::MYSQL_SILENT},
  };
  for (const auto& row : rows) {
    CAPTURE(to_string(row.code));
    RunWorld world(1);
    world.o.mysql = MysqlUnknown{.why = row.why, .detail = "the words of the connection", .since = now};
    world.o.phase = row.phase;
    world.o.clear_requested = true;
    if (row.seen) world.memory.running_uuid = uuid('1');
    const auto plan = world.decide();
    CHECK(to_string(plan.state) == to_string(row.state));
    CHECK(to_string(plan.reason.code) == to_string(row.code));
    CHECK_FALSE(plan.ready);
    CHECK_FALSE(plan.donor_ready);
    CHECK(steps(plan) == "");
    CHECK(failed_checks(plan) == "mysql");
  }
}

TEST_CASE("run: a mysqld that shuts down and still answers makes the pod unready, and is left alone") {
  for (auto world : {serving_replica(), open_primary()}) {
    world.o.phase = MysqldPhase::stopping;
    const auto plan = world.decide();
    CHECK_FALSE(plan.ready);
    CHECK(plan.state == State::stopping);
    CHECK(plan.reason.code == Code::MYSQL_STOPPING);
    CHECK(failed_checks(plan) == "mysql");
    CHECK(steps(plan) == "");
  }
}

TEST_CASE("run: a server that somebody has taken offline is not ready, and is left so") {
  for (auto world : {serving_replica(), open_primary()}) {
    world.mysql().offline_mode = true;
    const auto plan = world.decide();
    CHECK_FALSE(plan.ready);
    CHECK(plan.state == State::blocked);
    CHECK(plan.reason.code == Code::OFFLINE_MODE);
    CHECK_FALSE(plan.donor_ready);
    CHECK(failed_checks(plan) == "offline_mode");
    CHECK(steps(plan) == "");
  }
}

TEST_CASE("run: a writable server that must not be is closed before anything is written to the volume") {
  auto replica = serving_replica();
  replica.mysql().read_only = replica.mysql().super_read_only = false;
  replica.o.identity.server_uuid = uuid('9');
  replica.memory.mark_written_at.reset();
  CHECK(steps(replica.decide()) == "set_super_read_only, write_server_uuid, write_mark");
  auto primary = open_primary();
  primary.mysql().cluster.cluster_id = uuid('d');
  primary.o.identity.mark.reset();
  primary.o.identity.server_uuid = uuid('9');
  CHECK(steps(primary.decide()) == "close, write_server_uuid");
}

TEST_CASE("run: the server's UUID is written down when it is another than the identity's") {
  auto world = serving_replica();
  world.o.identity.server_uuid = uuid('9');
  const auto plan = world.decide();
  REQUIRE(steps(plan) == "write_server_uuid");
  CHECK(std::get<run::WriteServerUuid>(plan.actions.front()).server_uuid == uuid('1'));
}

TEST_CASE("run: the mark is the executed set, and says whether writes may follow it") {
  for (auto [world, writable] : {std::pair{serving_replica(), false}, std::pair{open_primary(), true}}) {
    world.memory.mark_written_at.reset();
    const auto plan = world.decide();
    REQUIRE(steps(plan) == "write_mark");
    const auto& mark = std::get<run::WriteMark>(plan.actions.front());
    CHECK(mark.executed == gtids("a:1-5"));
    CHECK(mark.writable == writable);
  }
}

TEST_CASE("run: at shutdown the mark is written once a second") {
  auto world = serving_replica();
  world.o.stopping = true;
  CHECK(steps(world.decide_after(999ms)) == "");
  CHECK(steps(world.decide_after(1ms)) == "write_mark");
  CHECK(steps(world.decide_after(999ms)) == "");
}

TEST_CASE("run: no mark is written over data that is not known to be ours, or that shrank, or before a clone's settings are forgotten") {
  const auto check = [](auto change) {
    auto world = serving_replica();
    world.memory.mark_written_at.reset();
    change(world);
    CHECK_FALSE(steps(world.decide()).contains("write_mark"));
  };
  check([](RunWorld& world) {
    world.o.identity.mark.reset();
    world.mysql().cluster.cluster_id = uuid('d');
  });
  check([](RunWorld& world) { world.mark("a:1-6"); });
  check([](RunWorld& world) { world.o.identity.replication_reset = false; });
}

TEST_CASE("run: a row without a cluster id is not ours, even while the identity knows none") {
  auto world = serving_replica();
  world.o.identity.mark.reset();
  world.mysql().cluster.cluster_id.reset();
  world.o.identity.cluster_id.reset();
  const auto plan = world.decide();
  CHECK_FALSE(plan.ready);
  CHECK(plan.reason.code == Code::CLUSTER_ROW_MISSING);
}

TEST_CASE("run: a requested reseed is shown, and nothing more") {
  auto world = serving_replica();
  world.o.reseed_requested = true;
  const auto plan = world.decide();
  CHECK(plan.ready);
  CHECK(steps(plan) == "");
  CHECK(alerts(plan) == "RESEED_POSTPONED");
}

TEST_CASE("run: a request to clear is taken even without a latch, so that it lifts none that comes later") {
  auto world = serving_replica();
  world.o.clear_requested = true;
  const auto plan = world.decide();
  REQUIRE(steps(plan) == "set_latch");
  CHECK(std::get<run::SetLatch>(plan.actions.front()).latch == Latch::none);
}

TEST_CASE("run: draining makes a pod unready and changes nothing else") {
  for (auto world : {serving_replica(), open_primary()}) {
    world.o.draining = true;
    const auto plan = world.decide();
    CHECK_FALSE(plan.ready);
    CHECK(plan.reason.code == Code::DRAINING);
    CHECK(failed_checks(plan) == "staying");
    CHECK(steps(plan) == "");
    CHECK_FALSE(plan.released);
  }
}

TEST_CASE("run: a pod that drains goes on draining when its agent is told to stop") {
  auto world = serving_replica();
  world.o.stopping = world.o.draining = true;
  const auto plan = world.decide();
  CHECK_FALSE(plan.ready);
  CHECK(plan.state == State::stopping);
  CHECK(plan.reason.code == Code::DRAINING);
}

TEST_CASE("run: a drained replica, or a pod whose MySQL tells nothing, may stop as it is") {
  auto replica = serving_replica();
  auto silent = open_primary();
  silent.o.mysql = MysqlUnknown{};
  for (auto world : {replica, silent}) {
    world.o.draining = world.o.drained = true;
    const auto plan = world.decide();
    CHECK(plan.released);
    CHECK_FALSE(plan.ready);
    CHECK(steps(plan) == "");
  }
}

TEST_CASE("run: stopping makes a pod unready, with and without MySQL") {
  auto world = serving_replica();
  world.o.stopping = true;
  auto plan = world.decide();
  CHECK_FALSE(plan.ready);
  CHECK(plan.state == State::stopping);
  CHECK(plan.reason.code == Code::STOPPING);

  world.o.mysql = MysqlUnknown{};
  plan = world.decide();
  CHECK_FALSE(plan.ready);
  CHECK(plan.state == State::stopping);
}

TEST_CASE("run: variables stored by SET PERSIST are named by every pod, and change nothing else") {
  for (auto world : {open_primary(), serving_replica()}) {
    world.o.rare.emplace().persisted_variables = {"max_connections", "sql_mode"};
    const auto plan = world.decide();
    REQUIRE(alerts(plan) == "PERSISTED_VARIABLES");
    CHECK(plan.alerts.front().text.contains("max_connections, sql_mode"));
    CHECK(plan.ready);
    CHECK(steps(plan) == "");
  }
}

}  // namespace ordinal::test
