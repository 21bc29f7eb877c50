// What a pod says of itself: the content of /status, which is also the protocol between agents. Values only; JSON is wire/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/gtid_set.hpp"
#include "core/identity.hpp"
#include "core/state.hpp"
#include "core/uuid.hpp"

namespace ordinal {

/// What a volume can say to a first pod that has no data.
enum class VolumeAnswer : std::uint8_t { unknown, never_provisioned, has_data, lost_data };
[[nodiscard]] std::string_view to_string(VolumeAnswer answer);

enum class ThreadState : std::uint8_t { off, connecting, on };  ///< of a replication thread
[[nodiscard]] std::string_view to_string(ThreadState state);    ///< "OFF", "CONNECTING", "ON"

struct VolumeStatus {
  VolumeAnswer answer = VolumeAnswer::unknown;
  std::string state;  ///< of the identity; "" without one
  std::optional<ProvisionedHow> how;
  std::string donor;
  std::uint64_t bytes = 0;       ///< copied when it was provisioned
  std::string provisioned_at;    ///< RFC 3339, "" when never
  std::uint64_t data_bytes = 0;  ///< allocated by data/ now; a recipient needs room for them
  std::uint64_t free_bytes = 0;
};

struct MysqlStatus {
  std::string version;
  Uuid server_uuid;
  GtidSet gtid_executed;
  GtidSet gtid_received;  ///< what the relay logs hold of the source, applied or not
  GtidSet gtid_purged;
  bool open = false;         ///< accepts writes of clients: read_only is OFF
  bool donor_ready = false;  ///< fit to be cloned from
  bool read_only = true;
  bool super_read_only = true;
  bool clone_plugin = false;
};

struct ReplicationStatus {
  std::string source;  ///< pod name
  ThreadState io = ThreadState::off;
  ThreadState sql = ThreadState::off;
  std::optional<double> lag_seconds;  ///< the lag bound; absent while unknown
  std::uint64_t behind_transactions = 0;
  std::optional<double> source_silence_seconds;
  std::string errant;  ///< a GTID set
  std::string error;   ///< the last error of a thread, quoted
};

struct CloneStatus {
  std::string donor;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_estimated = 0;
  std::uint64_t bytes_per_second = 0;
  std::optional<double> eta_seconds;
};

/// One line of /readyz.
struct Check {
  std::string name;
  bool ok = false;
  Reason reason;  ///< why not ok; OK otherwise
};

/// Semi-synchronous replication as the primary sees it.
enum class SemiSync : std::uint8_t { off, active, degraded };
[[nodiscard]] std::string_view to_string(SemiSync state);

/// The accounts whose passwords come from files of the same names, besides the agent's own.
enum class Account : std::uint8_t { root, replication, clone };
[[nodiscard]] std::string_view to_string(Account account);  ///< "root", "replication", "clone"

/// 16 bits made of a password. They tell two passwords apart, and cannot confirm a guess: of 65,536 wrong ones, one fits as well.
using PasswordCheck = std::uint16_t;

/// The passwords with which this pod would go to another one now.
struct CredentialStatus {
  PasswordCheck replication = 0;
  PasswordCheck clone = 0;
};

struct AgentStatus {
  std::string version;
  double uptime_seconds = 0;
  std::int64_t loop_age_ms = 0;    ///< since the loop last turned
  std::int64_t sample_age_ms = 0;  ///< since the facts in `mysql` were read
};

struct Status {
  static constexpr int schema = 1;

  Owner owner;
  std::string pod_ip;
  State state = State::starting;
  bool ready = false;
  Reason reason;
  std::optional<Uuid> cluster_id;
  VolumeStatus volume;
  std::optional<MysqlStatus> mysql;
  std::optional<ReplicationStatus> replication;
  std::optional<CloneStatus> clone;
  std::optional<CredentialStatus> credentials;
  SemiSync semi_sync = SemiSync::off;
  std::vector<Reason> alerts;  ///< what a person should know though the state does not say it
  std::vector<Check> checks;
  AgentStatus agent;
};

}  // namespace ordinal
