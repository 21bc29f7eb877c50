// Rows of SHOW REPLICA STATUS as facts.
#include "mysql/observe.hpp"

#include <doctest/doctest.h>

namespace ordinal::mysql {
namespace {

// As 9.7.4 prints it for a replica that runs, but for the columns that nobody reads.
NamedRow healthy_row() {
  return {{"Source_Host", "db-0.db.shop.svc.cluster.local"},
          {"Source_Port", "3306"},
          {"Source_User", "ordinal_replication"},
          {"Auto_Position", "1"},
          {"Source_SSL_Allowed", "Yes"},
          {"Source_SSL_CA_File", "/tls/ca.crt"},
          {"Source_SSL_Verify_Server_Cert", "Yes"},
          {"Connect_Retry", "1"},
          {"Source_Retry_Count", "1"},
          {"SQL_Delay", "0"},
          {"Replica_IO_Running", "Yes"},
          {"Replica_SQL_Running", "Yes"},
          {"Last_IO_Errno", "0"},
          {"Last_IO_Error", ""},
          {"Last_SQL_Errno", "0"},
          {"Last_SQL_Error", ""},
          {"Retrieved_Gtid_Set", "62196d08-e67e-11f1-8c41-0242ac110003:1-5,\n62196d08-e67e-11f1-8c41-0242ac110004:7"},
          {"Channel_Name", ""}};
}

NamedRow with(std::string column, std::string value) {
  NamedRow row = healthy_row();
  row[std::move(column)] = std::move(value);
  return row;
}

TEST_CASE("replica_facts: every column of a healthy replica arrives") {
  const Result<run::ReplicaFacts> facts = replica_facts(healthy_row());
  REQUIRE(facts);
  CHECK(facts->source_host == "db-0.db.shop.svc.cluster.local");
  CHECK(facts->source_port == 3306);
  CHECK(facts->source_user == "ordinal_replication");
  CHECK(facts->auto_position);
  CHECK(facts->ssl);
  CHECK(facts->ssl_ca == "/tls/ca.crt");
  CHECK(facts->ssl_verified);
  CHECK(facts->connect_retry_seconds == 1);
  CHECK(facts->retry_count == 1);
  CHECK(facts->delay_seconds == 0);
  CHECK(facts->io == ThreadState::on);
  CHECK(facts->sql == ThreadState::on);
  CHECK(facts->received.count() == 6);
}

TEST_CASE("replica_facts: the IO thread connects, or is off with an error") {
  CHECK(replica_facts(with("Replica_IO_Running", "Connecting"))->io == ThreadState::connecting);
  NamedRow row = with("Replica_IO_Running", "No");
  row["Last_IO_Errno"] = "2003";
  row["Last_IO_Error"] = "Error reconnecting to source";
  const Result<run::ReplicaFacts> facts = replica_facts(row);
  REQUIRE(facts);
  CHECK(facts->io == ThreadState::off);
  CHECK(facts->io_errno == 2003);
  CHECK(facts->io_error == "Error reconnecting to source");
}

TEST_CASE("replica_facts: the SQL thread is off with an error") {
  NamedRow row = with("Replica_SQL_Running", "No");
  row["Last_SQL_Errno"] = "1062";
  row["Last_SQL_Error"] = "Duplicate entry";
  const Result<run::ReplicaFacts> facts = replica_facts(row);
  REQUIRE(facts);
  CHECK(facts->sql == ThreadState::off);
  CHECK(facts->sql_errno == 1062);
  CHECK(facts->sql_error == "Duplicate entry");
}

TEST_CASE("replica_facts: settings that someone changed are seen") {
  CHECK_FALSE(replica_facts(with("Auto_Position", "0"))->auto_position);
  CHECK_FALSE(replica_facts(with("Source_SSL_Allowed", "No"))->ssl);
  CHECK(replica_facts(with("SQL_Delay", "3600"))->delay_seconds == 3600);
  CHECK(replica_facts(with("Source_Retry_Count", "18446744073709551615"))->retry_count == 18446744073709551615U);
}

TEST_CASE("replica_facts: a column that is missing or not what it should be is named") {
  NamedRow row = healthy_row();
  row.erase("Replica_IO_Running");
  CHECK(replica_facts(row).error().kind == Kind::protocol);
  CHECK(replica_facts(row).error().where == "read column Replica_IO_Running");
  CHECK(replica_facts(with("Source_Port", "65536")).error().where == "read column Source_Port");
  CHECK(replica_facts(with("SQL_Delay", "soon")).error().where == "read column SQL_Delay");
  CHECK(replica_facts(with("Retrieved_Gtid_Set", "nonsense")).error().where == "read column Retrieved_Gtid_Set");
}

}  // namespace
}  // namespace ordinal::mysql
