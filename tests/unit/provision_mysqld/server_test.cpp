// A new cluster made by a real mysqld, and the server that then runs on it.
#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <string>
#include <utility>

#include "provision/statements.hpp"
#include "provision_mysqld/pod.hpp"

using namespace ordinal;
using namespace ordinal::provision;
using namespace ordinal::test;

namespace {

std::string boot_file(std::string_view agent = "agent") { return boot_statements(password_of(agent), std::nullopt); }

/// One cluster for all tests of this file: making one takes seconds.
Pod& pod() {
  static Pod shared(
      0,
      "[mysqld]\nserver_id=7\nskip-log-bin\nsuper_read_only=OFF\nread-only=0\nskip_networking\nskip_grant_tables\n"
      "autocommit=0\nsql_mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES\npassword_history=2\nlog_error=mine.err\ngeneral_log=ON\n"
      "general_log_file=mine.log\nplugin_load_add=mysql_clone.so\n[mysqld-9.7]\ngtid_mode=OFF\n[server]\nevent_scheduler=ON\n");
  static const bool started = [] {
    shared.initialize();
    std::filesystem::remove(shared.settings().user_directory / "user.cnf");
    return true;
  }();
  REQUIRE(started);
  return shared;
}

std::string agent(std::string_view statements) { return pod().query("ordinal", password_of("agent"), statements); }
std::string root(std::string_view statements) { return pod().query("root", password_of("root"), statements); }

}  // namespace

TEST_CASE("initialising: complete data, whatever the user's settings say, and nothing left beside it") {
  CHECK(std::filesystem::exists(pod().volume() / "data/ordinal/cluster.ibd"));
  CHECK(std::filesystem::exists(pod().volume() / "data/binlog.000001"));
  CHECK_FALSE(std::filesystem::exists(pod().volume() / "data/mine.log"));
  CHECK_FALSE(std::filesystem::exists(pod().volume() / "scratch"));
  CHECK(std::filesystem::is_empty(pod().run_directory()));
}

TEST_CASE("initialising: an image without the clone plugin begins no cluster, and says so") {
  Pod without(9, "[mysqld]\nplugin_dir=/tmp\n");
  provision::Scratch scratch(without.scratch_options());
  REQUIRE(scratch.initialize(std::chrono::steady_clock::now(), new_cluster()));
  const auto& facts = poll_to_end(scratch);
  CHECK(facts.phase == init::ScratchFacts::Phase::failed);
  CHECK(facts.no_clone_plugin);
  CHECK_MESSAGE(facts.error.contains("this MySQL image has no clone plugin"), facts.error);
  CHECK_FALSE(std::filesystem::exists(without.volume() / "incoming"));
}

TEST_CASE("initialising: the clone plugin that was tried is not stored, for my.cnf loads it") {
  pod().start(boot_file());
  CHECK(root("SELECT COUNT(*) FROM mysql.plugin") == "0");
  pod().kill();
}

TEST_CASE("server: every account logs in with its hostile password, by the ways it is made for") {
  pod().start(boot_file());
  CHECK(root("SELECT CURRENT_USER()") == "root@localhost");
  CHECK(agent("SELECT CURRENT_USER()") == "ordinal@localhost");
  const auto port = pod().settings().port;
  const auto admin = static_cast<std::uint16_t>(30000 + port);
  CHECK(pod().query_tcp("ordinal", password_of("agent"), "SELECT CURRENT_USER()", admin, true) == "ordinal@127.0.0.1");
  CHECK(pod().query_tcp("ordinal_replication", password_of("replication"), "SELECT CURRENT_USER()", port, true) == "ordinal_replication@%");
  CHECK(pod().query_tcp("ordinal_clone", password_of("clone"), "SELECT CURRENT_USER()", port, true) == "ordinal_clone@%");
  CHECK(pod().query_tcp("shop_user", password_of("application"), "USE shop_db; SELECT CURRENT_USER()", port, true) == "shop_user@%");
  CHECK(pod().query_tcp("ordinal_clone", password_of("clone"), "SELECT 1", port, false).starts_with("error"));
  CHECK(pod().query_tcp("ordinal_clone", password_of("replication"), "SELECT 1", port, true).starts_with("error: Access denied"));
  pod().kill();
}

TEST_CASE("server: the accounts have exactly their privileges, and none expires") {
  pod().start(boot_file());
  const auto privileges = [](const std::string& account) {
    return root(
        "SET SESSION group_concat_max_len=10000; SELECT GROUP_CONCAT(PRIVILEGE_TYPE ORDER BY PRIVILEGE_TYPE) FROM "
        "information_schema.USER_PRIVILEGES WHERE GRANTEE=\"" +
        account + "\"");
  };
  for (const auto* host : {"localhost", "127.0.0.1"}) {
    CHECK(privileges("'ordinal'@'" + std::string(host) + "'") ==
          "CONNECTION_ADMIN,CREATE USER,EVENT,RELOAD,REPLICATION "
          "CLIENT,REPLICATION_SLAVE_ADMIN,SERVICE_CONNECTION_ADMIN,SYSTEM_VARIABLES_ADMIN");
  }
  CHECK(privileges("'ordinal_replication'@'%'") == "REPLICATION SLAVE");
  CHECK(privileges("'ordinal_clone'@'%'") == "BACKUP_ADMIN,USAGE");
  CHECK(privileges("'shop_user'@'%'") == "USAGE");
  CHECK(root("SELECT GROUP_CONCAT(CONCAT(USER, ' ', TABLE_SCHEMA, ' ', PRIVILEGE_TYPE) ORDER BY 1) FROM (SELECT DISTINCT "
             "SUBSTRING_INDEX(GRANTEE, '@', 1) USER, TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE "
             "TABLE_SCHEMA IN ('ordinal', 'performance_schema') AND GRANTEE LIKE '\\'ordinal\\'%') t") ==
        "'ordinal' ordinal CREATE,'ordinal' ordinal DELETE,'ordinal' ordinal INSERT,'ordinal' ordinal SELECT,"
        "'ordinal' performance_schema SELECT");
  CHECK(root("SELECT COUNT(*) FROM mysql.user WHERE password_lifetime = 0 AND User IN ('root', 'ordinal', 'ordinal_replication', "
             "'ordinal_clone', 'shop_user')") == "6");
  CHECK(pod()
            .query_tcp("shop_user", password_of("application"), "USE shopXdb", pod().settings().port, true)
            .starts_with("error: Access denied"));
  pod().kill();
}

TEST_CASE("server: the agent can do what its work takes, and no more") {
  pod().start(boot_file());
  for (const auto* statement :
       {"SHOW REPLICA STATUS", "SELECT Host, User, User_attributes FROM mysql.user",
        "SELECT COUNT(*) FROM performance_schema.replication_connection_status", "SHOW BINARY LOG STATUS",
        "SET lock_wait_timeout=1; SET GLOBAL super_read_only=OFF; DELETE FROM ordinal.cluster; "
        "INSERT INTO ordinal.cluster VALUES (1, '5f0c1d4e-0000-4000-8000-00000000abcd', NOW()); COMMIT; SET GLOBAL super_read_only=ON",
        "SET GLOBAL rpl_semi_sync_source_enabled=ON; SET GLOBAL rpl_semi_sync_source_enabled=OFF",
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1'; STOP REPLICA; RESET REPLICA ALL"}) {
    CAPTURE(statement);
    CHECK_FALSE(agent(statement).starts_with("error"));
  }
  for (const auto* statement :
       {"SELECT authentication_string FROM mysql.user", "CREATE DATABASE other", "DROP TABLE ordinal.cluster", "SHUTDOWN"}) {
    CAPTURE(statement);
    CHECK(agent(statement).starts_with("error"));
  }
  pod().kill();
}

TEST_CASE("server: the cluster's table has one row, and no second one") {
  pod().start(boot_file());
  CHECK(agent("SELECT GROUP_CONCAT(cluster_id) FROM ordinal.cluster") == "5f0c1d4e-0000-4000-8000-00000000abcd");
  CHECK(root("SET GLOBAL super_read_only=OFF; INSERT INTO ordinal.cluster VALUES (2, 'x', NOW())").starts_with("error: Check constraint"));
  pod().kill();
}

TEST_CASE("server: what the agent owns holds against the user's files") {
  std::filesystem::create_directories(pod().settings().user_directory);
  const auto file = pod().settings().user_directory / "user.cnf";
  REQUIRE(replace_file(file,
                       "[mysqld]\nserver_id=7\nskip-log-bin\nsuper_read_only=OFF\nread_only=OFF\nskip_networking\nskip_grant_tables\n"
                       "autocommit=0\nsql_mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES\npassword_history=2\nmax_connections=77\n"
                       "plugin_load_add=mysql_clone.so\n[mysqld-9.7]\nrelay_log_recovery=ON\n[server]\nevent_scheduler=ON\n",
                       0640));
  pod().start(boot_file());
  for (const auto& [variable, value] : std::array<std::pair<const char*, const char*>, 14>{{{"server_id", "100"},
                                                                                            {"log_bin", "1"},
                                                                                            {"super_read_only", "1"},
                                                                                            {"read_only", "1"},
                                                                                            {"skip_networking", "0"},
                                                                                            {"relay_log_recovery", "0"},
                                                                                            {"event_scheduler", "OFF"},
                                                                                            {"gtid_mode", "ON"},
                                                                                            {"persisted_globals_load", "0"},
                                                                                            {"rpl_semi_sync_replica_enabled", "1"},
                                                                                            {"rpl_semi_sync_source_enabled", "0"},
                                                                                            {"rpl_semi_sync_source_timeout", "2000"},
                                                                                            {"replica_net_timeout", "10"},
                                                                                            {"max_connections", "77"}}}) {
    CAPTURE(variable);
    CHECK(agent(std::string("SELECT @@GLOBAL.") + variable) == value);
  }
  CHECK(agent("SELECT PLUGIN_STATUS FROM information_schema.PLUGINS WHERE PLUGIN_NAME='clone'") == "ACTIVE");
  CHECK(agent("SELECT @@log_bin_basename") == (pod().volume() / "data/binlog").string());
  pod().kill();
  std::filesystem::remove(file);
}

TEST_CASE("server: the boot file gives the agent a new password without a GTID, on a server that is read-only") {
  pod().start(boot_file());
  const auto before = agent("SELECT @@gtid_executed");
  CHECK_FALSE(before.empty());
  pod().kill();
  pod().start(boot_file("rotated"));
  CHECK(agent("SELECT 1").starts_with("error: Access denied"));
  CHECK(pod().query("ordinal", password_of("rotated"), "SELECT @@gtid_executed") == before);
  CHECK(pod().query("ordinal", password_of("rotated"), "SELECT @@super_read_only") == "1");
  pod().kill();
  pod().start(boot_file());
  CHECK(agent("SELECT @@gtid_executed") == before);
  pod().kill();
}

TEST_CASE("server: the boot file of an adopted database makes accounts and table, once, without a GTID") {
  pod().start(boot_file());
  REQUIRE_FALSE(root("SET GLOBAL super_read_only=OFF; DROP DATABASE ordinal; DROP USER ordinal@localhost, ordinal@'127.0.0.1', "
                     "ordinal_replication, ordinal_clone")
                    .starts_with("error"));
  const auto before = root("SELECT @@gtid_executed");
  pod().kill();
  const auto cluster = new_cluster();
  const AdoptedCluster adopted{
      .cluster_id = cluster.cluster_id, .made_at = cluster.made_at, .replication = cluster.replication, .clone = cluster.clone};
  for (int boot = 0; boot < 2; ++boot) {
    pod().start(boot_statements(password_of("agent"), adopted));
    CHECK(agent("SELECT GROUP_CONCAT(cluster_id) FROM ordinal.cluster") == cluster.cluster_id.to_string());
    CHECK(agent("SELECT @@gtid_executed") == before);
    const auto port = pod().settings().port;
    CHECK(pod().query_tcp("ordinal_clone", cluster.clone, "SELECT 1", port, true) == "1");
    CHECK(pod().query_tcp("ordinal_replication", cluster.replication, "SELECT 1", port, true) == "1");
    pod().kill();
  }
}

TEST_CASE("statements: the server reads back every character as it was quoted") {
  pod().start(boot_file());
  std::string text;
  for (int c = 0; c < 128; ++c) text += static_cast<char>(c);
  text += "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\\";
  for (const auto& each : {text, hostile, std::string("\\"), std::string("''"), std::string()}) {
    CHECK(agent("SET NAMES utf8mb4; SET sql_mode=''; SELECT " + sql_quote(each)) == each);
  }
  pod().kill();
}

TEST_CASE("server: no password is in any log") {
  for (const auto& line : pod().log) {
    CAPTURE(line);
    CHECK_FALSE(line.contains("sesame"));
  }
}
