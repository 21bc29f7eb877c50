// The queries of one reading, and their rows as facts.
#include "mysql/observe.hpp"

#include <boost/mysql/common_server_errc.hpp>
#include <boost/mysql/field_view.hpp>
#include <boost/mysql/resultset_view.hpp>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace ordinal::mysql {

namespace asio = boost::asio;
namespace sql = boost::mysql;

namespace {

// One round trip. The executed set is a statement of its own, so that nothing is read before it. performance_schema cuts values at 1,024
// bytes, whence the system variables for the sets; it knows the variables of a plugin that is not loaded as no row, whence the subqueries.
constexpr std::string_view facts_query = R"(
SELECT @@GLOBAL.gtid_executed AS executed;
SELECT @@GLOBAL.gtid_purged AS purged, VERSION() AS version, @@server_uuid AS server_uuid, @@server_id AS server_id,
  @@GLOBAL.read_only AS read_only, @@GLOBAL.super_read_only AS super_read_only, @@GLOBAL.offline_mode AS offline_mode,
  @@GLOBAL.event_scheduler AS event_scheduler,
  (SELECT PLUGIN_STATUS FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'clone') AS clone_plugin,
  EXISTS (SELECT 1 FROM performance_schema.threads WHERE PROCESSLIST_COMMAND = 'clone') AS donating,
  (SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_COMMAND IN ('Binlog Dump', 'Binlog Dump GTID')) AS fetchers,
  (SELECT VARIABLE_VALUE FROM performance_schema.global_variables WHERE VARIABLE_NAME = 'rpl_semi_sync_source_enabled') AS source_enabled,
  (SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Rpl_semi_sync_source_status') AS source_active,
  (SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Rpl_semi_sync_source_clients') AS clients,
  (SELECT VARIABLE_VALUE FROM performance_schema.global_variables WHERE VARIABLE_NAME = 'rpl_semi_sync_replica_enabled') AS replica_enabled;
SHOW REPLICA STATUS;
)";
constexpr std::size_t executed_at = 0;
constexpr std::size_t facts_at = 1;
constexpr std::size_t replica_at = 2;

constexpr std::string_view cluster_query = "SELECT cluster_id FROM ordinal.cluster LIMIT 2";

// RETAIN CURRENT PASSWORD keeps the old one in mysql.user (seen on 9.7.4; INFORMATION_SCHEMA.USER_ATTRIBUTES does not show it); only the
// columns that the agent may read are named. No more than the bounds is worth a reading.
constexpr std::string_view rare_query = R"(
SELECT User FROM mysql.user WHERE User IN ('ordinal_replication', 'ordinal_clone') AND Host = '%'
  AND JSON_CONTAINS_PATH(User_attributes, 'one', '$.additional_password');
SELECT VARIABLE_NAME FROM performance_schema.persisted_variables ORDER BY VARIABLE_NAME LIMIT 1000;
SELECT CONCAT(EVENT_SCHEMA, '.', EVENT_NAME) AS name FROM information_schema.EVENTS WHERE STATUS = 'REPLICA_SIDE_DISABLED'
  ORDER BY name LIMIT 1000
)";
constexpr std::size_t old_passwords_at = 0;
constexpr std::size_t persisted_at = 1;
constexpr std::size_t events_at = 2;

std::string text_of(sql::field_view field) {
  switch (field.kind()) {
    case sql::field_kind::null: return {};
    case sql::field_kind::int64: return std::to_string(field.get_int64());
    case sql::field_kind::uint64: return std::to_string(field.get_uint64());
    case sql::field_kind::string: return field.get_string();
    case sql::field_kind::blob: return {field.get_blob().begin(), field.get_blob().end()};
    default: return "(a value of an unforeseen type)";  // no number, UUID or set: whoever reads it says so
  }
}

std::vector<std::string> first_column(sql::resultset_view answer) {
  std::vector<std::string> texts;
  for (const sql::row_view row : answer.rows()) texts.push_back(text_of(row.at(0)));
  return texts;
}

NamedRow named(sql::resultset_view answer, std::size_t row) {
  NamedRow columns;
  for (std::size_t i = 0; i < answer.meta().size(); ++i) columns[answer.meta()[i].column_name()] = text_of(answer.rows().at(row).at(i));
  return columns;
}

// Reads a row's columns one by one and keeps the first thing that was wrong with them.
class Columns {
 public:
  explicit Columns(const NamedRow& row) : row_(row) {}

  std::string text(std::string_view name) {
    const auto column = row_.find(name);
    if (column != row_.end()) return column->second;
    reject(name, "is missing");
    return {};
  }

  template <class Number>
  Number number(std::string_view name) {
    const std::optional<std::uint64_t> value = parse_unsigned(text(name));
    if (value && std::in_range<Number>(*value)) return static_cast<Number>(*value);
    reject(name, "is not a number of its range");
    return {};
  }

  GtidSet set(std::string_view name) {
    Result<GtidSet> value = GtidSet::parse(text(name));
    if (value) return *std::move(value);
    reject(name, value.error().detail);
    return {};
  }

  Uuid uuid(std::string_view name) {
    const std::optional<Uuid> value = Uuid::parse(text(name));
    if (!value) reject(name, "is not a UUID");
    return value.value_or(Uuid());
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  void reject(std::string_view name, std::string_view why) {
    if (!error_) error_ = Error{Kind::protocol, "read column " + std::string(name), std::string(why)};
  }

  const NamedRow& row_;
  std::optional<Error> error_;
};

ThreadState thread_state(std::string_view running) {
  if (running == "Yes") return ThreadState::on;
  return running == "Connecting" ? ThreadState::connecting : ThreadState::off;
}

std::optional<Error> read_server(const NamedRow& row, run::MysqlFacts& facts) {
  Columns columns(row);
  facts.purged = columns.set("purged");
  facts.version = columns.text("version");
  facts.server_uuid = columns.uuid("server_uuid");
  facts.server_id = columns.number<std::uint32_t>("server_id");
  facts.read_only = columns.text("read_only") != "0";
  facts.super_read_only = columns.text("super_read_only") != "0";
  facts.offline_mode = columns.text("offline_mode") != "0";
  facts.event_scheduler = columns.text("event_scheduler") == "ON";
  facts.clone_plugin = columns.text("clone_plugin") == "ACTIVE";
  facts.donating = columns.text("donating") == "1";
  facts.fetchers = columns.number<std::uint32_t>("fetchers");
  facts.semi_sync.source_enabled = columns.text("source_enabled") == "ON";
  facts.semi_sync.source_active = columns.text("source_active") == "ON";
  // Without the plugin there is no such counter.
  if (!columns.text("clients").empty()) facts.semi_sync.clients = columns.number<std::uint32_t>("clients");
  facts.semi_sync.replica_enabled = columns.text("replica_enabled") == "ON";
  return columns.error();
}

// The default channel's row; whatever other channels someone has made are none of ours.
Result<std::optional<run::ReplicaFacts>> read_replica(sql::resultset_view answer) {
  for (std::size_t i = 0; i < answer.rows().size(); ++i) {
    const NamedRow row = named(answer, i);
    const auto channel = row.find("Channel_Name");
    if (channel != row.end() && channel->second.empty()) return replica_facts(row);
  }
  return std::nullopt;
}

Result<run::ClusterRow> read_cluster(const Result<sql::results>& answer) {
  using sql::common_server_errc;
  if (!answer) {
    const int code = answer.error().code;
    const bool no_such_table = code == static_cast<int>(common_server_errc::er_no_such_table) ||
                               code == static_cast<int>(common_server_errc::er_bad_db_error) ||
                               code == static_cast<int>(common_server_errc::er_bad_field_error);  // a table of that name, but not ours
    if (!no_such_table) return std::unexpected(answer.error());
    return run::ClusterRow{};
  }
  const sql::rows_view rows = answer->rows();
  if (rows.empty()) return run::ClusterRow{};
  if (rows.size() > 1) return run::ClusterRow{.kind = run::ClusterRow::Kind::several, .cluster_id = {}};
  return run::ClusterRow{.kind = run::ClusterRow::Kind::present, .cluster_id = Uuid::parse(text_of(rows.at(0).at(0)))};
}

}  // namespace

Result<run::ReplicaFacts> replica_facts(const NamedRow& row) {
  Columns columns(row);
  run::ReplicaFacts facts;
  facts.source_host = columns.text("Source_Host");
  facts.source_port = columns.number<std::uint16_t>("Source_Port");
  facts.source_user = columns.text("Source_User");
  facts.auto_position = columns.text("Auto_Position") == "1";
  facts.ssl = columns.text("Source_SSL_Allowed") == "Yes";
  facts.ssl_ca = columns.text("Source_SSL_CA_File");
  facts.ssl_verified = columns.text("Source_SSL_Verify_Server_Cert") == "Yes";
  facts.connect_retry_seconds = columns.number<std::uint32_t>("Connect_Retry");
  facts.retry_count = columns.number<std::uint64_t>("Source_Retry_Count");
  facts.delay_seconds = columns.number<std::uint32_t>("SQL_Delay");
  facts.io = thread_state(columns.text("Replica_IO_Running"));
  facts.sql = thread_state(columns.text("Replica_SQL_Running"));
  facts.io_errno = columns.number<int>("Last_IO_Errno");
  facts.io_error = columns.text("Last_IO_Error");
  facts.sql_errno = columns.number<int>("Last_SQL_Errno");
  facts.sql_error = columns.text("Last_SQL_Error");
  facts.received = columns.set("Retrieved_Gtid_Set");
  if (columns.error()) return std::unexpected(*columns.error());
  return facts;
}

asio::awaitable<Result<run::MysqlFacts>> observe(Connection& connection, Milliseconds limit) {
  run::MysqlFacts facts;
  facts.taken_at = std::chrono::steady_clock::now();
  Result<sql::results> answer = co_await connection.execute(std::string(facts_query), limit, "read the server's facts");
  if (!answer) co_return std::unexpected(std::move(answer).error());

  Result<GtidSet> executed = GtidSet::parse(text_of(answer->at(executed_at).rows().at(0).at(0)));
  if (!executed) co_return std::unexpected(std::move(executed).error());
  facts.executed = *std::move(executed);
  if (std::optional<Error> error = read_server(named(answer->at(facts_at), 0), facts)) co_return std::unexpected(*std::move(error));
  Result<std::optional<run::ReplicaFacts>> replica = read_replica(answer->at(replica_at));
  if (!replica) co_return std::unexpected(std::move(replica).error());
  facts.replica = *std::move(replica);

  // A round trip of its own: the table may be missing, and the first error ends a row of statements.
  const Milliseconds left = limit - elapsed(facts.taken_at, std::chrono::steady_clock::now());
  Result<run::ClusterRow> cluster = read_cluster(co_await connection.execute(std::string(cluster_query), left, "read ordinal.cluster"));
  if (!cluster) co_return std::unexpected(std::move(cluster).error());
  facts.cluster = *cluster;
  co_return facts;
}

asio::awaitable<Result<run::RareFacts>> observe_rarely(Connection& connection, Milliseconds limit) {
  Result<sql::results> answer = co_await connection.execute(std::string(rare_query), limit, "read what seldom changes");
  if (!answer) co_return std::unexpected(std::move(answer).error());
  run::RareFacts facts;
  for (const std::string& user : first_column(answer->at(old_passwords_at))) {
    facts.with_old_password.insert(user == "ordinal_clone" ? Account::clone : Account::replication);
  }
  facts.persisted_variables = first_column(answer->at(persisted_at));
  facts.disabled_events = first_column(answer->at(events_at));
  co_return facts;
}

}  // namespace ordinal::mysql
