// What is refused and what is warned of in a directory of the user's settings.
#include "provision/user_settings.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/directory.hpp"

using namespace ordinal;
using namespace ordinal::provision;
using ordinal::test::Directory;

namespace {

UserSettingsCheck check(const std::string& text) {
  const Directory directory;
  directory.write("a.cnf", text);
  auto result = check_user_settings({.user_directory = directory.path()});
  for (auto& error : result.refused) error.where = error.where.substr(directory.path().string().size() + 1);
  for (auto& warning : result.warnings) warning = warning.substr(directory.path().string().size() + 1);
  return result;
}

/// Where in a file of one section the line was refused; "" when it was not.
std::string refused_at(const std::string& line) {
  const auto result = check("[mysqld]\n" + line + "\n");
  return result.refused.empty() ? "" : result.refused.front().where;
}

}  // namespace

TEST_CASE("user settings: each filter and each switch that breaks the cluster is refused by name") {
  for (const std::string key : {"replicate_do_db", "replicate_ignore_db", "replicate_do_table", "replicate_ignore_table",
                                "replicate_rewrite_db", "replicate_wild_do_table", "replicate_wild_ignore_table", "binlog_do_db",
                                "binlog_ignore_db", "innodb_force_recovery", "offline_mode", "init_file"}) {
    CAPTURE(key);
    const auto result = check("# settings\n[mysqld]\n" + key + "=x\n");
    REQUIRE(result.refused.size() == 1);
    CHECK(result.refused.front().kind == Kind::bad_config);
    CHECK(result.refused.front().where == "a.cnf:3");
    CHECK(result.refused.front().detail.starts_with(key + " is not allowed here: it "));
  }
}

TEST_CASE("user settings: every spelling that mysqld takes counts") {
  for (const auto* line :
       {"replicate-do-db=shop", "  replicate-do_db = shop", "loose_replicate_do_db=shop", "loose-loose-replicate-do-db=shop",
        "enable-offline-mode", "offline_mode", "offline_mode # for now", "init_file='/x'"}) {
    CAPTURE(line);
    CHECK(refused_at(line) == "a.cnf:2");
  }
}

TEST_CASE("user settings: comments, values and longer names are not mistaken for keys") {
  for (const auto* line : {"#replicate_do_db=shop", ";replicate_do_db=shop", "init_connect='replicate_do_db=1'", "replicate_do_dbx=1",
                           "max_connections=500 # offline_mode"}) {
    CAPTURE(line);
    CHECK(refused_at(line).empty());
  }
}

TEST_CASE("user settings: only sections that mysqld reads count") {
  for (const auto* section : {"[mysqld]", "[MySQLd]", "[server]", "[mysqld-9.7]", "[mysql_cluster]", "[mysqld] # mine"}) {
    CAPTURE(section);
    CHECK(check(std::string(section) + "\noffline_mode\n").refused.size() == 1);
  }
  for (const auto* section : {"[client]", "[mysql]", "[mysqldump]"}) {
    CAPTURE(section);
    CHECK(check(std::string("[mysqld]\n") + section + "\noffline_mode\n").refused.empty());
  }
}

TEST_CASE("user settings: a log or InnoDB directory outside the data directory is refused") {
  CHECK(refused_at("innodb_undo_directory=/undo") == "a.cnf:2");
  CHECK(refused_at("innodb-data-home-dir = \"/data home\"") == "a.cnf:2");
  CHECK(refused_at("innodb_data_file_path='ibdata1:12M;/x/ibdata2:12M:autoextend'") == "a.cnf:2");
  CHECK(refused_at("innodb_undo_directory=../undo") == "a.cnf:2");
  CHECK(refused_at("log_error=/var/log/mysql.err") == "a.cnf:2");
  CHECK(refused_at("slow_query_log_file=/x/slow") == "a.cnf:2");
  CHECK(refused_at("innodb_undo_directory=undo").empty());
  CHECK(refused_at("innodb_undo_directory=./undo..").empty());
  CHECK(refused_at("innodb_data_file_path=ibdata1:24M:autoextend").empty());
}

TEST_CASE("user settings: a key that the agent owns is a warning with file and line") {
  const auto result = check("[mysqld]\nmax_connections=5\nserver-id=7\nskip-log-bin\ndisable_super_read_only\nloose_gtid_mode=OFF\n");
  CHECK(result.refused.empty());
  REQUIRE(result.warnings.size() == 4);
  CHECK(result.warnings[0] == "a.cnf:3: server_id has no effect: the agent sets it");
  CHECK(result.warnings[1] == "a.cnf:4: skip_log_bin has no effect: the agent sets it");
  CHECK(result.warnings[2] == "a.cnf:5: disable_super_read_only has no effect: the agent sets it");
  CHECK(result.warnings[3] == "a.cnf:6: gtid_mode has no effect: the agent sets it");
}

TEST_CASE("user settings: an include from a checked file is refused, for what it names would not be checked") {
  CHECK(check("!include /x/y.cnf\n").refused.size() == 1);
  CHECK(check("[client]\n  !includedir /x\n").refused.size() == 1);
}

TEST_CASE("user settings: all files are checked and all findings are told at once") {
  const Directory directory;
  directory.write("b.cnf", "[mysqld]\noffline_mode\ninit_file=/x\n");
  directory.write("a.cnf", "[server]\nbinlog_do_db=x\n");
  directory.write("c.txt", "[mysqld]\noffline_mode\n");
  const auto result = check_user_settings({.user_directory = directory.path()});
  REQUIRE(result.refused.size() == 3);
  CHECK(result.refused[0].where == (directory.path() / "a.cnf:2").string());
  CHECK(result.refused[1].where == (directory.path() / "b.cnf:2").string());
  CHECK(result.refused[2].where == (directory.path() / "b.cnf:3").string());
}

TEST_CASE("user settings: a directory that is not there is refused, none at all is fine") {
  CHECK(check_user_settings({.user_directory = "/no/such/directory"}).refused.size() == 1);
  CHECK(check_user_settings({}).refused.empty());
}
