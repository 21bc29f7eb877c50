// The statements as text. That mysqld runs them is tested in provision_mysqld.
#include "provision/statements.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"

using namespace ordinal;
using namespace ordinal::provision;
using namespace std::string_literals;

namespace {

constexpr auto hostile = "'\\\n\r;\"`\xF0\x9F\x98\x80";

NewCluster new_cluster() {
  return {.cluster_id = *Uuid::parse("5f0c1d4e-0000-4000-8000-00000000abcd"),
          .made_at = *parse_time("2026-11-22T11:20:59Z"),
          .root = Secret("r"s + hostile),
          .agent = Secret("a"s + hostile),
          .replication = Secret("p"s + hostile),
          .clone = Secret("c"s + hostile),
          .application = Application{.user = "shop'user", .password = Secret("x"s + hostile), .database = "shop_`db"}};
}

/// Every line is one statement with its semicolon, and there is no other line.
void check_lines(const std::string& statements) {
  REQUIRE(statements.ends_with('\n'));
  for (const auto line : split(std::string_view(statements).substr(0, statements.size() - 1), '\n')) {
    CAPTURE(line);
    CHECK(line.ends_with(';'));
    CHECK(line.size() > 4);
  }
}

}  // namespace

TEST_CASE("statements: a quoted text stays on its line and in its quotes") {
  CHECK(sql_quote("plain") == "'plain'");
  CHECK(sql_quote("") == "''");
  CHECK(sql_quote("it's") == R"('it\'s')");
  CHECK(sql_quote(R"(back\slash\)") == R"('back\\slash\\')");
  CHECK(sql_quote("two\nlines\r") == R"('two\nlines\r')");
  CHECK(sql_quote("nul\0!"s) == R"('nul\0!')");
  CHECK(sql_quote("\xF0\x9F\x98\x80") == "'\xF0\x9F\x98\x80'");
}

TEST_CASE("statements: a quoted identifier doubles its backticks") { CHECK(sql_identifier("a`b") == "`a``b`"); }

TEST_CASE("statements: whatever the passwords hold, each statement is one line") {
  const AdoptedCluster adopted{.cluster_id = Uuid(), .made_at = {}, .replication = Secret(hostile), .clone = Secret(hostile)};
  check_lines(initialize_statements(new_cluster()));
  check_lines(boot_statements(Secret(hostile), adopted));
  check_lines(clone_statements({.host = "db-0.db", .port = 3306, .password = Secret(hostile), .destination = "/v/in coming"}));
}

TEST_CASE("statements: a new cluster has its id, its accounts and its application") {
  const auto text = initialize_statements(new_cluster());
  CHECK(text.contains("VALUES (1, '5f0c1d4e-0000-4000-8000-00000000abcd', '2026-11-22 11:20:59')"));
  CHECK(text.contains("ALTER USER root@localhost "));
  CHECK(text.contains("GRANT ALL PRIVILEGES ON `shop\\_``db`.* TO 'shop\\'user'@'%';"));
  CHECK_FALSE(text.contains("sql_log_bin"));
  auto cluster = new_cluster();
  cluster.application->database.clear();
  const auto without = initialize_statements(cluster);
  CHECK(without.contains("shop\\'user"));
  CHECK_FALSE(without.contains("``"));
  CHECK_FALSE(without.contains("GRANT ALL"));
  cluster.application.reset();
  CHECK_FALSE(initialize_statements(cluster).contains("shop"));
}

TEST_CASE("statements: nothing at boot is written to the binary log") {
  const auto text = boot_statements(Secret("a"), AdoptedCluster{});
  CHECK(text.find("SET sql_log_bin=0;") < std::ranges::min(std::array{text.find("CREATE "), text.find("ALTER "), text.find("GRANT ")}));
}

TEST_CASE("statements: only an adopted cluster gets its table and the accounts of the others at boot") {
  CHECK_FALSE(boot_statements(Secret("a"), std::nullopt).contains("ordinal.cluster"));
  CHECK_FALSE(boot_statements(Secret("a"), std::nullopt).contains("ordinal_clone"));
  CHECK(boot_statements(Secret("a"), AdoptedCluster{}).contains("ordinal.cluster"));
  CHECK(boot_statements(Secret("a"), AdoptedCluster{}).contains("ordinal_clone"));
}

TEST_CASE("statements: a clone names its donor, and TLS, verification and compression when they are wanted") {
  CloneSource source{.host = "db-0.db", .port = 3307, .password = Secret("it's"), .destination = "/v/incoming"};
  CHECK(
      clone_statements(source).ends_with("SET GLOBAL clone_valid_donor_list='db-0.db:3307';\n"
                                         "CLONE INSTANCE FROM 'ordinal_clone'@'db-0.db':3307 IDENTIFIED BY 'it\\'s' "
                                         "DATA DIRECTORY='/v/incoming' REQUIRE SSL;\n"));
  source.tls_directory = "/tls";
  source.compression = true;
  source.require_tls = false;
  const auto text = clone_statements(source);
  CHECK(text.contains("SET GLOBAL clone_ssl_ca='/tls/ca.crt';\n"));
  CHECK(text.contains("SET GLOBAL clone_enable_compression=ON;\n"));
  CHECK_FALSE(text.contains("REQUIRE SSL"));
}
