// Each act against real servers, with no more than the agent's own privileges.
#include "mysql/acts.hpp"

#include <doctest/doctest.h>

#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <tuple>

#include "mysql/observe.hpp"
#include "mysql_server/server.hpp"
#include "support/run.hpp"

namespace ordinal::mysql {
namespace {

namespace asio = boost::asio;
using run::Action;
using run::MysqlFacts;
using test::observed;
using test::Server;

constexpr Milliseconds limit{5'000};
constexpr std::chrono::seconds test_limit{120};

ActContext context(std::uint16_t source_port = 3306) {
  ActContext values;
  values.source_port = source_port;
  values.replication_passwords = {Secret(std::string(test::replication_password))};
  values.cluster_id = Uuid::parse(test::cluster_id);
  return values;
}

/// Every act must be harmless when done twice, so it is done twice.
asio::awaitable<void> twice(Connection& connection, Action action, ActContext values) {
  for (int i = 0; i < 2; ++i) {
    const Result<void> done = co_await apply(connection, action, values);
    CHECK_MESSAGE(done.has_value(), (done ? "" : done.error().to_string()));
  }
}

/// The replica follows the source with both threads on.
asio::awaitable<void> follow(Connection& replica, const Server& source) {
  co_await twice(replica, run::ChangeSource{"127.0.0.1"}, context(source.port()));
  co_await twice(replica, run::StartSql{}, context());
  co_await twice(replica, run::StartIo{}, context());
  co_await observed(replica, [](const MysqlFacts& f) { return f.replica->io == ThreadState::on && f.replica->sql == ThreadState::on; });
}

TEST_CASE("apply: opens, closes and locks a server") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        co_await twice(connection, run::Open{}, context());
        Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK_FALSE(facts->read_only);
        CHECK_FALSE(facts->super_read_only);
        CHECK(facts->event_scheduler);
        co_await twice(connection, run::Close{}, context());
        facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->read_only);
        CHECK(facts->super_read_only);
        CHECK_FALSE(facts->event_scheduler);
        co_await s.root("SET GLOBAL super_read_only=OFF");
        co_await twice(connection, run::SetSuperReadOnly{}, context());
        facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->super_read_only);
        CHECK(facts->executed.of(facts->server_uuid).empty());  // none of it is a transaction
      }(server),
      test_limit);
}

TEST_CASE("apply: a running statement is in the way of super_read_only, and is waited for no longer than a second") {
  Server server;
  server.start({"--super-read-only=OFF", "--read-only=OFF"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        asio::co_spawn(co_await asio::this_coro::executor, s.root("INSERT INTO shop.orders SELECT 1 + SLEEP(8)"), asio::detached);
        while (co_await s.root("SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_STATE='User sleep'") == "0") {
        }
        Result<void> done = co_await apply(connection, run::SetSuperReadOnly{}, context());
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == Kind::timeout);
        CHECK(done.error().code == 1205);

        // The agent's own limit may pass first; then nothing of the act may stay behind, for it would strike later.
        ActContext impatient = context();
        impatient.limit = Milliseconds(300);
        done = co_await apply(connection, run::SetSuperReadOnly{}, impatient);
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == Kind::timeout);
        CHECK(done.error().code == 0);
        CHECK(done.error().detail.ends_with("; killed"));
        const Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK_FALSE(facts->super_read_only);
        while (co_await s.root("SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_USER='ordinal'") != "1") {
        }
      }(server),
      test_limit);
}

TEST_CASE("apply: an agent that stops gives the act up at once") {
  Server server;
  server.start({"--super-read-only=OFF", "--read-only=OFF"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        const Connection connection = co_await s.connect();
        const auto executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, s.root("INSERT INTO shop.orders SELECT 1 + SLEEP(8)"), asio::detached);
        while (co_await s.root("SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_STATE='User sleep'") == "0") {
        }
        const Result<void> done = co_await asio::co_spawn(executor, apply(connection, run::SetSuperReadOnly{}, context()),
                                                          asio::cancel_after(std::chrono::milliseconds(300), asio::use_awaitable));
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == Kind::cancelled);
      }(server),
      test_limit);
}

TEST_CASE("apply: an open transaction does not delay super_read_only") {
  Server server;
  server.start({"--super-read-only=OFF", "--read-only=OFF"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection client = co_await s.connect();
        CHECK(co_await client.execute("START TRANSACTION; DELETE FROM ordinal.cluster", limit, ""));
        Connection connection = co_await s.connect();
        co_await twice(connection, run::SetSuperReadOnly{}, context());
        CHECK((co_await client.execute("COMMIT", limit, "")).error().code == 1290);
      }(server),
      test_limit);
}

TEST_CASE("apply: makes a replica, which receives and applies") {
  Server source(1);
  Server replica(2);
  source.start({"--super-read-only=OFF", "--read-only=OFF"});
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection connection = co_await to.connect();
        co_await follow(connection, from);
        co_await from.root("INSERT INTO shop.orders VALUES (1)");
        const GtidSet wanted = GtidSet::parse(co_await from.root("SELECT @@GLOBAL.gtid_executed")).value();
        const MysqlFacts facts = co_await observed(connection, [&](const MysqlFacts& f) { return f.executed.contains(wanted); });
        CHECK(facts.replica->source_host == "127.0.0.1");
        CHECK(facts.replica->source_port == from.port());
        CHECK(facts.replica->source_user == "ordinal_replication");
        CHECK(facts.replica->auto_position);
        CHECK(facts.replica->ssl);
        CHECK(facts.replica->ssl_ca == "");
        CHECK_FALSE(facts.replica->ssl_verified);
        CHECK(facts.replica->connect_retry_seconds == 1);
        CHECK(facts.replica->retry_count == 1);
        CHECK(facts.replica->delay_seconds == 0);
        CHECK(facts.replica->received.count() == 1);
        // The password is nowhere in the server.
        CHECK(co_await to.root("SELECT User_password FROM mysql.slave_master_info") == "");
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: the IO thread is off with an error when its source has gone, and is started again with the password") {
  Server source(1);
  Server replica(2);
  source.start();
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection connection = co_await to.connect();
        co_await follow(connection, from);
        from.kill();
        const MysqlFacts lost = co_await observed(connection, [](const MysqlFacts& f) { return f.replica->io == ThreadState::off; });
        // 2013 when the one attempt to reconnect fell into the instant of the source's end.
        CHECK((lost.replica->io_errno == 2003 || lost.replica->io_errno == 2013));
        CHECK(lost.replica->sql == ThreadState::on);
        from.start();
        co_await twice(connection, run::StartIo{}, context());
        co_await observed(connection, [](const MysqlFacts& f) { return f.replica->io == ThreadState::on; });
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: the IO thread is connecting while its source is frozen") {
  Server source(1);
  Server replica(2);
  source.start();
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection connection = co_await to.connect();
        co_await twice(connection, run::ChangeSource{"127.0.0.1"}, context(from.port()));
        from.freeze();
        ActContext two_passwords = context();
        two_passwords.replication_passwords.insert(two_passwords.replication_passwords.begin(), Secret("other"));
        CHECK(co_await apply(connection, run::StartIo{}, two_passwords));
        co_await observed(connection, [](const MysqlFacts& f) { return f.replica->io == ThreadState::connecting; });
        from.thaw();
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: the second password is tried when the source refuses the first") {
  Server source(1);
  Server replica(2);
  source.start();
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection connection = co_await to.connect();
        co_await twice(connection, run::ChangeSource{"127.0.0.1"}, context(from.port()));
        ActContext values = context();
        values.replication_passwords = {Secret("wrong")};
        CHECK(co_await apply(connection, run::StartIo{}, values));
        const MysqlFacts refused = co_await observed(connection, [](const MysqlFacts& f) { return f.replica->io == ThreadState::off; });
        CHECK(refused.replica->io_errno == 1045);
        values.replication_passwords.emplace_back(std::string(test::replication_password));
        CHECK(co_await apply(connection, run::StartIo{}, values));
        co_await observed(connection, [](const MysqlFacts& f) { return f.replica->io == ThreadState::on; });
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: a replication password that MySQL would cut is refused, and no error shows one") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        ActContext values = context();
        values.replication_passwords = {Secret(std::string(33, 'x'))};
        CHECK((co_await apply(connection, run::StartIo{}, values)).error().kind == Kind::bad_config);
        values.replication_passwords = {Secret("\xff")};
        CHECK((co_await apply(connection, run::StartIo{}, values)).error().kind == Kind::bad_config);
        values.replication_passwords.clear();
        CHECK((co_await apply(connection, run::StartIo{}, values)).error().kind == Kind::bad_config);
        const Error error = (co_await apply(connection, run::StartIo{}, context())).error();  // there is no source
        CHECK(error.code == 1200);
        CHECK(error.detail == "MySQL refused it");
      }(server),
      test_limit);
}

/// Whether the account takes the password over TLS, as REQUIRE SSL wants it.
asio::awaitable<bool> takes(const Connection& connection, const Server& server, std::string_view account, std::string password) {
  const Result<bool> taken = co_await connection.takes_password(std::string(account), Secret(std::move(password)), server.port(), limit);
  REQUIRE_MESSAGE(taken.has_value(), (taken ? "" : taken.error().to_string()));
  co_return *taken;
}

asio::awaitable<std::set<Account>> with_old_password(Connection& connection) {
  const Result<run::RareFacts> facts = co_await observe_rarely(connection, limit);
  REQUIRE_MESSAGE(facts.has_value(), (facts ? "" : facts.error().to_string()));
  co_return facts->with_old_password;
}

asio::awaitable<void> change(Connection& connection, Action action, std::string password) {
  ActContext values = context();
  values.account_password = Secret(std::move(password));
  const Result<void> done = co_await apply(connection, action, values);
  CHECK_MESSAGE(done.has_value(), (done ? "" : done.error().to_string()));
}

TEST_CASE("apply: a new password is set beside the old one, which is discarded later, for each account by itself") {
  Server server;
  server.start({"--super-read-only=OFF", "--read-only=OFF", "--password-history=3"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        const std::string changed = "it's \\ \"new\" 密";
        for (const auto& [account, user, old] :
             {std::tuple(Account::replication, "ordinal_replication", std::string(test::replication_password)),
              std::tuple(Account::clone, "ordinal_clone", std::string("clone"))}) {
          CAPTURE(user);
          CHECK_FALSE(co_await takes(connection, s, user, changed));
          CHECK((co_await with_old_password(connection)).empty());
          co_await change(connection, run::SetPassword{account}, changed);
          CHECK(co_await takes(connection, s, user, changed));
          CHECK(co_await takes(connection, s, user, old));
          CHECK(co_await with_old_password(connection) == std::set{account});
          co_await change(connection, run::DiscardOldPassword{account}, changed);
          co_await change(connection, run::DiscardOldPassword{account}, changed);
          CHECK(co_await takes(connection, s, user, changed));
          CHECK_FALSE(co_await takes(connection, s, user, old));
        }
        CHECK((co_await with_old_password(connection)).empty());
      }(server),
      test_limit);
}

TEST_CASE("apply: discarding the old password leaves the file's one, also when that is the old one put back") {
  Server server;
  server.start({"--super-read-only=OFF", "--read-only=OFF"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        co_await change(connection, run::SetPassword{Account::clone}, "changed");
        co_await change(connection, run::DiscardOldPassword{Account::clone}, "clone");
        CHECK(co_await takes(connection, s, "ordinal_clone", "clone"));
        CHECK_FALSE(co_await takes(connection, s, "ordinal_clone", "changed"));
        CHECK((co_await with_old_password(connection)).empty());
      }(server),
      test_limit);
}

TEST_CASE("apply: a password is not set on a closed server nor for root, and no error shows it") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        ActContext values = context();
        CHECK((co_await apply(connection, run::SetPassword{Account::clone}, values)).error().kind == Kind::bad_config);
        values.account_password = Secret("sesame");
        CHECK((co_await apply(connection, run::SetPassword{Account::root}, values)).error().kind == Kind::bad_config);
        CHECK((co_await apply(connection, run::SetPassword{Account::clone}, values)).error().code == 1290);
        co_await s.root("SET GLOBAL super_read_only=OFF; DROP USER ordinal_clone@'%'");
        const Error error = (co_await apply(connection, run::SetPassword{Account::clone}, values)).error();
        CHECK(error.code == 1396);
        CHECK_FALSE(error.to_string().contains("sesame"));
        CHECK(co_await s.root("SELECT COUNT(*) FROM performance_schema.events_statements_history WHERE SQL_TEXT LIKE '%sesa_e%'") == "0");
      }(server),
      test_limit);
}

TEST_CASE("apply: stops either thread, and a stopped replica takes another source") {
  Server source(1);
  Server replica(2);
  source.start();
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection connection = co_await to.connect();
        co_await follow(connection, from);
        CHECK_FALSE(co_await apply(connection, run::ChangeSource{"localhost"}, context(from.port())));  // not while the threads run
        co_await twice(connection, run::StopIo{}, context());
        Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->replica->io == ThreadState::off);
        CHECK(facts->replica->sql == ThreadState::on);
        co_await twice(connection, run::StopSql{}, context());
        facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->replica->sql == ThreadState::off);
        co_await to.root("CHANGE REPLICATION SOURCE TO SOURCE_DELAY=60, SOURCE_AUTO_POSITION=0, SOURCE_SSL=0, SOURCE_RETRY_COUNT=7");
        co_await twice(connection, run::ChangeSource{"it's \\ elsewhere"}, context(3999));
        facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->replica->source_host == "it's \\ elsewhere");
        CHECK(facts->replica->source_port == 3999);
        CHECK(facts->replica->delay_seconds == 0);
        CHECK(facts->replica->auto_position);
        CHECK(facts->replica->ssl);
        CHECK(facts->replica->retry_count == 1);
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: with a TLS directory the source's certificate is verified") {
  Server source(1);
  Server replica(2);
  source.start();
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection connection = co_await to.connect();
        ActContext values = context(from.port());
        values.tls_directory = to.directory() / "nothing";
        co_await twice(connection, run::ChangeSource{"127.0.0.1"}, values);
        const Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->replica->ssl_ca == values.tls_directory + "/ca.crt");
        CHECK(facts->replica->ssl_verified);
        co_await twice(connection, run::StartIo{}, values);
        co_await observed(connection, [](const MysqlFacts& f) { return f.replica->io == ThreadState::off && f.replica->io_errno != 0; });
        co_await twice(connection, run::StopIo{}, values);
        co_await follow(connection, from);  // without the directory nothing is verified again
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: forgets the source, on a server that has none too, and on one that a clone made") {
  Server source(1);
  Server replica(2);
  source.start();
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection connection = co_await to.connect();
        co_await twice(connection, run::ResetReplicaAll{}, context());
        co_await follow(connection, from);
        co_await twice(connection, run::ForgetSource{}, context());
        Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK_FALSE(facts->replica);
        co_await follow(connection, from);
        co_await twice(connection, run::ResetReplicaAll{}, context());
        facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK_FALSE(facts->replica);
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: who fetches is disconnected once it was sent all, and not before") {
  Server source(1);
  Server replica(2);
  source.start({"--super-read-only=OFF", "--read-only=OFF"});
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection primary = co_await from.connect();
        Connection connection = co_await to.connect();
        co_await follow(connection, from);
        co_await observed(primary, [](const MysqlFacts& f) { return f.fetchers == 1; });
        // More than the buffers of a connection hold, to someone who does not read.
        to.freeze();
        co_await from.root(
            "CREATE TABLE shop.pages (page LONGBLOB); SET SESSION binlog_row_image = FULL;"
            "INSERT INTO shop.pages VALUES (REPEAT('x', 30000000))");
        co_await twice(primary, run::EndFetching{}, context());
        const Result<MysqlFacts> sending = co_await observe(primary, limit);
        REQUIRE(sending);
        CHECK(sending->fetchers == 1);
        to.thaw();
        co_await observed(connection, [&](const MysqlFacts& f) { return f.executed.contains(sending->executed); });
        co_await twice(connection, run::StopIo{}, context());
        co_await observed(primary, [](const MysqlFacts& f) { return f.fetchers == 1; });
        co_await twice(primary, run::EndFetching{}, context());
        co_await observed(primary, [](const MysqlFacts& f) { return f.fetchers == 0; });
        // What was cut off comes back when it is told to.
        co_await twice(connection, run::StartIo{}, context());
        co_await observed(primary, [](const MysqlFacts& f) { return f.fetchers == 1; });
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: semi-synchronous replication, seen from both sides") {
  Server source(1);
  Server replica(2);
  source.start({"--super-read-only=OFF", "--read-only=OFF"});
  replica.start();
  test::run(
      [](Server& from, Server& to) -> asio::awaitable<void> {
        Connection primary = co_await from.connect();
        Connection connection = co_await to.connect();
        co_await twice(connection, run::EnableSemiSyncReplica{true}, context());
        co_await follow(connection, from);
        // The primary counts who would acknowledge before it asks for any acknowledgement.
        const MysqlFacts before = co_await observed(primary, [](const MysqlFacts& f) { return f.semi_sync.clients == 1; });
        CHECK_FALSE(before.semi_sync.source_enabled);
        co_await twice(primary, run::EnableSemiSyncSource{true}, context());
        co_await observed(primary, [](const MysqlFacts& f) { return f.semi_sync.source_enabled && f.semi_sync.source_active; });
        CHECK(co_await from.root("SELECT CONCAT(@@GLOBAL.rpl_semi_sync_source_timeout, @@GLOBAL.rpl_semi_sync_source_wait_point)") ==
              "2000AFTER_SYNC");
        co_await from.root("INSERT INTO shop.orders VALUES (1)");
        CHECK(co_await from.root(
                  "SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME='Rpl_semi_sync_source_yes_tx'") == "1");
        co_await twice(primary, run::EnableSemiSyncSource{false}, context());
        co_await twice(connection, run::EnableSemiSyncReplica{false}, context());
        const Result<MysqlFacts> off = co_await observe(primary, limit);
        REQUIRE(off);
        CHECK_FALSE(off->semi_sync.source_enabled);
      }(source, replica),
      test_limit);
}

TEST_CASE("apply: puts ordinal.cluster back on a closed server and leaves it closed") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        for (const std::string damage : {"DROP DATABASE ordinal", "DROP TABLE ordinal.cluster", "DELETE FROM ordinal.cluster",
                                         "UPDATE ordinal.cluster SET cluster_id='5f0c0000-0000-4000-8000-000000000002'"}) {
          co_await s.root("SET GLOBAL super_read_only=OFF; " + damage + "; SET GLOBAL super_read_only=ON");
          co_await twice(connection, run::RestoreClusterRow{}, context());
          const Result<MysqlFacts> facts = co_await observe(connection, limit);
          REQUIRE(facts);
          CHECK(facts->cluster.kind == run::ClusterRow::Kind::present);
          CHECK(facts->cluster.cluster_id == Uuid::parse(test::cluster_id));
          CHECK(facts->read_only);
          CHECK(facts->super_read_only);
        }
        co_await s.root(
            "SET GLOBAL super_read_only=OFF; DROP TABLE ordinal.cluster; CREATE TABLE ordinal.cluster (number INT PRIMARY KEY);"
            "SET GLOBAL super_read_only=ON");
        CHECK((co_await apply(connection, run::RestoreClusterRow{}, context())).error().code == 1054);
        const Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->super_read_only);
        ActContext nameless = context();
        nameless.cluster_id.reset();
        CHECK((co_await apply(connection, run::RestoreClusterRow{}, nameless)).error().kind == Kind::bad_config);
      }(server),
      test_limit);
}

TEST_CASE("apply: puts ordinal.cluster back on an open server and leaves it open") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        co_await twice(connection, run::Open{}, context());
        co_await s.root("DROP DATABASE ordinal");
        co_await twice(connection, run::RestoreClusterRow{}, context());
        const Result<MysqlFacts> facts = co_await observe(connection, limit);
        REQUIRE(facts);
        CHECK(facts->cluster.cluster_id == Uuid::parse(test::cluster_id));
        CHECK_FALSE(facts->read_only);
      }(server),
      test_limit);
}

TEST_CASE("apply: an act of the identity's is refused, and the server is not even asked") {
  test::run([]() -> asio::awaitable<void> {
    Connection nowhere(co_await asio::this_coro::executor, {.socket = "/nowhere/mysqld.sock"}, [] { return std::vector{Secret("x")}; });
    CHECK((co_await apply(nowhere, run::WriteMark{}, context())).error().kind == Kind::unexpected);
    CHECK((co_await apply(nowhere, run::WriteServerUuid{}, context())).error().kind == Kind::unexpected);
    CHECK((co_await apply(nowhere, run::SetLatch{}, context())).error().kind == Kind::unexpected);
    CHECK((co_await apply(nowhere, run::Open{}, context())).error().kind == Kind::unreachable);
  }());
}

}  // namespace
}  // namespace ordinal::mysql
