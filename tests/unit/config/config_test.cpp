// The configuration: every type of key, every way to get one wrong, and the sentence for it.
#include "config/config.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <format>
#include <string>
#include <vector>

namespace ordinal::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;

/// What is wrong, each as it is printed; none when nothing is.
std::vector<std::string> errors_of(std::string text, const Environment& environment = {}) {
  const auto loaded = load(File{"ordinal.toml", std::move(text)}, environment);
  std::vector<std::string> errors;
  if (loaded) return errors;
  for (const auto& error : loaded.error()) {
    CHECK(error.kind == Kind::bad_config);
    errors.push_back(error.to_string());
  }
  return errors;
}

Config loaded(std::string text, const Environment& environment = {}) {
  auto config = load(File{"ordinal.toml", std::move(text)}, environment);
  REQUIRE(config.has_value());
  return *std::move(config);
}

}  // namespace

TEST_CASE("config: without file and environment everything has a default") {
  const auto config = load(std::nullopt, {});
  REQUIRE(config.has_value());
  CHECK(config->volume.path == "/var/lib/ordinal");
  CHECK(config->mysql.port == 3306);
  CHECK(config->cluster.replicas == 3);
  CHECK(config->http.listen == Listen{"0.0.0.0", 8008});
  CHECK_FALSE(config->donor.fallback_after.has_value());
  CHECK(config->clone.require_tls);
  CHECK(config->origins.empty());
}

TEST_CASE("config: each type of key is read from the file") {
  const auto config = loaded(R"(
[cluster]
namespace = "shop"
replicas = 5
discovery = "static"
[mysql]
port = 3307
server_id_base = 4293967296
[bootstrap]
initialize = "never"
require_peers = "existing"
[donor]
fallback_after = "1m30s"
[clone]
compression = true
[replication]
semi_sync_timeout = "250ms"
[http]
listen = "[::]:9000"
[log]
level = "debug"
format = "json"
)");
  CHECK(config.cluster.name_space == "shop");
  CHECK(config.cluster.replicas == 5);
  CHECK(config.cluster.discovery == Discovery::fixed);
  CHECK(config.mysql.port == 3307);
  CHECK(config.mysql.server_id_base == 4'293'967'296);
  CHECK(config.bootstrap.initialize == Initialize::never);
  CHECK(config.bootstrap.require_peers == RequirePeers::existing);
  CHECK(config.donor.fallback_after == 90s);
  CHECK(config.clone.compression);
  CHECK(config.replication.semi_sync_timeout == 250ms);
  CHECK(config.http.listen == Listen{"::", 9000});
  CHECK(config.log.level == LogLevel::debug);
  CHECK(config.log.format == LogFormat::json);
}

TEST_CASE("config: the environment wins over the file, and spells every type") {
  const auto config = loaded("[mysql]\nport = 3307\n[donor]\nfallback_after = \"5s\"\n", {{"ORDINAL_MYSQL__PORT", "3308"},
                                                                                          {"ORDINAL_CLONE__COMPRESSION", "true"},
                                                                                          {"ORDINAL_DONOR__FALLBACK_AFTER", "never"},
                                                                                          {"ORDINAL_READINESS__MAX_SOURCE_SILENCE", "5m"},
                                                                                          {"ORDINAL_VOLUME__PATH", "/data"}});
  CHECK(config.mysql.port == 3308);
  CHECK(config.clone.compression);
  CHECK_FALSE(config.donor.fallback_after.has_value());
  CHECK(config.readiness.max_source_silence == 5min);
  CHECK(config.volume.path == "/data");
}

TEST_CASE("config: what is wrong is named with its place, what was expected and what was got") {
  const std::vector<std::array<std::string, 2>> rows{
      {"[mysql]\nsocket = 5\n", "ordinal.toml:2:10: mysql.socket: expected string, got integer"},
      {"[mysql]\nport = \"3306\"\n", "ordinal.toml:2:8: mysql.port: expected integer, got string"},
      {"[mysql]\nport = 3306.0\n", "ordinal.toml:2:8: mysql.port: expected integer, got float"},
      {"[mysql]\nport = 0\n", "ordinal.toml:2:8: mysql.port: expected a whole number, 1 to 65535, got \"0\""},
      {"[mysql]\nport = 65536\n", "ordinal.toml:2:8: mysql.port: expected a whole number, 1 to 65535, got \"65536\""},
      {"[mysql]\nport = -1\n", "ordinal.toml:2:8: mysql.port: expected a whole number, 1 to 65535, got \"-1\""},
      {"[mysql]\nport = [3306]\n", "ordinal.toml:2:8: mysql.port: expected integer, got array"},
      {"[cluster]\nreplicas = 0\n", "ordinal.toml:2:12: cluster.replicas: expected a whole number, 1 to 100, got \"0\""},
      {"[cluster]\nreplicas = 101\n", "ordinal.toml:2:12: cluster.replicas: expected a whole number, 1 to 100, got \"101\""},
      {"[clone]\nstall_timeout = 60\n", "ordinal.toml:2:17: clone.stall_timeout: expected string, got integer"},
      {"[clone]\nstall_timeout = \"60\"\n", "ordinal.toml:2:17: clone.stall_timeout: expected a duration, 1s to 24h, got \"60\""},
      {"[clone]\nstall_timeout = \"999ms\"\n", "ordinal.toml:2:17: clone.stall_timeout: expected a duration, 1s to 24h, got \"999ms\""},
      {"[clone]\nstall_timeout = \"never\"\n", "ordinal.toml:2:17: clone.stall_timeout: expected a duration, 1s to 24h, got \"never\""},
      {"[donor]\nfallback_after = \"soon\"\n",
       "ordinal.toml:2:18: donor.fallback_after: expected a duration, 1s to 720h, or \"never\", got \"soon\""},
      {"[log]\nlevel = \"loud\"\n", "ordinal.toml:2:9: log.level: expected \"error\", \"warn\", \"info\" or \"debug\", got \"loud\""},
      {"[volume]\npath = \"data\"\n", "ordinal.toml:2:8: volume.path: expected an absolute path, got \"data\""},
      {"[volume]\nadopt_existing = \"yes\"\n", "ordinal.toml:2:18: volume.adopt_existing: expected boolean, got string"},
      {"[cluster]\nservice = \"My_Service\"\n",
       "ordinal.toml:2:11: cluster.service: expected a DNS label (a-z, 0-9, hyphens inside, at most 63), or nothing, got \"My_Service\""},
      {"mysql = 5\n", "ordinal.toml:1:9: mysql: expected table, got integer"},
      {"[mysql]\nport 3306\n", "ordinal.toml:2:6: "}};
  for (const auto& [text, expected] : rows) {
    const auto errors = errors_of(text);
    CAPTURE(text);
    REQUIRE(errors.size() == 1);
    if (expected.ends_with(": ")) {
      CHECK(errors.front().starts_with(expected));
    } else {
      CHECK(errors.front() == expected);
    }
  }
}

TEST_CASE("config: an unknown key or section is an error that names the likely one") {
  const std::vector<std::array<std::string, 2>> rows{
      {"[mysql]\nsockett = \"/s\"\n", "ordinal.toml:2:1: mysql.sockett: unknown key; did you mean mysql.socket?"},
      {"[mysql]\nlisten = \"/s\"\n", "ordinal.toml:2:1: mysql.listen: unknown key; did you mean http.listen?"},
      {"[mysql]\ncompletely_different = 1\n", "ordinal.toml:2:1: mysql.completely_different: unknown key"},
      {"[mysqll]\nport = 1\n", "ordinal.toml:1:2: mysqll: unknown section; did you mean mysql?"},
      {"[something_else]\n", "ordinal.toml:1:2: something_else: unknown section"}};
  for (const auto& [text, expected] : rows) {
    const auto errors = errors_of(text);
    CAPTURE(text);
    REQUIRE(errors.size() == 1);
    CHECK(errors.front() == expected);
  }
}

TEST_CASE("config: all errors are told at once, the file's in its order, then the environment's") {
  const auto errors =
      errors_of("[volume]\npath = 1\n[mysql]\nport = true\nprot = 1\n", {{"ORDINAL_HTTP__LISTEN", "8008"}, {"ORDINAL_MYSQL__PROT", "1"}});
  CHECK(errors == std::vector<std::string>{"ordinal.toml:2:8: volume.path: expected string, got integer",
                                           "ordinal.toml:4:8: mysql.port: expected integer, got boolean",
                                           "ordinal.toml:5:1: mysql.prot: unknown key; did you mean mysql.port?",
                                           "ORDINAL_HTTP__LISTEN: expected \"IP-ADDRESS:PORT\", an IPv6 address in brackets, got \"8008\"",
                                           "ORDINAL_MYSQL__PROT: unknown key; did you mean ORDINAL_MYSQL__PORT?"});
}

TEST_CASE("config: errors of the environment are told beside a file that is no TOML") {
  const auto errors = errors_of("[mysql", {{"ORDINAL_MYSQL__PORT", "x"}});
  REQUIRE(errors.size() == 2);
  CHECK(errors.back() == "ORDINAL_MYSQL__PORT: expected a whole number, 1 to 65535, got \"x\"");
}

TEST_CASE("config: variables that are none of ours are left alone") {
  // Kubernetes sets such for a Service named ordinal-mysql, and the last two are read by the program itself.
  CHECK(errors_of("", {{"ORDINAL_MYSQL_PORT", "tcp://10.0.0.1:3306"},
                       {"ORDINAL_MYSQL_SERVICE_HOST", "10.0.0.1"},
                       {"PATH", "/bin"},
                       {"XORDINAL_MYSQL__PORT", "x"},
                       {"ORDINAL_FAIL_POINT", "file_renamed"},
                       {"ORDINAL_CONFIG", "/etc/x"}})
            .empty());
}

TEST_CASE("config: addresses to listen on are IP addresses with a port") {
  for (const auto* good : {"127.0.0.1:1", "0.0.0.0:65535", "[::1]:80"}) {
    CAPTURE(good);
    CHECK(errors_of("", {{"ORDINAL_HTTP__LISTEN", good}}).empty());
  }
  for (const auto* bad : {"", ":8008", "8008", "localhost:8008", "0.0.0.0", "0.0.0.0:", "0.0.0.0:0", "0.0.0.0:65536", "::1:80", "[::1]",
                          "[0.0.0.0]:80", "0.0.0.0:80x"}) {
    CAPTURE(bad);
    CHECK(errors_of("", {{"ORDINAL_HTTP__LISTEN", bad}}).size() == 1);
  }
}

TEST_CASE("config: the path of the socket may have 107 bytes and no more") {
  const auto fitting = "/" + std::string(106, 's');
  CHECK(errors_of("", {{"ORDINAL_MYSQL__SOCKET", fitting}}).empty());
  CHECK(errors_of("", {{"ORDINAL_MYSQL__SOCKET", fitting + "s"}}).size() == 1);
}

TEST_CASE("config: names for DNS are checked") {
  CHECK(errors_of("", {{"ORDINAL_CLUSTER__DOMAIN", "cluster.local"}, {"ORDINAL_CLUSTER__NAMESPACE", std::string(63, 'a')}}).empty());
  for (const auto* bad : {"cluster.local.", ".local", "a..b", "Cluster.local", "a_b", "-a"}) {
    CAPTURE(bad);
    CHECK(errors_of("", {{"ORDINAL_CLUSTER__DOMAIN", bad}}).size() == 1);
  }
  CHECK(errors_of("", {{"ORDINAL_CLUSTER__NAMESPACE", std::string(64, 'a')}}).size() == 1);
}

TEST_CASE("config: keys that do not fit each other are told, with where the one came from") {
  CHECK(errors_of("[agent]\nwatchdog = \"61s\"\n") ==
        std::vector<std::string>{"ordinal.toml:2: agent.watchdog: must not be longer than mysql.silence_limit: a hanging agent would be "
                                 "taken for a silent mysqld"});
  CHECK(errors_of("[mysql]\nport = 8008\n") ==
        std::vector<std::string>{"http.listen: has the port of mysql.port, and both are in one pod"});
  CHECK(errors_of("[cluster]\nfirst_ordinal = 999998\nreplicas = 2\n").empty());
  CHECK(errors_of("[cluster]\nfirst_ordinal = 999999\nreplicas = 2\n").size() == 1);
}

TEST_CASE("config: a key that is wrong by itself is not judged against others") {
  const auto errors = errors_of("[mysql]\nsilence_limit = \"5 apples\"\n[agent]\nwatchdog = \"5m\"\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().contains("mysql.silence_limit"));
}

TEST_CASE("config: a policy has what the configuration says") {
  const Owner owner{.name_space = "shop", .pod = {"db", 2}, .first_ordinal = 0};
  const auto made = policy(loaded("[donor]\nfallback_after = \"5s\"\n[readiness]\nmax_lag = \"3s\"\n"), owner);
  CHECK(made.owner == owner);
  CHECK(made.server_id == 102);
  CHECK(made.donor_fallback_after == 5s);
  CHECK(made.max_lag == 3s);
  CHECK(made.tls_directory == "");
  CHECK(policy(loaded("[tls]\ndirectory = \"/tls\"\n"), owner).tls_directory == "/tls");
  CHECK(made.semi_sync);
  CHECK_FALSE(policy(loaded("[replication]\nsemi_sync = false\n"), owner).semi_sync);
}

}  // namespace ordinal::config
