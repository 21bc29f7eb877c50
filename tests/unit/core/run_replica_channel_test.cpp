// A replica's channel and threads: pointed at the source, started after the checks, never at the price of what was received.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

RunWorld replica_with_threads(ThreadState io, ThreadState sql) {
  auto world = serving_replica();
  world.replica().io = io;
  world.replica().sql = sql;
  return world;
}

}  // namespace

TEST_CASE("run: a fresh clone forgets the settings that came with it before anything else") {
  auto world = serving_replica();
  world.o.identity.replication_reset = false;
  world.replica().io = world.replica().sql = ThreadState::off;
  world.replica().received = gtids("a:1-9");
  auto plan = world.decide();
  CHECK(plan.state == State::configuring);
  CHECK(plan.reason.code == Code::REPLICATION_CONFIGURING);
  CHECK(steps(plan) == "reset_replica_all");

  world.o.identity.replication_reset = true;
  world.mysql().replica.reset();
  plan = world.decide();
  CHECK(steps(plan) == "change_source db-0, start_sql, start_io");
  CHECK(plan.state == State::configuring);
}

TEST_CASE("run: replication is not set up towards a source that is silent, closed, foreign, or not compared with") {
  const std::vector<PeerView> sources{peer(0).never_heard(),         peer(0).holds("a:1-5").open().silent(),
                                      peer(0).holds("a:1-5"),        peer(0).holds("a:1-5").open().cluster('d'),
                                      peer(0).holds("a:1-4").open(), peer(0).holds("a:1-5").open().at(now - 1h)};
  for (const auto& source : sources) {
    auto world = serving_replica();
    world.peer(0) = source;
    world.mysql().replica.reset();
    CHECK(steps(world.decide()) == "");
    CHECK_FALSE(world.decide().ready);

    world = replica_with_threads(ThreadState::off, ThreadState::on);
    world.peer(0) = source;
    CHECK(steps(world.decide()) == "");
  }
}

TEST_CASE("run: an IO thread that is off is started once the source has passed the checks") {
  auto world = replica_with_threads(ThreadState::off, ThreadState::on);
  const auto plan = world.decide();
  CHECK(steps(plan) == "start_io");
  CHECK_FALSE(plan.ready);
  CHECK(failed_checks(plan) == "replication_io");
}

TEST_CASE("run: a source that refuses is asked again every second, not in every cycle") {
  auto world = replica_with_threads(ThreadState::off, ThreadState::on);
  world.replica().io_errno = 1045;
  world.replica().io_error = "Access denied";
  auto plan = world.decide();
  CHECK(steps(plan) == "start_io");
  CHECK(plan.reason.code == Code::REPLICA_IO_ERROR);
  CHECK(plan.reason.text.contains("Access denied"));
  CHECK(steps(world.decide_after(999ms)) == "");
  CHECK(steps(world.decide_after(1ms)) == "start_io");
}

TEST_CASE("run: the IO thread is stopped when the source closes, and left alone when its agent falls silent") {
  auto world = serving_replica();
  world.peer(0) = peer(0).holds("a:1-5");
  CHECK(steps(world.decide()) == "stop_io");
  world.peer(0) = peer(0).holds("a:1-5").open().silent();
  CHECK(steps(world.decide()) == "");
  world.peer(0) = peer(0).answers(VolumeAnswer::has_data).cluster('c').in(State::starting, Code::MYSQL_UNREACHABLE);
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("run: the SQL thread always runs on our own data, whatever the source is") {
  for (const PeerView& source :
       {PeerView(peer(0).never_heard()), PeerView(peer(0).holds("a:1-5")), PeerView(peer(0).holds("a:1-5").open().cluster('d'))}) {
    auto world = replica_with_threads(ThreadState::off, ThreadState::off);
    world.peer(0) = source;
    CHECK(steps(world.decide()) == "start_sql");
  }
}

TEST_CASE("run: after an error of its own the SQL thread is tried again every 30 s") {
  auto world = replica_with_threads(ThreadState::on, ThreadState::off);
  world.replica().sql_errno = 1062;
  world.replica().sql_error = "Duplicate entry";
  auto plan = world.decide();
  CHECK(plan.state == State::diverged);
  CHECK(plan.reason.code == Code::REPLICA_SQL_ERROR);
  CHECK(plan.reason.text == "MySQL error 1062: Duplicate entry");
  CHECK_FALSE(plan.ready);
  CHECK(steps(plan) == "start_sql");
  CHECK(steps(world.decide_after(30s - 1ms)) == "");
  CHECK(steps(world.decide_after(1ms)) == "start_sql");
}

TEST_CASE("run: each thing that someone changed of the channel is put back, IO thread first") {
  const auto check = [](auto change) {
    auto world = serving_replica();
    change(world.replica());
    CHECK(steps(world.decide()) == "stop_io");
    CHECK_FALSE(world.decide().ready);
    world.replica().io = ThreadState::off;
    CHECK(steps(world.decide()) == "stop_sql, change_source db-0, start_sql, start_io");
    world.replica().sql = ThreadState::off;
    CHECK(steps(world.decide()) == "start_sql, stop_sql, change_source db-0, start_sql, start_io");
  };
  check([](run::ReplicaFacts& replica) { replica.source_host = "elsewhere.example"; });
  check([](run::ReplicaFacts& replica) { replica.source_port = 3307; });
  check([](run::ReplicaFacts& replica) { replica.source_user = "root"; });
  check([](run::ReplicaFacts& replica) { replica.auto_position = false; });
  check([](run::ReplicaFacts& replica) { replica.ssl = false; });
  check([](run::ReplicaFacts& replica) { replica.ssl_ca = "/elsewhere/ca.crt"; });
  check([](run::ReplicaFacts& replica) { replica.ssl_verified = true; });
  check([](run::ReplicaFacts& replica) { replica.connect_retry_seconds = 60; });
  check([](run::ReplicaFacts& replica) { replica.retry_count = 10; });
}

TEST_CASE("run: a channel from before there was a TLS directory is changed to verify the source's certificate") {
  auto world = replica_with_threads(ThreadState::off, ThreadState::on);
  world.policy.tls_directory = "/tls";
  CHECK(steps(world.decide()) == "stop_sql, change_source db-0, start_sql, start_io");
  world.replica().ssl_ca = "/tls/ca.crt";
  CHECK(steps(world.decide()) == "stop_sql, change_source db-0, start_sql, start_io");
  world.replica().ssl_verified = true;
  CHECK(steps(world.decide()) == "start_io");
}

TEST_CASE("run: a changed channel keeps what was received until it is applied, when the source has purged it") {
  auto world = serving_replica();
  world.replica().source_host = "elsewhere.example";
  world.replica().io = ThreadState::off;
  world.replica().received = gtids("a:4-8");
  world.peer(0) = peer(0).holds("a:1-9").open().purged("a:1-6");
  auto plan = world.decide();
  CHECK(steps(plan) == "");
  CHECK(plan.reason.code == Code::REPLICATION_DRAINING);
  CHECK(plan.reason.text.contains("3 received transactions"));
  world.executed("a:1-8");
  CHECK(steps(world.decide()) == "stop_sql, change_source db-0, start_sql, start_io");
}

TEST_CASE("run: a changed channel keeps what was received until it is applied, when the source lacks it") {
  auto world = serving_replica();
  world.replica().source_host = "elsewhere.example";
  world.replica().io = ThreadState::off;
  world.replica().received = gtids("a:4-6");
  CHECK(steps(world.decide()) == "");
  CHECK(world.decide().reason.code == Code::REPLICATION_DRAINING);
}

TEST_CASE("run: a changed channel is put back at once when the open source still has all that was received") {
  auto world = serving_replica();
  world.replica().source_host = "elsewhere.example";
  world.replica().io = ThreadState::off;
  world.replica().received = gtids("a:4-8");
  world.peer(0) = peer(0).holds("a:1-9").open().purged("a:1-5");
  CHECK(steps(world.decide()) == "stop_sql, change_source db-0, start_sql, start_io");
}

TEST_CASE("run: what the source has purged is fetched from a sibling that has it, then from the source again") {
  auto world = replica_with_threads(ThreadState::off, ThreadState::on);
  world.peer(0) = peer(0).holds("a:1-12").open().purged("a:1-8");
  world.peer(2) = peer(2).holds("a:1-10").purged("a:1-4");
  auto plan = world.decide();
  CHECK(plan.state == State::catching_up);
  CHECK(plan.reason.code == Code::CATCHING_UP_FROM_SIBLING);
  CHECK(steps(plan) == "stop_sql, change_source db-2, start_sql, start_io");
  CHECK(plan.replication->source == "db-2");

  world.replica().source_host = host(2);
  CHECK(steps(world.decide()) == "start_io");
  world.replica().io = ThreadState::on;
  CHECK(steps(world.decide()) == "");
  CHECK_FALSE(world.decide().ready);

  world.replica().received = gtids("a:6-8");  // received is as good as applied
  CHECK(steps(world.decide()) == "stop_io");
  world.replica().io = ThreadState::off;
  plan = world.decide();
  CHECK(steps(plan) == "");
  CHECK(plan.reason.code == Code::REPLICATION_DRAINING);
  world.executed("a:1-8");
  CHECK(steps(world.decide()) == "stop_sql, change_source db-0, start_sql, start_io");
}

TEST_CASE("run: what nobody has any more asks for a reseed, and stops the fetching") {
  const std::vector<PeerView> siblings{peer(2).holds("a:1-12").purged("a:1-6"), peer(2).holds("a:1-7"), peer(2).holds("a:1-12").not_donor(),
                                       peer(2).holds("a:1-12").silent(), peer(2).holds("a:1-12").cluster('d')};
  for (const auto& sibling : siblings) {
    auto world = serving_replica();
    world.peer(0) = peer(0).holds("a:1-12").open().purged("a:1-8");
    world.peer(2) = sibling;
    const auto plan = world.decide();
    CHECK(plan.state == State::diverged);
    CHECK(plan.reason.code == Code::SOURCE_PURGED);
    CHECK(plan.reason.text.contains(gtids("a:6-8").to_string()));
    CHECK(steps(plan) == "stop_io");
    CHECK_FALSE(plan.ready);
    CHECK_FALSE(plan.donor_ready);
  }
}

TEST_CASE("run: a sibling is not fetched from before we are known to have nothing that the source lacks") {
  auto world = replica_with_threads(ThreadState::off, ThreadState::on);
  world.executed("a:1-5,b:1");
  world.memory.own = {{now - 1s, gtids("a:1-5,b:1")}};
  world.peer(0) = peer(0).holds("a:1-12").open().purged("a:1-8");
  world.peer(2) = peer(2).holds("a:1-10").purged("a:1-4");
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("run: a replica that became writable is closed again") {
  auto world = serving_replica();
  world.mysql().super_read_only = world.mysql().read_only = false;
  const auto plan = world.decide();
  CHECK(steps(plan) == "set_super_read_only");
  CHECK(plan.reason.code == Code::WRITABLE_REPLICA);
  CHECK_FALSE(plan.ready);
}

TEST_CASE("run: acknowledging is switched as configured, after everything that matters more") {
  auto world = replica_with_threads(ThreadState::off, ThreadState::off);
  world.mysql().semi_sync.replica_enabled = false;
  CHECK(steps(world.decide()) == "start_sql, start_io, enable_semi_sync_replica");
  world.policy.semi_sync = false;
  CHECK(steps(world.decide()) == "start_sql, start_io");
}

}  // namespace ordinal::test
