// Killed anywhere, run converges: a small model of a server and its channel to which each plan is applied act by act, cut off after every
// number of acts by the death of the agent, of mysqld, or of both, and decided upon again.
#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <string>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

enum class Dies : std::uint8_t { agent, mysqld, both };

/// A server that can be fetched from.
struct Server {
  GtidSet executed;
  GtidSet purged;
};

/// A pod: its server is the facts of `world`, which the acts change.
class Machine {
 public:
  explicit Machine(RunWorld world) : world_(std::move(world)) {
    for (const auto& view : world_.o.peers) {
      if (!view.answer || !view.answer->status.mysql) continue;
      const auto& mysql = *view.answer->status.mysql;
      servers_[view.host] = {mysql.gtid_executed, mysql.gtid_purged};
      // Only an open source is known to keep what it has.
      if (mysql.open) kept_ = mysql.gtid_executed.without(mysql.gtid_purged);
    }
  }

  /// Runs until it is ready; after so many acts `dies` happens once.
  void run(std::size_t acts, Dies dies) {
    acts_left_ = acts;
    for (int cycle = 0; cycle < 100; ++cycle) {
      const auto plan = world_.decide_after(500ms);
      if (plan.ready && plan.actions.empty()) return;
      for (const auto& action : plan.actions) {
        if (acts_left_-- == 0) {
          die(dies);
          was_killed_ = true;
          break;
        }
        const auto before = held();
        std::visit([this](const auto& act) { apply(act); }, action);
        const auto lost = before.without(held()).without(kept_);
        CHECK_MESSAGE((fresh_ || lost.empty()), lost.to_string());
      }
      come_on();
    }
    FAIL("it does not converge: " << world_.decide().reason.text);
  }

  [[nodiscard]] bool was_killed() const { return was_killed_; }
  RunWorld& world() { return world_; }

 private:
  GtidSet held() {
    const auto& mysql = world_.mysql();
    return mysql.replica ? mysql.executed.united(mysql.replica->received) : mysql.executed;
  }

  void die(Dies dies) {
    if (dies != Dies::mysqld) world_.memory = {};
    if (dies == Dies::agent) return;
    auto& mysql = world_.mysql();
    mysql.read_only = mysql.super_read_only = true;
    mysql.event_scheduler = false;
    if (mysql.replica) mysql.replica->io = mysql.replica->sql = ThreadState::off;
  }

  /// What the threads do between two cycles: first they apply, so that what is received is there for a while.
  void come_on() {
    auto& mysql = world_.mysql();
    if (!mysql.replica) return;
    auto& replica = *mysql.replica;
    if (replica.sql == ThreadState::on) mysql.executed = mysql.executed.united(replica.received);
    if (replica.io == ThreadState::off || !servers_.contains(replica.source_host)) return;
    const auto& server = servers_.at(replica.source_host);
    if (!held().contains(server.purged)) {
      replica.io = ThreadState::off;
      replica.io_errno = 13114;
      return;
    }
    replica.received = replica.received.united(server.executed.without(held()));
  }

  void apply(const run::SetSuperReadOnly&) { world_.mysql().read_only = world_.mysql().super_read_only = true; }
  void apply(const run::ResetReplicaAll&) {
    REQUIRE_FALSE(world_.o.identity.replication_reset);
    fresh_ = true;
    world_.mysql().replica.reset();
    world_.o.identity.replication_reset = true;
  }
  void apply(const run::StartSql&) {
    REQUIRE(world_.mysql().replica.has_value());
    world_.replica().sql = ThreadState::on;
  }
  void apply(const run::StopSql&) { world_.replica().sql = ThreadState::off; }
  void apply(const run::StartIo&) {
    REQUIRE(world_.mysql().replica.has_value());
    fresh_ = false;
    world_.replica().io = ThreadState::on;
    world_.replica().io_errno = 0;
  }
  void apply(const run::StopIo&) { world_.replica().io = ThreadState::off; }
  void apply(const run::ChangeSource& change) {
    auto& replica = world_.mysql().replica;
    if (replica) REQUIRE((replica->io == ThreadState::off && replica->sql == ThreadState::off));
    replica = serving_replica().replica();
    replica->io = replica->sql = ThreadState::off;
    replica->source_host = change.host;
  }
  void apply(const run::ForgetSource&) {
    REQUIRE(world_.replica().io == ThreadState::off);
    world_.mysql().replica.reset();
  }
  void apply(const run::WriteMark& mark) { world_.o.identity.mark = Mark{.gtid_executed = mark.executed, .writable = mark.writable}; }
  void apply(const run::WriteServerUuid& uuid) { world_.o.identity.server_uuid = uuid.server_uuid; }
  void apply(const run::SetLatch&) { FAIL("nothing here is lost"); }
  void apply(const run::Open&) {
    REQUIRE(world_.o.identity.mark.has_value());
    REQUIRE(world_.o.identity.mark->writable);
    REQUIRE_FALSE(world_.mysql().replica.has_value());
    world_.mysql().read_only = world_.mysql().super_read_only = false;
    world_.mysql().event_scheduler = true;
  }
  void apply(const run::Close&) { FAIL("nothing here is to be closed"); }
  void apply(const run::EndFetching&) { FAIL("nothing here goes away"); }
  void apply(const run::RestoreClusterRow&) {
    world_.mysql().cluster = {.kind = run::ClusterRow::Kind::present, .cluster_id = uuid('c')};
    world_.mysql().executed = world_.mysql().executed.united(gtids("0:1-2"));
  }
  void apply(const run::EnableSemiSyncSource& enable) {
    world_.mysql().semi_sync.source_enabled = world_.mysql().semi_sync.source_active = enable.enabled;
  }
  void apply(const run::ProvePassword&) { FAIL("nothing here concerns a password"); }
  void apply(const run::SetPassword&) { FAIL("nothing here concerns a password"); }
  void apply(const run::DiscardOldPassword&) { FAIL("nothing here concerns a password"); }
  void apply(const run::EnableSemiSyncReplica& enable) { world_.mysql().semi_sync.replica_enabled = enable.enabled; }

  RunWorld world_;
  std::map<std::string, Server> servers_;
  GtidSet kept_;        ///< what may be thrown away, for the open source has it
  bool fresh_ = false;  ///< a fresh copy, whose settings came with it
  bool was_killed_ = false;
  std::size_t acts_left_ = 0;
};

/// Cuts it off after every number of acts, in each way; `check` looks at what it ends as.
template <class Check>
void check_converges(const RunWorld& world, Check check) {
  for (const auto dies : {Dies::agent, Dies::mysqld, Dies::both}) {
    for (std::size_t acts = 0;; ++acts) {
      CAPTURE(acts);
      Machine machine(world);
      machine.run(acts, dies);
      check(machine.world());
      if (!machine.was_killed()) break;
    }
  }
}

void check_replica(const RunWorld& world, std::string_view set) {
  check_converges(world, [&](RunWorld& ended) {
    CHECK(ended.mysql().executed == gtids(set));
    REQUIRE(ended.mysql().replica.has_value());
    CHECK(ended.replica().source_host == host(0));
    CHECK(ended.replica().io == ThreadState::on);
    CHECK(ended.replica().sql == ThreadState::on);
    CHECK(ended.mysql().super_read_only);
  });
}

void check_primary(const RunWorld& world, std::string_view set) {
  check_converges(world, [&](RunWorld& ended) {
    CHECK(ended.mysql().executed.contains(gtids(set)));
    CHECK_FALSE(ended.mysql().read_only);
    CHECK_FALSE(ended.mysql().replica.has_value());
    CHECK(ended.mysql().cluster.cluster_id == uuid('c'));
  });
}

/// Replica 1, just started, with this set; the source is open and has "a:1-12".
RunWorld started_replica(std::string_view executed) {
  auto world = serving_replica();
  world.memory = {};
  world.executed(executed).mark(executed);
  world.peer(0) = peer(0).holds("a:1-12").open();
  world.peer(2) = peer(2).holds("a:1-10");
  world.replica().io = world.replica().sql = ThreadState::off;
  return world;
}

}  // namespace

TEST_CASE("run: killed anywhere, a fresh clone forgets its donor's settings and serves") {
  auto world = started_replica("a:1-5");
  world.o.identity.mark.reset();
  world.o.identity.replication_reset = false;
  world.o.identity.server_uuid.reset();
  world.replica().source_host = host(2);
  world.replica().received = gtids("a:1-5");
  check_replica(world, "a:1-12");
}

TEST_CASE("run: killed anywhere, a reattached replica goes on where it was") {
  auto world = started_replica("a:1-5");
  world.replica().received = gtids("a:4-8");
  check_replica(world, "a:1-12");
}

TEST_CASE("run: killed anywhere, a replica whose source was changed comes back to it") {
  auto world = started_replica("a:1-5");
  world.replica().source_host = "elsewhere.example";
  world.replica().io = world.replica().sql = ThreadState::on;
  world.replica().received = gtids("a:4-8");
  world.mysql().read_only = world.mysql().super_read_only = false;
  check_replica(world, "a:1-12");
}

TEST_CASE("run: killed anywhere, a replica whose source was changed keeps what its own has purged") {
  auto world = started_replica("a:1-5");
  world.replica().source_host = "elsewhere.example";
  world.replica().received = gtids("a:6-8");
  world.peer(0) = peer(0).holds("a:1-12").open().purged("a:1-8");
  check_replica(world, "a:1-12");
}

TEST_CASE("run: killed anywhere, a replica that needs a sibling catches up from it and goes back") {
  auto world = started_replica("a:1-5");
  world.peer(0) = peer(0).holds("a:1-12").open().purged("a:1-8");
  check_replica(world, "a:1-12");
}

TEST_CASE("run: killed anywhere, a new primary opens") {
  auto world = closed_primary();
  world.memory = {};
  world.o.identity.mark.reset();
  world.o.identity.server_uuid.reset();
  check_primary(world, "a:1-5");
}

TEST_CASE("run: killed anywhere, a restored primary forgets the settings that came with the copy and opens") {
  auto world = closed_primary();
  world.memory = {};
  world.o.identity.mark.reset();
  world.o.identity.replication_reset = false;
  world.mysql().replica = serving_replica().replica();
  world.replica().io = world.replica().sql = ThreadState::off;
  check_primary(world, "a:1-5");
}

TEST_CASE("run: killed anywhere, a primary that is behind catches up, ends that replication and opens") {
  auto world = closed_primary();
  world.memory = {};
  world.peer(1) = peer(1).holds("a:1-9");
  world.peer(2) = peer(2).holds("a:1-12");
  check_primary(world, "a:1-12");
}

TEST_CASE("run: killed anywhere, a primary keeps what it received from a peer that is gone since") {
  auto world = closed_primary();
  world.memory = {};
  world.mysql().replica = serving_replica().replica();
  world.replica().source_host = host(1);
  world.replica().io = world.replica().sql = ThreadState::off;
  world.replica().received = gtids("a:6-12");
  world.peer(1) = peer(1);
  world.peer(2) = peer(2).holds("a:1-9");
  check_primary(world, "a:1-12");
}

TEST_CASE("run: killed anywhere, a primary whose row was overwritten catches up first and then puts it back") {
  auto world = closed_primary();
  world.memory = {};
  world.mysql().cluster.cluster_id = uuid('d');
  world.peer(2) = peer(2).holds("a:1-9");
  check_primary(world, "a:1-9");
}

}  // namespace ordinal::test
