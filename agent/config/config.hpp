// The agent's configuration: /etc/ordinal/ordinal.toml and ORDINAL_* of the environment become one checked value. Pure; `app` reads the
// file and the environment. It must not hold a secret: those come as files, see credentials.hpp.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "core/policy.hpp"
#include "core/time.hpp"

namespace ordinal::config {

enum class Discovery : std::uint8_t { srv, fixed };  // "srv", "static"
enum class LogLevel : std::uint8_t { error, warn, info, debug };
enum class LogFormat : std::uint8_t { text, json };

/// An address and port to listen on.
struct Listen {
  std::string address = "0.0.0.0";  ///< an IP address, without brackets
  std::uint16_t port = 8008;
  friend bool operator==(const Listen&, const Listen&) = default;
};

/// Every key of the configuration, checked, with the defaults. What each means stands in the field table in fields.cpp, the one source of
/// the documentation.
struct Config {
  struct Cluster {
    std::string statefulset;  ///< "": as the pod's host name says; likewise the next three
    std::string service;
    std::string name_space;  ///< `cluster.namespace`
    std::string domain;
    std::uint32_t replicas = 3;
    std::uint32_t first_ordinal = 0;
    Discovery discovery = Discovery::srv;
  } cluster;
  struct Volume {
    std::string path = "/var/lib/ordinal";
    bool adopt_existing = false;
  } volume;
  struct Mysql {
    std::string socket = "/run/ordinal/mysql/mysqld.sock";
    std::uint16_t port = 3306;
    std::uint32_t server_id_base = 100;
    Milliseconds silence_limit{60'000};
    std::string settings_directory = "/etc/ordinal/mysql.d";
  } mysql;
  struct Bootstrap {
    Initialize initialize = Initialize::when_empty;
    RequirePeers require_peers = RequirePeers::all;
  } bootstrap;
  struct Donor {
    std::optional<Milliseconds> fallback_after;  ///< absent: never
  } donor;
  struct Clone {
    Milliseconds stall_timeout{60'000};
    bool compression = false;
    bool require_tls = true;
  } clone;
  struct Primary {
    Milliseconds peer_check_timeout{30'000};
  } primary;
  struct Replication {
    bool semi_sync = true;
    Milliseconds semi_sync_timeout{2'000};
  } replication;
  struct Tls {
    std::string directory;  ///< "": MySQL's own certificates, unverified
  } tls;
  struct Readiness {
    Milliseconds max_lag{10'000};
    std::optional<Milliseconds> max_source_silence;  ///< absent: no limit
  } readiness;
  struct Http {
    Listen listen;
  } http;
  struct Agent {
    Milliseconds watchdog{60'000};
    std::string run_directory = "/run/ordinal";
  } agent;
  struct Credentials {
    std::string directory = "/etc/ordinal/credentials";
  } credentials;
  struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
  } log;

  /// Where each key that is not at its default came from: "/etc/ordinal/ordinal.toml:2", "environment". By path, "mysql.port".
  std::map<std::string, std::string, std::less<>> origins;
};

/// The configuration file as read.
struct File {
  std::string name;  ///< as it stands in messages
  std::string text;
};

/// Names and values of the environment's variables.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// The configuration that the file, if there is one, and the environment make; the environment wins. Else every error there is, in the
/// order of the file and then of the environment, each bad_config: where is "ordinal.toml:2:10: mysql.socket" or "ORDINAL_MYSQL__SOCKET".
/// A key is `section.name` in the file and ORDINAL_SECTION__NAME in the environment. ORDINAL_ names without a double underscore are not
/// ours to judge: Kubernetes sets ORDINAL_MYSQL_PORT in every pod beside a Service named "ordinal-mysql" (documentation, "Service",
/// "Environment variables").
[[nodiscard]] std::expected<Config, std::vector<Error>> load(const std::optional<File>& file, const Environment& environment);

/// The effective configuration as TOML, with where each value came from behind it: what `ordinal check-config` prints.
[[nodiscard]] std::string effective(const Config& config);

/// config/ordinal.toml: every key with its meaning, unit, range and default, commented out.
[[nodiscard]] std::string example_toml();

/// The same as a Markdown table, for the documentation.
[[nodiscard]] std::string markdown_table();

/// What the decisions need of it, for the pod that `owner` names.
[[nodiscard]] Policy policy(const Config& config, const Owner& owner);

}  // namespace ordinal::config
