// The decision of `ordinal run`, once a cycle: from what MySQL and the peers show to a verdict and the acts that bring the world nearer to
// what it should be. Pure; it must not do I/O or ask a clock. What the next cycle must know stands in Memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/peer.hpp"
#include "core/policy.hpp"

namespace ordinal::run {

/// SHOW REPLICA STATUS of the default channel.
struct ReplicaFacts {
  std::string source_host;
  std::uint16_t source_port = 3306;
  std::string source_user;
  bool auto_position = false;
  bool ssl = false;
  std::string ssl_ca;         ///< path of the file with which the source's certificate is checked
  bool ssl_verified = false;  ///< the certificate must name the source
  std::uint32_t connect_retry_seconds = 0;
  std::uint64_t retry_count = 0;
  std::uint32_t delay_seconds = 0;
  ThreadState io = ThreadState::off;
  ThreadState sql = ThreadState::off;
  int io_errno = 0;
  std::string io_error;
  int sql_errno = 0;
  std::string sql_error;
  GtidSet received;
};

/// What a row of ordinal.cluster says, and whether there is such a table at all.
struct ClusterRow {
  enum class Kind : std::uint8_t { present, missing, several } kind = Kind::missing;
  std::optional<Uuid> cluster_id;
};

struct SemiSyncFacts {
  bool source_enabled = false;   ///< rpl_semi_sync_source_enabled
  bool source_active = false;    ///< Rpl_semi_sync_source_status
  std::uint32_t clients = 0;     ///< Rpl_semi_sync_source_clients: connected replicas that acknowledge
  bool replica_enabled = false;  ///< rpl_semi_sync_replica_enabled
};

/// One reading of the co-located server, all of it read in one round within milliseconds.
struct MysqlFacts {
  Instant taken_at{};  ///< before the first query was sent
  std::string version;
  Uuid server_uuid;
  std::uint32_t server_id = 0;
  GtidSet executed;
  GtidSet purged;
  bool read_only = true;
  bool super_read_only = true;
  bool offline_mode = false;
  bool event_scheduler = false;
  bool clone_plugin = false;
  bool donating = false;       ///< a clone is being served now
  std::uint32_t fetchers = 0;  ///< connections that read the binary log: the replicas' IO threads
  ClusterRow cluster;
  std::optional<ReplicaFacts> replica;  ///< absent when no channel is configured
  SemiSyncFacts semi_sync;
};

/// What seldom changes, and is read after each login and once a minute only.
struct RareFacts {
  std::set<Account> with_old_password;           ///< of replication and clone: these take an old password besides the present one
  std::vector<std::string> persisted_variables;  ///< stored by SET PERSIST, without effect here
  std::vector<std::string> disabled_events;      ///< REPLICA_SIDE_DISABLED, each as "shop.cleanup"
};

/// The password that an account's file holds now, without the password.
struct PasswordFacts {
  enum class Proof : std::uint8_t { none, works, refused } proof = Proof::none;  ///< the server's answer to a login with it
  PasswordCheck check = 0;
  std::string error;  ///< why the last attempt to prove or set it came to nothing; "" when it did not
};

/// What mysqld itself last said on NOTIFY_SOCKET.
enum class MysqldPhase : std::uint8_t { unknown, starting, recovering, ready, stopping };

struct MysqlUnknown {
  enum class Why : std::uint8_t { unreachable, denied, silent } why = Why::unreachable;
  std::string detail;
  Instant since{};
};

struct Observation {
  Instant now{};
  std::chrono::sys_seconds wall{};
  Instant started_at{};  ///< of this agent
  Identity identity;
  std::variant<MysqlUnknown, MysqlFacts> mysql;
  MysqldPhase phase = MysqldPhase::unknown;
  std::vector<PeerView> peers;  ///< every other pod, ascending
  bool peers_asked = false;
  std::optional<RareFacts> rare;               ///< absent while it could not be read
  std::map<Account, PasswordFacts> passwords;  ///< by the last good reading of the files
  std::string passwords_error;                 ///< why the files cannot be read now; "" when they can
  bool draining = false;                       ///< `ordinal drain` asked for it, for this mysqld
  bool drained = false;                        ///< and by now no Service leads here any more
  bool stopping = false;                       ///< SIGTERM came
  bool clear_requested = false;
  bool reseed_requested = false;  ///< shown, nothing more: a reseed happens at the next start
};

/// A sample of the source's executed set and the instant of our clock since which it is true.
struct SourceSample {
  Instant true_since{};
  GtidSet executed;
};
/// A reading of our own executed set.
struct OwnSample {
  Instant taken_at{};
  GtidSet executed;
};

/// What one cycle hands to the next. Everything in it may be lost with the agent: it then starts as it does in a new pod.
struct Memory {
  std::vector<OwnSample> own;                ///< ascending, a few seconds long
  std::vector<SourceSample> source;          ///< ascending, from the newest sample that we contain onwards; bounded
  std::optional<Instant> source_open_at;     ///< when the source was last known to be open and to answer
  std::optional<Instant> contained;          ///< true_since of the newest source sample contained in our set
  std::optional<GtidSet> errant;             ///< by the last comparison with an open source; absent before the first
  GtidSet suspect;                           ///< GTIDs of the source's UUIDs that it lacked in the last samples
  std::vector<Instant> suspect_seen;         ///< the samples that still lacked it, 2 s apart
  std::optional<Instant> sets_wanted_since;  ///< a closed primary waits for its peers' sets since then
  bool opened = false;                       ///< this agent has seen or made the server writable since it started
  std::optional<Uuid> running_uuid;          ///< server_uuid last seen, to notice a new mysqld
  std::optional<Instant> sql_retried_at;
  std::optional<Instant> io_started_at;
  std::optional<Instant> mark_written_at;
  std::map<Account, Instant> password_tried_at;
  std::string applying_from;  ///< pod name of a source chosen in place of the primary; "" otherwise
};

// The acts. Each is idempotent.
struct SetSuperReadOnly {};
struct ResetReplicaAll {};  ///< then the identity's replication_reset becomes true
struct StartSql {};
struct StopSql {};
struct StartIo {};
struct StopIo {};
struct ChangeSource {  ///< both threads are off
  std::string host;
};
struct ForgetSource {};  ///< RESET REPLICA ALL on a primary that has caught up
struct WriteMark {
  GtidSet executed;
  bool writable = false;
};
struct WriteServerUuid {
  Uuid server_uuid;
};
struct SetLatch {
  Latch latch = Latch::none;
};
struct Open {};               ///< super_read_only OFF, read_only OFF, event_scheduler ON
struct Close {};              ///< super_read_only ON, event_scheduler OFF
struct EndFetching {};        ///< disconnects whoever reads the binary log and has been sent all of it
struct RestoreClusterRow {};  ///< super_read_only OFF with read_only ON, put the table and row back
struct EnableSemiSyncSource {
  bool enabled = true;
};
struct EnableSemiSyncReplica {
  bool enabled = true;
};
struct ProvePassword {  ///< log in with it
  Account account{};
};
struct SetPassword {  ///< of replication or clone, after a login was refused: what worked until now goes on working as the old one
  Account account{};
};
struct DiscardOldPassword {  ///< of replication or clone: the file's password alone is left, whether it was the new one or the old
  Account account{};
};
using Action = std::variant<SetSuperReadOnly, ResetReplicaAll, StartSql, StopSql, StartIo, StopIo, ChangeSource, ForgetSource, WriteMark,
                            WriteServerUuid, SetLatch, Open, Close, EndFetching, RestoreClusterRow, EnableSemiSyncSource,
                            EnableSemiSyncReplica, ProvePassword, SetPassword, DiscardOldPassword>;

struct Plan {
  State state = State::starting;
  Reason reason;
  bool ready = false;
  bool donor_ready = false;
  bool released = false;  ///< mysqld is drained, and nothing is left to do before it stops
  std::optional<ReplicationStatus> replication;
  SemiSync semi_sync = SemiSync::off;
  std::vector<Check> checks;
  std::vector<Reason> alerts;
  std::vector<Action> actions;  ///< to be done in this order; the first failure ends the cycle
  Memory memory;                ///< for the next cycle
};

/// The verdict and the acts of one cycle.
[[nodiscard]] Plan decide(const Policy& policy, const Observation& observation, const Memory& memory);

/// Why mysqld must be killed to be of use again: it accepts connections and has answered none of them for longer than `limit`. Nothing for
/// one that has a reason to be silent: it starts, it recovers from a crash, or it was donating when it last answered (`donated_last`).
[[nodiscard]] std::optional<Reason> stuck(const Observation& observation, bool donated_last, Milliseconds limit);

}  // namespace ordinal::run
