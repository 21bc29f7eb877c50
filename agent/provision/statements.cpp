// The statements, and the one place where text becomes part of SQL.
#include "provision/statements.hpp"

#include <format>

#include "base/text.hpp"

namespace ordinal::provision {
namespace {

/// Whatever the user's settings say, a text is read as sql_quote() wrote it, and an INSERT is not left uncommitted. The character set is
/// binary because mysqld otherwise converts CLONE's password to its three-byte UTF-8, in which a character of four bytes is lost (seen
/// with 9.7.4).
constexpr std::string_view session = "SET NAMES binary;\nSET sql_mode='';\nSET autocommit=1;\n";

constexpr std::string_view agent_local = "ordinal@localhost";
constexpr std::string_view agent_admin = "ordinal@'127.0.0.1'";
constexpr std::string_view replication_account = "ordinal_replication@'%'";
constexpr std::string_view clone_user = "ordinal_clone";
constexpr std::string_view clone_account = "ordinal_clone@'%'";

std::string identified_by(const Secret& password) { return "IDENTIFIED WITH caching_sha2_password BY " + sql_quote(password.reveal()); }

/// No password of ours may expire, nor be refused because a server-wide rule forbids to use it once more.
std::string create_user(std::string_view account, const Secret& password, bool require_ssl) {
  return std::format("CREATE USER IF NOT EXISTS {} {}{} PASSWORD EXPIRE NEVER PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY;\n", account,
                     identified_by(password), require_ssl ? " REQUIRE SSL" : "");
}

std::string alter_user(std::string_view account, const Secret& password) {
  return std::format("ALTER USER {} {} PASSWORD EXPIRE NEVER PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY;\n", account,
                     identified_by(password));
}

/// The rights on `ordinal` are given on the schema, not on the table: such a grant needs no table to be there, and the agent may have to
/// put a lost table back, for which it needs CREATE.
std::string grant_agent() {
  std::string grants;
  for (const auto account : {agent_local, agent_admin}) {
    grants += std::format(
        "GRANT RELOAD, REPLICATION CLIENT, CREATE USER, REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, "
        "SERVICE_CONNECTION_ADMIN, EVENT ON *.* TO {0};\n"
        "GRANT SELECT ON performance_schema.* TO {0};\n"
        "GRANT CREATE, SELECT, INSERT, DELETE ON ordinal.* TO {0};\n"
        "GRANT SELECT (Host, User, User_attributes) ON mysql.user TO {0};\n",
        account);
  }
  return grants;
}

std::string service_accounts(const Secret& replication, const Secret& clone) {
  return create_user(replication_account, replication, true) +
         std::format("GRANT REPLICATION SLAVE ON *.* TO {};\n", replication_account) +  //
         create_user(clone_account, clone, true) +                                      //
         std::format("GRANT BACKUP_ADMIN ON *.* TO {};\n", clone_account);
}

/// The key that allows one value makes a second row impossible.
std::string cluster_table(const Uuid& cluster_id, std::chrono::sys_seconds made_at) {
  return "CREATE DATABASE IF NOT EXISTS ordinal;\n"
         "CREATE TABLE IF NOT EXISTS ordinal.cluster (id TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (id = 1), cluster_id CHAR(36) NOT "
         "NULL, "
         "made_at DATETIME NOT NULL) ENGINE=InnoDB CHARACTER SET ascii;\n" +
         std::format("INSERT IGNORE INTO ordinal.cluster (id, cluster_id, made_at) VALUES (1, '{}', '{:%F %T}');\n", cluster_id.to_string(),
                     made_at);
}

/// `name` as a database in a GRANT, where '_' and '%' are wildcards unless escaped (MySQL manual, "GRANT Statement").
std::string grant_pattern(std::string_view name) {
  std::string pattern;
  for (const auto c : name) {
    if (c == '_' || c == '%' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return sql_identifier(pattern);
}

std::string application_statements(const Application& application) {
  const auto account = sql_quote(application.user) + "@'%'";
  auto statements = create_user(account, application.password, false);
  if (application.database.empty()) return statements;
  statements += std::format("CREATE DATABASE IF NOT EXISTS {};\n", sql_identifier(application.database));
  return statements + std::format("GRANT ALL PRIVILEGES ON {}.* TO {};\n", grant_pattern(application.database), account);
}

}  // namespace

std::string sql_quote(std::string_view text) {
  std::string quoted = "'";
  for (const auto c : text) {
    switch (c) {
      case '\0': quoted += "\\0"; break;
      case '\n': quoted += "\\n"; break;
      case '\r': quoted += "\\r"; break;
      case '\'':
      case '\\': quoted += '\\'; [[fallthrough]];
      default: quoted += c;
    }
  }
  return quoted + '\'';
}

std::string sql_identifier(std::string_view name) {
  std::string quoted = "`";
  for (const auto c : name) {
    if (c == '`') quoted += c;
    quoted += c;
  }
  return quoted + '`';
}

std::string initialize_statements(const NewCluster& cluster) {
  std::string statements(session);
  // A server that cannot be cloned must not begin a cluster. The plugin goes again: my.cnf loads it, and what is stored would be cloned.
  statements += "INSTALL PLUGIN clone SONAME 'mysql_clone.so';\nUNINSTALL PLUGIN clone;\n";
  statements += alter_user("root@localhost", cluster.root);
  statements += create_user(agent_local, cluster.agent, false);
  statements += create_user(agent_admin, cluster.agent, false);
  statements += cluster_table(cluster.cluster_id, cluster.made_at);
  statements += grant_agent();
  statements += service_accounts(cluster.replication, cluster.clone);
  if (cluster.application) statements += application_statements(*cluster.application);
  return statements;
}

std::string boot_statements(const Secret& agent, const std::optional<AdoptedCluster>& adopted) {
  auto statements = std::string(session) + "SET sql_log_bin=0;\n";
  for (const auto account : {agent_local, agent_admin}) statements += create_user(account, agent, false) + alter_user(account, agent);
  statements += grant_agent();
  if (adopted) statements += cluster_table(adopted->cluster_id, adopted->made_at) + service_accounts(adopted->replication, adopted->clone);
  return statements;
}

std::string clone_statements(const CloneSource& source) {
  auto statements = std::string(session) + "INSTALL PLUGIN clone SONAME 'mysql_clone.so';\n";
  statements += std::format("SET GLOBAL clone_valid_donor_list={};\n", sql_quote(std::format("{}:{}", source.host, source.port)));
  if (source.compression) statements += "SET GLOBAL clone_enable_compression=ON;\n";
  if (source.tls_directory)
    statements += std::format("SET GLOBAL clone_ssl_ca={};\n", sql_quote((*source.tls_directory / "ca.crt").string()));
  statements += std::format("CLONE INSTANCE FROM {}@{}:{} IDENTIFIED BY {} DATA DIRECTORY={}{};\n", sql_quote(clone_user),
                            sql_quote(source.host), source.port, sql_quote(source.password.reveal()),
                            sql_quote(source.destination.string()), source.require_tls ? " REQUIRE SSL" : "");
  return statements;
}

}  // namespace ordinal::provision
