// The primary: when it opens, for whom it waits, from whom it catches up, what it names, and when it closes.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

void check_waits_for_peers(const run::Plan& plan, std::string_view words) {
  CHECK(plan.state == State::waiting_for_peers);
  CHECK(plan.reason.code == Code::PEERS_UNKNOWN);
  CHECK_MESSAGE(plan.reason.text.contains(words), plan.reason.text);
  CHECK_FALSE(plan.ready);
  CHECK_FALSE(plan.donor_ready);
  CHECK(steps(plan) == "");
}

/// An older snapshot of the primary's volume, whose peers went on.
RunWorld primary_behind() {
  auto world = closed_primary();
  world.peer(1) = peer(1).holds("a:1-9");
  world.peer(2) = peer(2).holds("a:1-9");
  return world;
}

run::ReplicaFacts channel_to(std::uint32_t n) {
  auto world = serving_replica();
  auto channel = world.replica();
  channel.source_host = host(n);
  return channel;
}

constexpr std::string_view opening = "write_mark, open";

}  // namespace

TEST_CASE("run: a primary that was just initialised or restored opens at once, whoever is silent") {
  auto world = closed_primary();
  world.o.identity.mark.reset();
  world.o.peers_asked = false;
  world.peer(1) = peer(1).never_heard();
  world.memory.mark_written_at.reset();
  const auto plan = world.decide();
  CHECK(steps(plan) == opening);
  CHECK(plan.state == State::configuring);
  CHECK_FALSE(plan.ready);
}

TEST_CASE("run: the mark that says writes may follow comes before the first can") {
  auto world = closed_primary();
  const auto plan = world.decide();
  REQUIRE(steps(plan) == opening);
  CHECK(std::get<run::WriteMark>(plan.actions.front()).writable);
  CHECK(std::get<run::WriteMark>(plan.actions.front()).executed == gtids("a:1-5"));
}

TEST_CASE("run: adopted data that came with received transactions applies them before replication is forgotten") {
  auto world = closed_primary();
  world.o.identity.mark.reset();
  world.o.identity.replication_reset = false;
  world.o.identity.provisioned->how = ProvisionedHow::adopt;
  world.mysql().replica = channel_to(1);
  world.replica().source_host = "elsewhere.example";
  world.replica().io = world.replica().sql = ThreadState::off;
  world.replica().received = gtids("a:4-8");
  const auto plan = world.decide();
  CHECK(steps(plan) == "start_sql");
  CHECK(plan.reason.code == Code::REPLICATION_DRAINING);
  CHECK_MESSAGE(plan.reason.text.starts_with("3 transactions"), plan.reason.text);
  CHECK_FALSE(plan.ready);
  world.executed("a:1-8");
  CHECK(steps(world.decide()) == "reset_replica_all");
}

TEST_CASE("run: a restored primary forgets the settings that came with the copy first") {
  auto world = closed_primary();
  world.o.identity.mark.reset();
  world.o.identity.replication_reset = false;
  world.mysql().replica = channel_to(0);
  CHECK(steps(world.decide()) == "reset_replica_all");
}

TEST_CASE("run: a closed primary waits for every peer's set and says for whom, up to its time") {
  auto world = closed_primary();
  world.o.peers_asked = false;
  world.peer(2) = peer(2).never_heard();
  check_waits_for_peers(world.decide(), "db-2 (no such host)");
  world.o.peers_asked = true;
  check_waits_for_peers(world.decide_after(30s - 1ms), "db-2 (no such host)");
  CHECK(steps(world.decide_after(1ms)) == opening);
}

TEST_CASE(
    "run: a volume that only pods of another cluster know does not open, however long it waits, and opens when one of its own answers") {
  for (const bool other_is_silent : {false, true}) {
    CAPTURE(other_is_silent);
    auto world = closed_primary();
    world.peer(1) = peer(1).holds("b:1-9").cluster('d').open();
    world.peer(2) = other_is_silent ? peer(2).never_heard() : peer(2).holds("b:1-9").cluster('d');
    for (const auto waited : {0s, 31s, 3600s}) {
      const auto plan = world.decide_after(waited);
      CHECK_FALSE(steps(plan).contains("open"));
      CHECK(plan.state == State::blocked);
      CHECK(plan.reason.code == Code::CLUSTER_MISMATCH);
      CHECK_MESSAGE(plan.reason.text.contains("db-1"), plan.reason.text);
    }
    world.peer(2) = peer(2).holds("a:1-5");
    world.decide();
    CHECK(steps(world.decide_after(31s)) == opening);
  }
}

TEST_CASE("run: a primary that this agent has seen open opens again, whatever pods of another cluster come by") {
  auto world = closed_primary();
  world.memory.opened = true;
  world.peer(1) = peer(1).holds("b:1-9").cluster('d');
  world.peer(2) = peer(2).never_heard();
  CHECK(steps(world.decide()) == opening);
}

TEST_CASE("run: a peer that has data and has not told its set is waited for, one that has none is not") {
  auto world = closed_primary();
  world.peer(2) = peer(2).answers(VolumeAnswer::has_data).cluster('c').in(State::recovering, Code::MYSQL_RECOVERING);
  check_waits_for_peers(world.decide(), "db-2");
  world.peer(2) = peer(2).answers(VolumeAnswer::unknown).in(State::refused, Code::IDENTITY_CORRUPT);
  check_waits_for_peers(world.decide(), "db-2");
  world.peer(2) = peer(2).holds("a:1-5").cluster('d');
  check_waits_for_peers(world.decide(), "db-2");
  for (const auto answer : {VolumeAnswer::never_provisioned, VolumeAnswer::lost_data}) {
    world.peer(2) = peer(2).answers(answer);
    CHECK(steps(world.decide()) == opening);
  }
}

TEST_CASE("run: a primary that is alone opens once it is known that nobody else is there") {
  auto world = closed_primary();
  world.policy.replicas = 1;
  world.o.peers.clear();
  world.o.peers_asked = false;
  check_waits_for_peers(world.decide(), "the other pods");
  world.o.peers_asked = true;
  CHECK(steps(world.decide()) == opening);
}

TEST_CASE("run: after its time the primary goes on with those that answered, and still catches up from one") {
  auto world = primary_behind();
  world.peer(1) = peer(1).never_heard();
  world.decide();
  const auto plan = world.decide_after(30s);
  CHECK(steps(plan) == "change_source db-2, start_sql, start_io");
  CHECK(plan.reason.code == Code::PRIMARY_BEHIND);
}

TEST_CASE("run: a primary that cannot fetch what it is behind says with which error") {
  auto world = primary_behind();
  world.mysql().replica = channel_to(1);
  world.replica().io = ThreadState::off;
  world.replica().io_errno = 1045;
  world.replica().io_error = "Access denied";
  const auto plan = world.decide();
  CHECK(plan.reason.code == Code::PRIMARY_BEHIND);
  CHECK_MESSAGE(plan.reason.text.ends_with("; MySQL error 1045: Access denied"), plan.reason.text);
}

TEST_CASE("run: after a restart of mysqld in the same pod the sets last seen suffice") {
  auto world = open_primary();
  world.decide();
  world.peer(1) = peer(1).holds("a:1-5").silent();
  world.peer(2) = peer(2).never_heard();
  world.o.mysql = run::MysqlUnknown{};
  world.decide_after(1s);
  world.o.mysql = std::get<run::MysqlFacts>(closed_primary().o.mysql);
  CHECK(steps(world.decide_after(1s)) == opening);
}

TEST_CASE("run: a restart of the agent leaves an open primary open, before anybody has answered") {
  auto world = open_primary();
  world.memory = {};
  world.o.peers_asked = false;
  for (auto& view : world.o.peers) view = peer(view.pod.ordinal).never_heard();
  auto plan = world.decide();
  CHECK(plan.ready);
  CHECK(plan.state == State::serving);
  CHECK(steps(plan) == "write_mark");
  world.decide_after(10min);
  CHECK(world.decide().ready);
}

TEST_CASE("run: a primary that is behind stays closed and catches up from a peer without errants, the most advanced one") {
  auto world = closed_primary();
  world.peer(1) = peer(1).holds("a:1-12,1:1");
  world.peer(2) = peer(2).holds("a:1-9");
  auto plan = world.decide();
  CHECK(plan.state == State::catching_up);
  CHECK(plan.reason.code == Code::PRIMARY_BEHIND);
  CHECK(plan.reason.text == "this volume is 4 transactions behind db-2: catching up from it before opening");
  CHECK(alerts(plan) == "PEER_ERRANT");
  CHECK_FALSE(plan.ready);
  CHECK_FALSE(plan.donor_ready);
  CHECK(steps(plan) == "change_source db-2, start_sql, start_io");
  world.peer(1) = peer(1).holds("a:1-12");
  CHECK(steps(world.decide()) == "change_source db-1, start_sql, start_io");
}

TEST_CASE("run: a primary that caught up ends that replication, then opens") {
  auto world = primary_behind();
  world.mysql().replica = channel_to(1);
  CHECK(steps(world.decide()) == "");
  world.replica().io = world.replica().sql = ThreadState::off;
  CHECK(steps(world.decide()) == "start_sql, start_io");

  world.replica().io = world.replica().sql = ThreadState::on;
  world.replica().received = gtids("a:6-9");
  CHECK(steps(world.decide()) == "");  // received is not applied
  world.executed("a:1-9");
  CHECK(steps(world.decide()) == "stop_io");
  world.replica().io = ThreadState::off;
  CHECK(steps(world.decide()) == "forget_source");
  world.mysql().replica.reset();
  CHECK(steps(world.decide()) == opening);
}

TEST_CASE("run: what a closed primary has received it applies, whether or not anybody is ahead") {
  auto world = closed_primary();
  world.mysql().replica = channel_to(1);
  world.replica().io = world.replica().sql = ThreadState::off;
  world.replica().received = gtids("a:6-9");
  CHECK(steps(world.decide()) == "start_sql");

  // The peer to catch up from is another one now: first what came from the old one.
  world.peer(2) = peer(2).holds("a:1-12");
  CHECK(steps(world.decide()) == "start_sql");
  world.replica().sql = ThreadState::on;
  CHECK(steps(world.decide()) == "");
  world.executed("a:1-9");
  CHECK(steps(world.decide()) == "stop_sql, change_source db-2, start_sql, start_io");
}

TEST_CASE("run: a primary that cannot apply what it received says so") {
  auto world = primary_behind();
  world.mysql().replica = channel_to(1);
  world.replica().sql = ThreadState::off;
  world.replica().sql_errno = 1062;
  world.replica().sql_error = "Duplicate entry";
  const auto plan = world.decide();
  CHECK(plan.reason.code == Code::REPLICA_SQL_ERROR);
  CHECK(plan.state == State::diverged);
  CHECK(steps(plan) == "start_sql");
  CHECK(steps(world.decide_after(1s)) == "");
}

TEST_CASE("run: a primary that is behind a peer which fell silent waits for it, and fetches nothing meanwhile") {
  auto world = primary_behind();
  world.peer(1) = peer(1).holds("a:1-12").silent();
  world.peer(2) = peer(2).holds("a:1-5");
  auto plan = world.decide();
  CHECK(plan.reason.code == Code::PRIMARY_BEHIND);
  CHECK(plan.reason.text == "this volume is 7 transactions behind db-1: it is silent now, and waited for");
  CHECK(steps(plan) == "");
  world.peer(2) = peer(2).holds("a:1-9");  // less than db-1, and it answers
  CHECK(steps(world.decide()) == "change_source db-2, start_sql, start_io");
}

TEST_CASE("run: a primary behind peers that have purged what it lacks names the one to reseed from") {
  auto world = primary_behind();
  for (const std::uint32_t n : {1U, 2U}) world.peer(n) = peer(n).holds("a:1-9").purged("a:1-7");
  const auto plan = world.decide();
  CHECK(plan.state == State::diverged);
  CHECK(plan.reason.code == Code::PRIMARY_BEHIND_PURGED);
  CHECK_MESSAGE(plan.reason.text.contains("db-1 has " + gtids("a:6-9").to_string()), plan.reason.text);
  CHECK(steps(plan) == "");
  world.peer(2) = peer(2).holds("a:1-8").purged("a:1-5");
  CHECK(steps(world.decide()) == "change_source db-2, start_sql, start_io");
}

TEST_CASE("run: a primary behind a peer whose transactions are mixed with errants fetches nothing and names both") {
  auto world = primary_behind();
  world.peer(1) = peer(1).holds("a:1-9,1:1");
  world.peer(2) = peer(2).holds("a:1-5");
  const auto plan = world.decide();
  CHECK(plan.reason.code == Code::PRIMARY_BEHIND_PURGED);
  CHECK(plan.reason.text.contains(gtids("a:6-9").to_string()));
  CHECK(plan.reason.text.contains(gtids("1:1").to_string()));
  CHECK(steps(plan) == "");
}

TEST_CASE("run: errants of a peer are named, and no reason to stay closed") {
  auto world = closed_primary();
  world.peer(2) = peer(2).holds("a:1-5,2:1-3");
  const auto plan = world.decide();
  CHECK(steps(plan) == opening);
  REQUIRE(alerts(plan) == "PEER_ERRANT");
  CHECK(plan.alerts.front().text == "db-2 has transactions of its own: " + gtids("2:1-3").to_string());
}

TEST_CASE("run: a fork fetches nothing, opens, and names both tails") {
  auto world = closed_primary();
  world.executed("a:1-5,b:1-2");
  world.peer(1) = peer(1).holds("a:1-9");
  world.peer(2) = peer(2).holds("a:1-5,b:1-2");
  const auto plan = world.decide();
  CHECK(steps(plan) == opening);
  REQUIRE(alerts(plan) == "FORKED");
  CHECK(plan.alerts.front().text == "db-1 has " + gtids("a:6-9").to_string() + " which this pod lacks, and lacks " +
                                        gtids("b:1-2").to_string() + " which this pod has");
}

TEST_CASE("run: one forked peer does not keep a primary from catching up from another") {
  auto world = closed_primary();
  world.peer(1) = peer(1).holds("a:1-3,b:1");
  world.peer(2) = peer(2).holds("a:1-9");
  const auto plan = world.decide();
  CHECK(steps(plan) == "change_source db-2, start_sql, start_io");
  CHECK(alerts(plan) == "FORKED");
}

TEST_CASE("run: a tail that returns when the primary has opened without it is named, and changes nothing") {
  auto world = open_primary();
  world.peer(1) = peer(1).holds("a:1-9");
  auto plan = world.decide();
  CHECK(plan.ready);
  CHECK(steps(plan) == "");
  REQUIRE(alerts(plan) == "FORKED");
  CHECK(plan.alerts.front().text == "db-1 has " + gtids("a:6-9").to_string() + " which this pod lacks");
  world.executed("a:1-5,0:1");
  plan = world.decide();
  CHECK(plan.ready);
  REQUIRE(alerts(plan) == "FORKED");
  CHECK(plan.alerts.front().text.ends_with("and lacks " + gtids("0:1").to_string() + " which this pod has"));
}

TEST_CASE("run: a replica that has our newest transactions before us is no fork") {
  auto world = open_primary();
  world.executed("a:1-5,0:1-7");
  world.peer(1) = peer(1).holds("a:1-5,0:1-4").received("0:1-8");
  world.peer(2) = peer(2).holds("a:1-5,0:1-8");
  CHECK(alerts(world.decide()) == "");
}

TEST_CASE("run: a set that shrank closes an open primary and keeps a closed one closed") {
  auto world = open_primary();
  world.executed("0:1");
  auto plan = world.decide();
  CHECK(plan.state == State::diverged);
  CHECK(plan.reason.code == Code::GTID_SET_SHRANK);
  CHECK_FALSE(plan.donor_ready);
  CHECK(steps(plan) == "close");
  world.mysql().read_only = world.mysql().super_read_only = true;
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("run: a wrong cluster id closes an open primary and keeps a closed one closed") {
  auto world = open_primary();
  world.o.identity.mark.reset();
  world.mysql().cluster.cluster_id = uuid('d');
  auto plan = world.decide();
  CHECK(plan.state == State::blocked);
  CHECK(plan.reason.code == Code::CLUSTER_MISMATCH);
  CHECK_FALSE(plan.donor_ready);
  CHECK(steps(plan) == "close");
  world.mysql().read_only = world.mysql().super_read_only = true;
  CHECK(steps(world.decide()) == "");
  world.mysql().cluster = {};
  CHECK(world.decide().reason.code == Code::CLUSTER_ROW_MISSING);
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("run: the row of ordinal.cluster is put back where the mark proves the data ours") {
  using Kind = run::ClusterRow::Kind;
  const std::vector<run::ClusterRow> rows{
      {.kind = Kind::missing}, {.kind = Kind::several}, {.kind = Kind::present}, {.kind = Kind::present, .cluster_id = uuid('d')}};
  for (const auto& row : rows) {
    auto world = open_primary();
    world.mysql().cluster = row;
    auto plan = world.decide();
    CHECK(plan.ready);
    CHECK_FALSE(plan.donor_ready);
    CHECK(alerts(plan) == "CLUSTER_ROW_MISSING");
    CHECK(steps(plan) == "restore_cluster_row");

    world = closed_primary();
    world.mysql().cluster = row;
    plan = world.decide();
    CHECK(steps(plan) == "restore_cluster_row, write_mark, open");
    CHECK(alerts(plan) == "CLUSTER_ROW_MISSING");
  }
}

TEST_CASE("run: a closed primary writes nothing of its own while it may be behind") {
  auto world = primary_behind();
  world.mysql().cluster = {};
  CHECK(steps(world.decide()) == "change_source db-1, start_sql, start_io");
  world.peer(2) = peer(2).never_heard();
  world.memory.sets_wanted_since.reset();
  CHECK(steps(world.decide()) == "");
}

TEST_CASE("run: a primary that is half open is closed while it waits, and opened wholly once it may") {
  auto world = closed_primary();
  world.mysql().super_read_only = false;
  world.peer(2) = peer(2).never_heard();
  CHECK(steps(world.decide()) == "set_super_read_only");
  world = open_primary();
  world.mysql().event_scheduler = false;
  CHECK(steps(world.decide()) == "open");
}

TEST_CASE("run: semi-synchronous replication is switched on once a replica that acknowledges is connected") {
  auto world = open_primary();
  world.mysql().semi_sync = {.replica_enabled = true};
  auto plan = world.decide();
  CHECK(steps(plan) == "");
  CHECK(plan.semi_sync == SemiSync::degraded);
  CHECK(alerts(plan) == "SEMI_SYNC_DEGRADED");
  CHECK(plan.ready);
  world.mysql().semi_sync.clients = 1;
  plan = world.decide();
  REQUIRE(steps(plan) == "enable_semi_sync_source");
  CHECK(std::get<run::EnableSemiSyncSource>(plan.actions.front()).enabled);
  world.mysql().semi_sync.source_enabled = world.mysql().semi_sync.source_active = true;
  plan = world.decide();
  CHECK(steps(plan) == "");
  CHECK(plan.semi_sync == SemiSync::active);
  CHECK(alerts(plan) == "");
}

TEST_CASE("run: semi-synchronous replication without anybody who acknowledges is degraded, and said to be") {
  for (const run::SemiSyncFacts facts : {run::SemiSyncFacts{.source_enabled = true, .source_active = false, .clients = 1},
                                         run::SemiSyncFacts{.source_enabled = true, .source_active = true, .clients = 0}}) {
    auto world = open_primary();
    world.mysql().semi_sync = facts;
    const auto plan = world.decide();
    CHECK(plan.semi_sync == SemiSync::degraded);
    CHECK(alerts(plan) == "SEMI_SYNC_DEGRADED");
    CHECK(plan.ready);
  }
}

TEST_CASE("run: semi-synchronous replication is off where it is switched off, or where there is one pod") {
  for (const std::uint32_t replicas : {1U, 3U}) {
    auto world = open_primary();
    world.policy.replicas = replicas;
    world.policy.semi_sync = replicas == 1;
    if (replicas == 1) world.o.peers.clear();
    auto plan = world.decide();
    REQUIRE(steps(plan) == "enable_semi_sync_source");
    CHECK_FALSE(std::get<run::EnableSemiSyncSource>(plan.actions.front()).enabled);
    world.mysql().semi_sync.source_enabled = false;
    plan = world.decide();
    CHECK(steps(plan) == "");
    CHECK(plan.semi_sync == SemiSync::off);
    CHECK(alerts(plan) == "");
  }
}

TEST_CASE("run: semi-synchronous replication is switched on when a pod of one was scaled up, which its configuration does not say") {
  auto world = open_primary();
  world.policy.replicas = 1;
  world.mysql().semi_sync = {.clients = 1};
  const auto plan = world.decide();
  REQUIRE(steps(plan) == "enable_semi_sync_source");
  CHECK(std::get<run::EnableSemiSyncSource>(plan.actions.front()).enabled);
}

TEST_CASE("run: a primary is a donor only when it is open, ours, and has the clone plugin") {
  CHECK(open_primary().decide().donor_ready);
  CHECK_FALSE(closed_primary().decide().donor_ready);
  auto world = open_primary();
  world.mysql().clone_plugin = false;
  CHECK_FALSE(world.decide().donor_ready);
}

TEST_CASE("run: a drained primary closes, notes what it has, and is released when nobody fetches from it any more") {
  auto world = open_primary();
  world.o.draining = world.o.drained = true;
  world.mysql().fetchers = 2;
  world.o.identity.mark->writable = true;
  world.peer(1) = peer(1).holds("a:1-5").fetches_from(0);
  auto plan = world.decide();
  CHECK(steps(plan) == "close");
  CHECK(plan.reason.code == Code::DRAINING);
  CHECK_FALSE(plan.released);

  world.mysql().read_only = world.mysql().super_read_only = true;
  world.executed("a:1-6");
  plan = world.decide();
  REQUIRE(steps(plan) == "write_mark");
  CHECK(std::get<run::WriteMark>(plan.actions.front()).executed == gtids("a:1-6"));
  CHECK_FALSE(std::get<run::WriteMark>(plan.actions.front()).writable);
  CHECK_FALSE(plan.donor_ready);
  CHECK_FALSE(plan.released);

  // Cut off while it fetches, a replica would only connect again.
  world.o.identity.mark = Mark{.gtid_executed = gtids("a:1-6")};
  CHECK(steps(world.decide()) == "");
  world.peer(1) = peer(1).holds("a:1-6").fetches_from(2);
  world.peer(2) = peer(2).holds("a:1-6").silent();
  plan = world.decide();
  CHECK(steps(plan) == "end_fetching");
  CHECK_FALSE(plan.released);

  world.mysql().fetchers = 0;
  plan = world.decide();
  CHECK(steps(plan) == "");
  CHECK(plan.released);
  CHECK_FALSE(plan.ready);
}

TEST_CASE("run: a drained primary that is closed does not open again") {
  auto world = closed_primary();
  world.o.draining = world.o.drained = true;
  world.o.identity.mark->writable = false;
  const auto plan = world.decide();
  CHECK(steps(plan) == "");
  CHECK(plan.released);
}

TEST_CASE("run: events that a restore left switched off are named by an open primary, and are nothing new on a replica") {
  run::RareFacts rare;
  rare.disabled_events = {"shop.cleanup", "shop.report"};
  auto primary = open_primary();
  primary.o.rare = rare;
  const auto plan = primary.decide();
  REQUIRE(alerts(plan) == "EVENTS_DISABLED");
  CHECK(plan.alerts.front().text.contains("shop.cleanup, shop.report"));
  CHECK(plan.ready);
  auto replica = serving_replica();
  replica.o.rare = rare;
  CHECK(alerts(replica.decide()) == "");
}

}  // namespace ordinal::test
