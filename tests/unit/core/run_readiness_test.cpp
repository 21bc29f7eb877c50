// When a replica is ready: the lag bound, the silence of the source, and each condition falsified in turn.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

/// The source has gone on; whether we have is the test's matter.
void source_at(RunWorld& world, std::string_view set) { world.peer(0) = peer(0).holds(set).open(); }

void fall_silent(RunWorld& world) { world.peer(0) = peer(0).holds("a:1-5").open().silent(); }

}  // namespace

TEST_CASE("run: the lag bound is the age of the newest sample of the source that we contain") {
  auto world = serving_replica();
  auto source = peer(0).holds("a:1-5").open().at(now - 200ms);
  source.status().agent.sample_age_ms = 300;
  world.peer(0) = source;
  const auto plan = world.decide();
  CHECK(plan.ready);
  CHECK(plan.replication->lag_seconds == doctest::Approx(0.5));
  CHECK(plan.replication->behind_transactions == 0);
}

TEST_CASE("run: the lag bound grows while we stand still, and falls when we come on") {
  auto world = serving_replica();
  world.decide();
  source_at(world, "a:1-6");
  auto plan = world.decide_after(4s);
  CHECK(plan.replication->lag_seconds == doctest::Approx(4));
  CHECK(plan.replication->behind_transactions == 1);
  CHECK(plan.ready);
  source_at(world, "a:1-9");
  plan = world.decide_after(6s);
  CHECK(plan.replication->lag_seconds == doctest::Approx(10));
  CHECK(plan.ready);
  plan = world.decide_after(1ms);
  CHECK_FALSE(plan.ready);
  CHECK(plan.state == State::catching_up);
  CHECK(plan.reason.code == Code::LAG_TOO_HIGH);
  world.executed("a:1-6");
  CHECK(world.decide_after(0ms).replication->lag_seconds == doctest::Approx(6.001));
  CHECK(world.decide_after(0ms).ready);
}

TEST_CASE("run: a replica that contains no sample yet does not guess its lag") {
  auto world = serving_replica();
  source_at(world, "a:1-9");
  const auto plan = world.decide();
  CHECK_FALSE(plan.ready);
  CHECK(plan.reason.code == Code::LAG_UNKNOWN);
  CHECK_FALSE(plan.replication->lag_seconds.has_value());
}

TEST_CASE("run: a frozen source that still answers makes the bound grow no less honestly") {
  auto world = serving_replica();
  world.decide();
  auto frozen = peer(0).holds("a:1-5").open();
  for (int i = 1; i <= 20; ++i) {
    frozen.status().agent.sample_age_ms = i * 1000;
    world.peer(0) = frozen;
    world.decide_after(1s);
  }
  const auto plan = world.decide_after(0ms);
  CHECK(plan.replication->lag_seconds == doctest::Approx(20));
  CHECK_FALSE(plan.ready);
}

TEST_CASE("run: a replica far behind keeps few samples, and its bound only a little too high") {
  auto world = serving_replica();
  world.policy.max_lag = 1h;
  world.decide();
  for (int i = 6; i < 1006; ++i) {
    source_at(world, "a:1-" + std::to_string(i));
    world.decide_after(1s);
    REQUIRE(world.memory.source.size() <= 129);
  }
  // At second 500 after `now` the source had a:1-505.
  world.executed("a:1-505");
  const auto plan = world.decide_after(0ms);
  CHECK(*plan.replication->lag_seconds >= 500);
  CHECK(*plan.replication->lag_seconds <= 516);
}

TEST_CASE("run: a source that misses a moment changes nothing, silence is spoken of after 3 s, and reads go on") {
  auto world = serving_replica();
  world.decide();
  fall_silent(world);
  for (const auto span : std::vector<Milliseconds>{500ms, 2499ms, 1ms, 1ms, 10min}) {
    const auto plan = world.decide_after(span);
    CHECK(plan.ready);
    CHECK(plan.state == State::serving);
    CHECK(alerts(plan) == (world.o.now - now >= 3s ? "SOURCE_SILENT" : ""));
  }
  const auto plan = world.decide_after(0ms);
  CHECK(*plan.replication->source_silence_seconds > 600);
  CHECK(*plan.replication->lag_seconds > 600);
}

TEST_CASE("run: the silence of a source begins when its last answer was true, not when that came") {
  auto world = serving_replica();
  auto old = peer(0).holds("a:1-5").open();
  old.status().agent.sample_age_ms = 2'400;
  world.peer(0) = old;
  world.decide();
  fall_silent(world);
  CHECK(alerts(world.decide_after(599ms)) == "");
  const auto plan = world.decide_after(1ms);
  CHECK(alerts(plan) == "SOURCE_SILENT");
  CHECK(*plan.replication->source_silence_seconds == doctest::Approx(3.0));
}

TEST_CASE("run: a closed source counts as silent") {
  auto world = serving_replica();
  world.decide();
  world.peer(0) = peer(0).holds("a:1-5");
  world.replica().io = ThreadState::off;
  CHECK(world.decide_after(1s).ready);
  const auto plan = world.decide_after(10min);
  CHECK(plan.ready);
  CHECK(alerts(plan) == "SOURCE_NOT_OPEN");
}

TEST_CASE("run: a replica that starts while its source is silent is ready after a moment, its channel being set up") {
  auto world = serving_replica();
  world.o.started_at = now;
  world.memory = {.mark_written_at = now};
  world.replica().io = ThreadState::off;
  world.peer(0) = peer(0).never_heard();
  world.o.peers_asked = false;
  auto plan = world.decide();
  CHECK(plan.reason.code == Code::SOURCE_UNKNOWN);
  world.o.peers_asked = true;
  plan = world.decide_after(3s - 1ms);
  CHECK_FALSE(plan.ready);
  CHECK(world.decide_after(1ms).ready);
}

TEST_CASE("run: while the source is silent a replica is ready once all that it received is applied") {
  auto world = serving_replica();
  world.decide();
  fall_silent(world);
  world.replica().received = gtids("a:4-9");
  auto plan = world.decide_after(11s);
  CHECK_FALSE(plan.ready);
  CHECK(plan.state == State::catching_up);
  CHECK(plan.reason.code == Code::APPLYING_RECEIVED);
  world.executed("a:1-9");
  CHECK(world.decide_after(1s).ready);
}

TEST_CASE("run: readiness.max_source_silence ends readiness, and only when it is set") {
  auto world = serving_replica();
  world.policy.max_source_silence = 60s;
  world.decide();
  fall_silent(world);
  CHECK(world.decide_after(60s).ready);
  const auto plan = world.decide_after(1ms);
  CHECK_FALSE(plan.ready);
  CHECK(plan.reason.code == Code::SOURCE_SILENCE_TOO_LONG);
}

TEST_CASE("run: a serving replica is unready for each single thing that must hold, and names it") {
  struct Row {
    std::string check;
    State state;
    void (*break_it)(RunWorld&);
  };
  const std::vector<Row> rows{
      {"super_read_only", State::configuring, [](RunWorld& world) { world.mysql().super_read_only = false; }},
      {"gtid_set", State::diverged, [](RunWorld& world) { world.mark("a:1-6"); }},
      {"cluster", State::configuring, [](RunWorld& world) { world.mysql().cluster = {}; }},
      {"latch", State::diverged, [](RunWorld& world) { world.o.identity.latched = Latch::source_lost_transactions; }},
      {"source_cluster", State::blocked, [](RunWorld& world) { world.peer(0) = peer(0).holds("a:1-5").open().cluster('d'); }},
      {"errant", State::diverged,
       [](RunWorld& world) {
         world.executed("a:1-5,1:1").memory.own.clear();
         world.peer(0).answer->sent_at = world.mysql().taken_at;
       }},
      {"source_has_it", State::diverged, [](RunWorld& world) { world.peer(0) = peer(0).holds("a:1-5,b:1").open().purged("b:1"); }},
      {"channel", State::configuring, [](RunWorld& world) { world.replica().source_host = "elsewhere.example"; }},
      {"replication", State::configuring,
       [](RunWorld& world) {
         world.mysql().replica.reset();
         world.peer(0) = peer(0).holds("a:1-5").open().silent();
       }},
      {"replication_sql", State::configuring, [](RunWorld& world) { world.replica().sql = ThreadState::off; }},
      {"replication_sql", State::diverged,
       [](RunWorld& world) {
         world.replica().sql = ThreadState::off;
         world.replica().sql_errno = 1062;
       }},
      {"replication_io", State::configuring, [](RunWorld& world) { world.replica().io = ThreadState::off; }},
      {"lag", State::catching_up, [](RunWorld& world) { world.policy.max_lag = 99ms; }},
  };
  for (const auto& row : rows) {
    CAPTURE(row.check);
    auto world = serving_replica();
    world.decide_after(100ms);
    world.o.now += 100ms;  // the sample is that old
    REQUIRE(world.decide().ready);
    row.break_it(world);
    const auto plan = world.decide();
    CHECK_FALSE(plan.ready);
    CHECK(to_string(plan.state) == to_string(row.state));
    CHECK_MESSAGE(failed_checks(plan).starts_with(row.check), failed_checks(plan));
    CHECK_FALSE(plan.reason.text.empty());
  }
}

TEST_CASE("run: an IO thread that connects is as good as one that runs") {
  auto world = serving_replica();
  world.replica().io = ThreadState::connecting;
  CHECK(world.decide().ready);
}

TEST_CASE("run: an IO thread that is off because its source is silent is shown as connecting") {
  auto world = serving_replica();
  world.decide();
  fall_silent(world);
  world.replica().io = ThreadState::off;
  const auto plan = world.decide_after(5s);
  CHECK(plan.ready);
  CHECK(plan.replication->io == ThreadState::connecting);
}

}  // namespace ordinal::test
