// The statements of each act, and the session in which it runs.
#include "mysql/acts.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/mysql/character_set.hpp>
#include <boost/mysql/common_server_errc.hpp>
#include <boost/mysql/format_sql.hpp>
#include <chrono>
#include <string_view>
#include <utility>

namespace ordinal::mysql {

namespace asio = boost::asio;
namespace sql = boost::mysql;

namespace {

constexpr std::string_view replication_user = "ordinal_replication";
constexpr std::string_view clone_user = "ordinal_clone";
// MySQL manual, "CHANGE REPLICATION SOURCE TO Statement". START REPLICA cuts a longer one without a word, and the source then says 1045.
constexpr std::size_t replication_password_bytes_max = 32;
constexpr Milliseconds kill_limit{1'000};
constexpr Milliseconds close_limit{100};
// How long the first of two passwords may take to be refused. A source that has not answered by then shows in the next reading.
constexpr Milliseconds refusal_limit{1'000};
constexpr Milliseconds refusal_poll{20};

// As initialising makes it, in provision/statements.
constexpr std::string_view cluster_table =
    "CREATE DATABASE IF NOT EXISTS ordinal; "
    "CREATE TABLE IF NOT EXISTS ordinal.cluster (id TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (id = 1), "
    "cluster_id CHAR(36) NOT NULL, made_at DATETIME NOT NULL) ENGINE=InnoDB CHARACTER SET ascii; ";

/// The statement with its arguments quoted for a session with sql_mode='' and utf8mb4, as all of ours are.
template <class... Arguments>
Result<std::string> statement(std::string_view where, sql::constant_string_view format, const Arguments&... arguments) {
  sql::format_context context(sql::format_options{sql::utf8mb4_charset, true});
  sql::format_sql_to(context, format, arguments...);
  boost::system::result<std::string> text = std::move(context).get();
  if (!text) return fail(Kind::bad_config, std::string(where), "a value in the statement is not UTF-8");
  return *std::move(text);
}

/// One act on its way: a session of its own and the instant when it must be done.
class Act {
 public:
  Act(const Connection& connection, ActContext context)
      : session_(connection.another()), context_(std::move(context)), deadline_(now() + context_.limit) {}

  asio::awaitable<Result<void>> run(run::SetSuperReadOnly) { return execute("set super_read_only", "SET GLOBAL super_read_only=ON"); }
  asio::awaitable<Result<void>> run(run::ResetReplicaAll) { return forget("reset replication"); }
  asio::awaitable<Result<void>> run(run::ForgetSource) { return forget("forget the source"); }
  asio::awaitable<Result<void>> run(run::StartSql) { return execute("start the SQL thread", "START REPLICA SQL_THREAD FOR CHANNEL ''"); }
  asio::awaitable<Result<void>> run(run::StopSql) { return execute("stop the SQL thread", "STOP REPLICA SQL_THREAD FOR CHANNEL ''"); }
  asio::awaitable<Result<void>> run(run::StopIo) { return execute("stop the IO thread", "STOP REPLICA IO_THREAD FOR CHANNEL ''"); }
  asio::awaitable<Result<void>> run(run::StartIo);
  asio::awaitable<Result<void>> run(run::ChangeSource change);
  asio::awaitable<Result<void>> run(run::Open) {
    return execute("open", "SET GLOBAL super_read_only=OFF, GLOBAL read_only=OFF, GLOBAL event_scheduler=ON");
  }
  asio::awaitable<Result<void>> run(run::Close) {
    // The events first: stopping them waits for nothing, and they must not outlast a close that is held up.
    return execute("close", "SET GLOBAL event_scheduler=OFF; SET GLOBAL super_read_only=ON");
  }
  asio::awaitable<Result<void>> run(run::EndFetching);
  asio::awaitable<Result<void>> run(run::RestoreClusterRow);
  asio::awaitable<Result<void>> run(run::EnableSemiSyncSource enable);
  asio::awaitable<Result<void>> run(run::EnableSemiSyncReplica enable) {
    return execute("switch semi-synchronous acknowledging",
                   enable.enabled ? "SET GLOBAL rpl_semi_sync_replica_enabled=ON" : "SET GLOBAL rpl_semi_sync_replica_enabled=OFF");
  }
  asio::awaitable<Result<void>> run(run::SetPassword set);
  asio::awaitable<Result<void>> run(run::DiscardOldPassword discard);
  asio::awaitable<Result<void>> run(run::ProvePassword) { return not_ours("prove a password"); }
  asio::awaitable<Result<void>> run(run::WriteMark) { return not_ours("write the mark"); }
  asio::awaitable<Result<void>> run(run::WriteServerUuid) { return not_ours("write the server_uuid"); }
  asio::awaitable<Result<void>> run(run::SetLatch) { return not_ours("set the latch"); }

  /// Kills what outlived the limit, else says goodbye.
  asio::awaitable<void> end(Result<void>& outcome);

 private:
  static Instant now() { return std::chrono::steady_clock::now(); }
  [[nodiscard]] Milliseconds left() const { return elapsed(now(), deadline_); }

  asio::awaitable<Result<void>> execute(std::string where, std::string text);
  asio::awaitable<Result<void>> forget(std::string where) { return execute(std::move(where), "STOP REPLICA; RESET REPLICA ALL"); }
  asio::awaitable<Result<void>> execute_with_password(std::string where, std::string text);
  asio::awaitable<Result<void>> alter_password(std::string where, Account account, sql::constant_string_view format);
  asio::awaitable<Result<void>> start_io(Secret password);
  asio::awaitable<Result<bool>> password_refused();
  static asio::awaitable<Result<void>> not_ours(std::string where) {
    co_return fail(Kind::unexpected, std::move(where), "this act is not one on the agent's own session");
  }

  Connection session_;
  ActContext context_;
  Instant deadline_;
};

asio::awaitable<Result<void>> Act::execute(std::string where, std::string text) {
  Result<sql::results> done = co_await session_.execute(std::move(text), left(), std::move(where));
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return Result<void>{};
}

// Some of MySQL's messages repeat the statement or a part of it, and this one holds a password. The number says enough.
asio::awaitable<Result<void>> Act::execute_with_password(std::string where, std::string text) {
  Result<void> done = co_await execute(std::move(where), std::move(text));
  if (!done && done.error().code != 0) done.error().detail = "MySQL refused it";
  co_return done;
}

asio::awaitable<void> Act::end(Result<void>& outcome) {
  // Without a code it is our own patience that ended, not the statement.
  if (!outcome && outcome.error().kind == Kind::timeout && outcome.error().code == 0 && session_.session()) {
    Connection second = session_.another();
    Result<sql::results> killed =
        co_await second.execute("KILL " + std::to_string(*session_.session()), kill_limit, "kill what outlived its limit");
    outcome.error().detail += killed ? "; killed" : "; " + killed.error().to_string();
    co_await second.close(close_limit);
    co_return;
  }
  co_await session_.close(close_limit);
}

asio::awaitable<Result<void>> Act::run(run::StartIo) {
  const std::string where = "start the IO thread";
  const std::vector<Secret>& passwords = context_.replication_passwords;
  if (passwords.empty()) co_return fail(Kind::bad_config, where, "no replication password is known");
  for (std::size_t i = 0; i < passwords.size(); ++i) {
    if (passwords[i].reveal().size() > replication_password_bytes_max) {
      co_return fail(Kind::bad_config, where, "the replication password is longer than the 32 bytes that MySQL can use");
    }
    Result<void> started = co_await start_io(passwords[i]);
    if (!started || i + 1 == passwords.size()) co_return started;
    const Result<bool> refused = co_await password_refused();
    if (!refused) co_return std::unexpected(refused.error());
    if (!*refused) break;
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Act::start_io(Secret password) {
  const std::string where = "start the IO thread";
  Result<std::string> text =
      statement(where, "START REPLICA IO_THREAD USER={} PASSWORD={} FOR CHANNEL ''", replication_user, password.reveal());
  if (!text) co_return std::unexpected(std::move(text).error());
  co_return co_await execute_with_password(where, *std::move(text));
}

// Whether the source has refused the password with which the IO thread was just started; the start has cleared the thread's last error.
asio::awaitable<Result<bool>> Act::password_refused() {
  const Instant patience = std::min(now() + refusal_limit, deadline_);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (now() < patience) {
    const Result<sql::results> answer = co_await session_.execute(
        "SELECT SERVICE_STATE = 'CONNECTING', LAST_ERROR_NUMBER = 1045 FROM performance_schema.replication_connection_status "
        "WHERE CHANNEL_NAME = ''",
        left(), "see whether the source takes the password");
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->rows().empty()) co_return false;
    const sql::row_view row = answer->rows().at(0);
    if (row.at(0).as_int64() == 0) co_return row.at(1).as_int64() != 0;
    timer.expires_after(refusal_poll);
    auto waited = co_await timer.async_wait(asio::as_tuple(asio::deferred));
    if (std::get<0>(waited)) co_return fail(Kind::cancelled, "see whether the source takes the password", "the agent is stopping");
  }
  co_return false;
}

asio::awaitable<Result<void>> Act::alter_password(std::string where, Account account, sql::constant_string_view format) {
  if (account == Account::root) co_return fail(Kind::bad_config, std::move(where), "root's password is not the agent's to change");
  if (context_.account_password.empty()) co_return fail(Kind::bad_config, std::move(where), "the password is not known");
  const std::string_view user = account == Account::replication ? replication_user : clone_user;
  Result<std::string> text = statement(where, format, user, context_.account_password.reveal());
  if (!text) co_return std::unexpected(std::move(text).error());
  co_return co_await execute_with_password(std::move(where), *std::move(text));
}

asio::awaitable<Result<void>> Act::run(run::SetPassword set) {
  // RETAIN makes the present password the old one, and forgets an older one (MySQL manual, "ALTER USER Statement"). A server-wide rule
  // about expiry or used passwords must not hold for an account that was there before us.
  return alter_password("set the password of the account " + std::string(to_string(set.account)), set.account,
                        "ALTER USER {0}@'%' IDENTIFIED BY {1} RETAIN CURRENT PASSWORD PASSWORD EXPIRE NEVER PASSWORD HISTORY 0 "
                        "PASSWORD REUSE INTERVAL 0 DAY");
}

asio::awaitable<Result<void>> Act::run(run::DiscardOldPassword discard) {
  // A file that was put back holds the old one, which a login does not tell from the new one: so it becomes the present one first.
  return alter_password("discard the old password of the account " + std::string(to_string(discard.account)), discard.account,
                        "ALTER USER {0}@'%' IDENTIFIED BY {1} PASSWORD EXPIRE NEVER PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY; "
                        "ALTER USER {0}@'%' DISCARD OLD PASSWORD");
}

asio::awaitable<Result<void>> Act::run(run::ChangeSource change) {
  const std::string where = "change the source to " + change.host;
  const bool verify = !context_.tls_directory.empty();
  // Every option is given each time: one that is left out would keep what it was. The two about retrying leave the reconnecting to the
  // agent, which checks the source first.
  Result<std::string> text =
      statement(where,
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST={}, SOURCE_PORT={}, SOURCE_USER={}, SOURCE_AUTO_POSITION=1, "
                "SOURCE_SSL=1, SOURCE_SSL_CA={}, SOURCE_SSL_VERIFY_SERVER_CERT={}, SOURCE_DELAY=0, SOURCE_CONNECT_RETRY=1, "
                "SOURCE_RETRY_COUNT=1 FOR CHANNEL ''",
                change.host, context_.source_port, replication_user, verify ? context_.tls_directory + "/ca.crt" : "", verify ? 1 : 0);
  if (!text) co_return std::unexpected(std::move(text).error());
  co_return co_await execute(where, *std::move(text));
}

asio::awaitable<Result<void>> Act::run(run::EndFetching) {
  const std::string where = "end the replicas' fetching";
  // MySQL manual, "Replication Source Thread States".
  const Result<sql::results> idle = co_await session_.execute(
      "SELECT PROCESSLIST_ID FROM performance_schema.threads WHERE PROCESSLIST_COMMAND IN ('Binlog Dump', 'Binlog Dump GTID') "
      "AND PROCESSLIST_STATE LIKE '% has sent all binlog to %'",
      left(), where);
  if (!idle) co_return std::unexpected(idle.error());
  for (const sql::row_view row : idle->rows()) {
    Result<void> ended = co_await execute(where, "KILL " + std::to_string(row.at(0).as_uint64()));
    const bool gone = !ended && ended.error().code == static_cast<int>(sql::common_server_errc::er_no_such_thread);
    if (!ended && !gone) co_return ended;
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Act::run(run::RestoreClusterRow) {
  const std::string where = "restore ordinal.cluster";
  if (!context_.cluster_id) co_return fail(Kind::bad_config, where, "the cluster id is not known");
  // Only super_read_only is lifted: CONNECTION_ADMIN writes under read_only, the clients do not.
  const Result<sql::results> before = co_await session_.execute("SELECT @@GLOBAL.super_read_only", left(), where);
  if (!before) co_return std::unexpected(before.error());
  const bool closed = before->rows().at(0).at(0).as_int64() != 0;
  const std::string insert =
      "INSERT INTO ordinal.cluster (id, cluster_id, made_at) VALUES (1, '" + context_.cluster_id->to_string() + "', UTC_TIMESTAMP())";
  Result<void> restored = co_await execute(where, (closed ? "SET GLOBAL super_read_only=OFF; " : "") + std::string(cluster_table) +
                                                      "START TRANSACTION; DELETE FROM ordinal.cluster; " + insert + "; COMMIT");
  if (!closed || (!restored && restored.error().kind == Kind::cancelled)) co_return restored;
  Result<void> closed_again = co_await execute(where, "ROLLBACK; SET GLOBAL super_read_only=ON");
  co_return restored ? closed_again : restored;
}

asio::awaitable<Result<void>> Act::run(run::EnableSemiSyncSource enable) {
  const std::string where = "switch semi-synchronous replication";
  if (!enable.enabled) co_return co_await execute(where, "SET GLOBAL rpl_semi_sync_source_enabled=OFF");
  co_return co_await execute(where, "SET GLOBAL rpl_semi_sync_source_wait_point=AFTER_SYNC, GLOBAL rpl_semi_sync_source_timeout=" +
                                        std::to_string(context_.semi_sync_timeout.count()) + ", GLOBAL rpl_semi_sync_source_enabled=ON");
}

}  // namespace

asio::awaitable<Result<void>> apply(const Connection& connection, run::Action action, ActContext context) {
  Act act(connection, std::move(context));
  Result<void> outcome = co_await std::visit([&](auto& what) { return act.run(std::move(what)); }, action);
  // A stopping agent cannot wait any more; what it leaves behind is what it wanted, and ends by itself.
  if (outcome || outcome.error().kind != Kind::cancelled) co_await act.end(outcome);
  co_return outcome;
}

}  // namespace ordinal::mysql
