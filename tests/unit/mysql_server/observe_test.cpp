// What observe() reads from a real server.
#include "mysql/observe.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <format>

#include "mysql/notify.hpp"
#include "mysql_server/server.hpp"
#include "support/run.hpp"

namespace ordinal::mysql {
namespace {

namespace asio = boost::asio;
using run::ClusterRow;
using run::MysqldPhase;
using run::MysqlFacts;
using test::Server;

constexpr Milliseconds limit{5'000};
constexpr std::chrono::seconds test_limit{120};

TEST_CASE("observe: a closed server that nobody has configured yet") {
  Server server(3);
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        const Instant before = std::chrono::steady_clock::now();
        const Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE_MESSAGE(facts.has_value(), (facts ? "" : facts.error().to_string()));
        CHECK(facts->taken_at >= before);
        CHECK(facts->version.starts_with("9.7."));
        CHECK(facts->server_uuid.to_string() == co_await s.root("SELECT @@server_uuid"));
        CHECK(facts->server_id == 103);
        CHECK(facts->executed == GtidSet::parse(co_await s.root("SELECT @@GLOBAL.gtid_executed")).value());
        CHECK(facts->purged.empty());
        CHECK(facts->read_only);
        CHECK(facts->super_read_only);
        CHECK_FALSE(facts->event_scheduler);
        CHECK(facts->clone_plugin);
        CHECK_FALSE(facts->donating);
        CHECK_FALSE(facts->offline_mode);
        CHECK(facts->fetchers == 0);
        CHECK(facts->cluster.kind == ClusterRow::Kind::present);
        CHECK(facts->cluster.cluster_id == Uuid::parse(test::cluster_id));
        CHECK_FALSE(facts->replica);
        CHECK_FALSE(facts->semi_sync.source_enabled);
        CHECK_FALSE(facts->semi_sync.source_active);
        CHECK(facts->semi_sync.clients == 0);
        CHECK_FALSE(facts->semi_sync.replica_enabled);
      }(server),
      test_limit);
}

TEST_CASE("observe: what someone switches is seen switched, and the executed and purged sets grow") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        co_await s.root(
            "SET GLOBAL read_only=OFF; SET GLOBAL event_scheduler=ON; INSERT INTO shop.orders VALUES (1); FLUSH BINARY LOGS;"
            "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY; SET GLOBAL rpl_semi_sync_source_enabled=ON;"
            "SET GLOBAL rpl_semi_sync_replica_enabled=ON; SET GLOBAL offline_mode=ON");
        const Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->offline_mode);
        CHECK_FALSE(facts->read_only);
        CHECK_FALSE(facts->super_read_only);
        CHECK(facts->event_scheduler);
        CHECK(facts->semi_sync.source_enabled);
        CHECK(facts->semi_sync.source_active);
        CHECK(facts->semi_sync.replica_enabled);
        CHECK(facts->executed.of(facts->server_uuid).count() == 1);
        CHECK(facts->purged == facts->executed);
      }(server),
      test_limit);
}

TEST_CASE("observe: without the plugins there is no clone plugin and no semi-synchronous replication, and no error") {
  Server server;
  server.start({"--plugin-load="});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        const Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE_MESSAGE(facts.has_value(), (facts ? "" : facts.error().to_string()));
        CHECK_FALSE(facts->clone_plugin);
        CHECK_FALSE(facts->semi_sync.source_enabled);
        CHECK(facts->semi_sync.clients == 0);
      }(server),
      test_limit);
}

TEST_CASE("observe: a cluster row that is gone, overwritten or doubled") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        const auto row_after = [&](std::string statements) -> asio::awaitable<ClusterRow> {
          co_await s.root("SET GLOBAL read_only=OFF; " + std::move(statements));
          Result<MysqlFacts> facts = co_await observe(connection, limit);
          REQUIRE_MESSAGE(facts.has_value(), (facts ? "" : facts.error().to_string()));
          co_return facts->cluster;
        };
        const ClusterRow other = co_await row_after("UPDATE ordinal.cluster SET cluster_id='5f0c0000-0000-4000-8000-000000000002'");
        CHECK(other.kind == ClusterRow::Kind::present);
        CHECK(other.cluster_id == Uuid::parse("5f0c0000-0000-4000-8000-000000000002"));
        const ClusterRow nonsense = co_await row_after("UPDATE ordinal.cluster SET cluster_id='nonsense'");
        CHECK(nonsense.kind == ClusterRow::Kind::present);
        CHECK_FALSE(nonsense.cluster_id);
        CHECK((co_await row_after("DELETE FROM ordinal.cluster")).kind == ClusterRow::Kind::missing);
        CHECK((co_await row_after("DROP TABLE ordinal.cluster; CREATE TABLE ordinal.cluster (number INT PRIMARY KEY)")).kind ==
              ClusterRow::Kind::missing);
        CHECK((co_await row_after("DROP TABLE ordinal.cluster")).kind == ClusterRow::Kind::missing);
        CHECK((co_await row_after("CREATE TABLE ordinal.cluster (cluster_id CHAR(36)); INSERT INTO ordinal.cluster VALUES ('a'), ('b')"))
                  .kind == ClusterRow::Kind::several);
        CHECK((co_await row_after("DROP DATABASE ordinal")).kind == ClusterRow::Kind::missing);
      }(server),
      test_limit);
}

TEST_CASE("observe: serving a clone is seen, and its end too") {
  Server server;
  server.start({"--super-read-only=OFF", "--read-only=OFF"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        // Slow enough to be seen: more than 20 MB at 10 MiB/s. The server may be its own recipient, when the copy goes elsewhere.
        co_await s.root(
            std::format("SET GLOBAL clone_autotune_concurrency=OFF; SET GLOBAL clone_max_data_bandwidth=10;"
                        "SET GLOBAL clone_valid_donor_list='127.0.0.1:{}'",
                        s.port()));
        std::string clone = std::format("CLONE INSTANCE FROM ordinal_clone@'127.0.0.1':{} IDENTIFIED BY 'clone' DATA DIRECTORY='{}'",
                                        s.port(), (s.directory() / "copy").string());
        asio::co_spawn(co_await asio::this_coro::executor, s.root(std::move(clone)), asio::detached);
        co_await test::observed(connection, [](const MysqlFacts& facts) { return facts.donating; });
        co_await test::observed(connection, [](const MysqlFacts& facts) { return !facts.donating; });
      }(server),
      test_limit);
}

TEST_CASE("observe_rarely: the names of what SET PERSIST stored, which has no effect") {
  Server server;
  server.start({"--persisted-globals-load=ON"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        co_await s.root("SET PERSIST max_connections=77; SET PERSIST binlog_expire_logs_seconds=1000");
        s.stop();
        s.start();
        Connection connection = co_await s.connect();
        const auto facts = co_await observe_rarely(connection, limit);
        REQUIRE_MESSAGE(facts.has_value(), (facts ? "" : facts.error().to_string()));
        CHECK(facts->persisted_variables == std::vector<std::string>{"binlog_expire_logs_seconds", "max_connections"});
        CHECK(co_await s.root("SELECT @@max_connections") != "77");
      }(server),
      test_limit);
}

TEST_CASE("observe_rarely: the events that only a replica would leave off, of every database") {
  Server server;
  server.start({"--super-read-only=OFF", "--read-only=OFF"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        co_await s.root(
            "CREATE EVENT shop.on_replica ON SCHEDULE EVERY 1 DAY DISABLE ON REPLICA DO DO 1;"
            "CREATE EVENT shop.by_hand ON SCHEDULE EVERY 1 DAY DISABLE DO DO 1;"
            "CREATE EVENT shop.running ON SCHEDULE EVERY 1 DAY DO DO 1; CREATE DATABASE another;"
            "CREATE EVENT another.on_replica ON SCHEDULE EVERY 1 DAY DISABLE ON REPLICA DO DO 1");
        const auto facts = co_await observe_rarely(connection, limit);
        REQUIRE_MESSAGE(facts.has_value(), (facts ? "" : facts.error().to_string()));
        CHECK(facts->disabled_events == std::vector<std::string>{"another.on_replica", "shop.on_replica"});
        CHECK(facts->persisted_variables.empty());
        CHECK(facts->with_old_password.empty());
      }(server),
      test_limit);
}

TEST_CASE("notify: hears a real mysqld start and stop") {
  Server server;
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        const std::string path = s.directory() / "notify";
        Notify notify(executor);
        REQUIRE(notify.open(path));
        asio::co_spawn(executor, notify.listen(), asio::detached);
        s.start({}, path);
        Connection connection = co_await s.connect();
        co_await test::observed(connection, [&](const MysqlFacts&) { return notify.phase() == MysqldPhase::ready; });
        s.terminate();
        asio::steady_timer timer(executor);
        for (bool gone = false; !gone || notify.phase() != MysqldPhase::stopping;) {
          const Result<MysqlFacts> facts = co_await observe(connection, limit);
          gone = !facts;
          timer.expires_after(Milliseconds(20));
          co_await timer.async_wait(asio::deferred);
        }
      }(server),
      test_limit);
}

}  // namespace
}  // namespace ordinal::mysql
