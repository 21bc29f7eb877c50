// my.cnf as text. That mysqld takes it is tested in provision_mysqld.
#include "provision/settings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace ordinal::provision;

namespace {

ServerSettings server() {
  return {.user_directory = "/etc/ordinal/mysql.d",
          .datadir = "/var/lib/ordinal/data",
          .tmpdir = "/var/lib/ordinal/tmp",
          .socket = "/run/ordinal/mysql/mysqld.sock",
          .pid_file = "/run/ordinal/mysql/mysqld.pid",
          .init_file = "/run/ordinal/boot.sql",
          .tls_directory = std::nullopt,
          .port = 3306,
          .server_id = 101,
          .report_host = "db-1.db.shop.svc.cluster.local"};
}

bool has_line(const std::string& text, const std::string& line) { return ("\n" + text).contains("\n" + line + "\n"); }

}  // namespace

TEST_CASE("settings: defaults come before the user's files and what the agent owns after them") {
  const auto text = my_cnf(server());
  const auto user = text.find("\n!includedir /etc/ordinal/mysql.d\n[mysqld]\n");
  REQUIRE(user != std::string::npos);
  CHECK(text.find("\nmysqlx=OFF\n") < user);
  CHECK(text.find("\ntmpdir=/var/lib/ordinal/tmp\n") < user);
  CHECK(text.find("\nsuper_read_only=ON\n") > user);
  CHECK(text.find("\nserver_id=101\n") > user);
  CHECK(text.find("\npersisted_globals_load=OFF\n") > user);
}

TEST_CASE("settings: a pod without a user directory includes nothing") {
  auto settings = server();
  settings.user_directory.clear();
  CHECK_FALSE(my_cnf(settings).contains("!includedir"));
}

TEST_CASE("settings: the binary log has a relative name, so that it lies in the data directory") {
  CHECK(has_line(my_cnf(server()), "log_bin=binlog"));
  CHECK(has_line(my_cnf(server()), "relay_log=relay"));
}

TEST_CASE("settings: TLS files are set only when there is a directory of them") {
  auto settings = server();
  CHECK_FALSE(my_cnf(settings).contains("ssl_"));
  settings.tls_directory = "/etc/ordinal/tls";
  CHECK(has_line(my_cnf(settings), "ssl_ca=/etc/ordinal/tls/ca.crt"));
  CHECK(has_line(my_cnf(settings), "ssl_cert=/etc/ordinal/tls/tls.crt"));
  CHECK(has_line(my_cnf(settings), "ssl_key=/etc/ordinal/tls/tls.key"));
}

TEST_CASE("settings: semi-synchronous replication can be left out altogether") {
  auto settings = server();
  settings.semi_sync_timeout = std::chrono::milliseconds(3500);
  CHECK(has_line(my_cnf(settings), "loose_rpl_semi_sync_source_timeout=3500"));
  CHECK(has_line(my_cnf(settings), "loose_rpl_semi_sync_source_enabled=OFF"));
  settings.semi_sync = false;
  CHECK_FALSE(my_cnf(settings).contains("semi"));
  CHECK(has_line(my_cnf(settings), "plugin_load_add=mysql_clone.so"));
}

TEST_CASE("settings: a path with a space or a '#' is quoted") {
  auto settings = server();
  settings.datadir = "/mnt/my #1 \"disk\"/data";
  CHECK(has_line(my_cnf(settings), R"(datadir="/mnt/my #1 \"disk\"/data")"));
}

TEST_CASE("settings: the owned keys are those after the user's files, without the list of plugins") {
  const auto keys = owned_keys(server());
  CHECK(std::ranges::count(keys, "server_id") == 1);
  CHECK(std::ranges::count(keys, "rpl_semi_sync_replica_enabled") == 1);
  CHECK(std::ranges::count(keys, "tmpdir") == 0);
  CHECK(std::ranges::count(keys, "plugin_load_add") == 0);
  CHECK(std::ranges::count(keys, "ssl_ca") == 0);
}

TEST_CASE("settings: the scratch server reads the user's files and then goes its own way") {
  const auto text = scratch_cnf({.user_directory = "/etc/ordinal/mysql.d",
                                 .datadir = "/var/lib/ordinal/scratch",
                                 .tmpdir = "/var/lib/ordinal/tmp",
                                 .run_directory = "/run/ordinal",
                                 .init_file = "/run/ordinal/scratch.sql",
                                 .server_id = 101});
  const auto user = text.find("\n!includedir /etc/ordinal/mysql.d\n[mysqld]\n");
  REQUIRE(user != std::string::npos);
  for (const auto* line : {"datadir=/var/lib/ordinal/scratch", "tmpdir=/var/lib/ordinal/tmp", "skip_networking=ON", "general_log=OFF",
                           "log_raw=OFF", "init_file=/run/ordinal/scratch.sql", "skip_log_error"}) {
    CAPTURE(line);
    CHECK(has_line(text.substr(user), line));
  }
}
