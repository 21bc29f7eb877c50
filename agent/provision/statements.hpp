// The SQL that init files carry: accounts, the cluster's table, the clone. One statement a line, as mysqld reads init files (MySQL manual,
// init_file). It must not run anything; every text that comes from outside goes through sql_quote() or sql_identifier().
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "core/uuid.hpp"

namespace ordinal::provision {

/// `text` as a string literal, on one line whatever it holds. Right for sql_mode='', in which a backslash escapes, and a connection whose
/// character set is binary or UTF-8.
[[nodiscard]] std::string sql_quote(std::string_view text);

/// `name` as an identifier in backticks.
[[nodiscard]] std::string sql_identifier(std::string_view name);

/// The application's own user and database.
struct Application {
  std::string user{};
  Secret password{};
  std::string database{};  ///< "": none is made
};

struct NewCluster {
  Uuid cluster_id{};
  std::chrono::sys_seconds made_at{};
  Secret root{};
  Secret agent{};
  Secret replication{};
  Secret clone{};
  std::optional<Application> application{};
};

/// What makes a fresh data directory a cluster of its own, where this MySQL has the clone plugin: root's password, the accounts,
/// `ordinal.cluster` with its one row, the application's user and database. The statements get GTIDs, under the server_uuid that
/// initialising made.
[[nodiscard]] std::string initialize_statements(const NewCluster& cluster);

/// Given when the data was not made by initialize_statements(): `ordinal.cluster` and the accounts for replication and cloning must be made
/// too.
struct AdoptedCluster {
  Uuid cluster_id{};
  std::chrono::sys_seconds made_at{};
  Secret replication{};
  Secret clone{};
};

/// What a server runs at each boot, before super_read_only takes effect: the agent's accounts, with the password of today. Nothing of it
/// gets a GTID, and running it again changes nothing. A failing statement ends the file, is logged by mysqld, and does not stop the server.
[[nodiscard]] std::string boot_statements(const Secret& agent, const std::optional<AdoptedCluster>& adopted);

/// From where and how to clone.
struct CloneSource {
  std::string host{};  ///< a name or an address
  std::uint16_t port = 3306;
  Secret password{};                    ///< of ordinal_clone
  std::filesystem::path destination{};  ///< must not exist, its parent must
  bool require_tls = true;
  std::optional<std::filesystem::path> tls_directory{};  ///< with ca.crt: the donor's certificate must be signed by it
  bool compression = false;
};

/// What a scratch server runs to copy the donor's data to `destination` and end (MySQL manual, "Cloning Remote Data").
[[nodiscard]] std::string clone_statements(const CloneSource& source);

}  // namespace ordinal::provision
