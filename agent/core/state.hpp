// The closed lists of states and reason codes, each with what it means and what a person should do: the one table from which status, logs,
// metrics, command line and documentation speak. It must not decide anything.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ordinal {

enum class State : std::uint8_t {
  // of init
  waiting_for_peers,
  waiting_for_donor,
  initializing,
  cloning,
  finishing,
  refused,
  // of run
  starting,
  recovering,
  configuring,
  catching_up,
  serving,
  diverged,
  blocked,
  stopping,
};

enum class Code : std::uint8_t {
  OK,
  // waiting
  AGENT_STARTING,
  PEERS_UNKNOWN,
  DONOR_UNAVAILABLE,
  DONOR_BUSY,
  NO_ROOM,
  INITIALIZE_FORBIDDEN,
  APPLYING_PENDING,
  CLONE_RUNNING,
  CLONE_RETRY,
  INITIALIZE_RUNNING,
  FINISHING_RENAMES,
  RESEED_POSTPONED,
  // refusals of init
  FOREIGN_VOLUME,
  IDENTITY_UNREADABLE,
  IDENTITY_CORRUPT,
  IDENTITY_NEWER,
  FOREIGN_DATA,
  DATA_UNEXPLAINED,
  DATA_LOST_EVERYWHERE,
  CLUSTER_MISMATCH,
  SETS_DIVERGED,
  VOLUME_NOT_WRITABLE,
  MYSQL_VERSION_UNSUPPORTED,
  SETTINGS_REFUSED,
  // mysqld
  MYSQL_STARTING,
  MYSQL_RECOVERING,
  MYSQL_UNREACHABLE,
  MYSQL_SILENT,
  MYSQL_DENIED,
  MYSQL_STOPPING,
  OFFLINE_MODE,
  // replication
  REPLICATION_CONFIGURING,
  REPLICATION_DRAINING,
  SOURCE_SILENT,
  SOURCE_NOT_OPEN,
  SOURCE_UNKNOWN,
  REPLICA_IO_ERROR,
  REPLICA_SQL_ERROR,
  LAG_UNKNOWN,
  LAG_TOO_HIGH,
  SOURCE_SILENCE_TOO_LONG,
  APPLYING_RECEIVED,
  CATCHING_UP_FROM_SIBLING,
  SOURCE_PURGED,
  ERRANT_TRANSACTIONS,
  SOURCE_LOST_TRANSACTIONS,
  GTID_SET_SHRANK,
  WRITABLE_REPLICA,
  CLUSTER_ROW_MISSING,
  // the primary
  PRIMARY_BEHIND,
  PRIMARY_BEHIND_PURGED,
  PRIMARY_CLOSED,
  FORKED,
  PEER_ERRANT,
  SEMI_SYNC_DEGRADED,
  // passwords
  CREDENTIALS_UNREADABLE,
  PASSWORD_NOT_SET,
  ROOT_PASSWORD_DIFFERS,
  OLD_PASSWORD_KEPT,
  // what someone left behind
  PERSISTED_VARIABLES,
  EVENTS_DISABLED,
  // going away
  DRAINING,
  STOPPING,
  SNAPSHOT_STALE,
};

/// "serving", "waiting_for_donor", …: as in /status.
[[nodiscard]] std::string_view to_string(State state);
/// The state named by `text`, for what peers say; `fallback` for a name that this version does not know.
[[nodiscard]] State parse_state(std::string_view text, State fallback);

/// "OK", "DONOR_UNAVAILABLE", …: as in /status.
[[nodiscard]] std::string_view to_string(Code code);

struct CodeEntry {
  Code code;
  std::string_view name;
  std::string_view meaning;  ///< one sentence: what is the case
  std::string_view remedy;   ///< one sentence: what to do, or that nothing is to be done
};
/// Every reason code once, in the enum's order.
[[nodiscard]] std::span<const CodeEntry> code_table();

/// Why a state is what it is. `text` is one sentence about this very case, with names and numbers.
struct Reason {
  Code code = Code::OK;
  std::string text;
  friend bool operator==(const Reason&, const Reason&) = default;
};
/// The reason with the table's meaning as its text, or with `text` where one is given.
[[nodiscard]] Reason reason(Code code, std::string text = {});

}  // namespace ordinal
