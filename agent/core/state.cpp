// The table behind states and reason codes.
#include "core/state.hpp"

#include <array>
#include <utility>

namespace ordinal {
namespace {

constexpr std::array<std::pair<State, std::string_view>, 14> states{{
    {State::waiting_for_peers, "waiting_for_peers"},
    {State::waiting_for_donor, "waiting_for_donor"},
    {State::initializing, "initializing"},
    {State::cloning, "cloning"},
    {State::finishing, "finishing"},
    {State::refused, "refused"},
    {State::starting, "starting"},
    {State::recovering, "recovering"},
    {State::configuring, "configuring"},
    {State::catching_up, "catching_up"},
    {State::serving, "serving"},
    {State::diverged, "diverged"},
    {State::blocked, "blocked"},
    {State::stopping, "stopping"},
}};

using enum Code;
constexpr std::string_view wait = "Nothing: it goes on by itself.";

constexpr std::array codes{
    CodeEntry{OK, "OK", "All is well.", "Nothing."},
    CodeEntry{AGENT_STARTING, "AGENT_STARTING", "The agent has just started and has not looked around yet.", wait},
    CodeEntry{PEERS_UNKNOWN, "PEERS_UNKNOWN",
              "A pod has not answered yet, or its MySQL has not told its GTID set, and the next step needs it.",
              "Bring the named pods up: nothing is made or opened before they have answered."},
    CodeEntry{DONOR_UNAVAILABLE, "DONOR_UNAVAILABLE", "The pod to clone from is not ready to be a donor.",
              "Look at that pod's state; donor.fallback_after allows other donors."},
    CodeEntry{DONOR_BUSY, "DONOR_BUSY", "The donor serves another clone; MySQL allows one at a time.", wait},
    CodeEntry{NO_ROOM, "NO_ROOM", "The volume has no room for the donor's data.", "Enlarge the volume."},
    CodeEntry{INITIALIZE_FORBIDDEN, "INITIALIZE_FORBIDDEN",
              "The first pod is empty and bootstrap.initialize = \"never\" forbids a new cluster.",
              "Bring back a pod with data, or set bootstrap.initialize to \"when_empty\" for a cluster that never existed."},
    CodeEntry{APPLYING_PENDING, "APPLYING_PENDING",
              "No peer has applied all that the peers have received; the restore waits for one that has.",
              "Nothing, unless a peer's applying has stopped: see its state."},
    CodeEntry{CLONE_RUNNING, "CLONE_RUNNING", "The data is being copied from the donor.", wait},
    CodeEntry{CLONE_RETRY, "CLONE_RETRY", "A copy failed and the next attempt waits for a moment.",
              "Nothing, unless it repeats: the text says why it failed."},
    CodeEntry{INITIALIZE_RUNNING, "INITIALIZE_RUNNING", "A new, empty database is being made.", wait},
    CodeEntry{FINISHING_RENAMES, "FINISHING_RENAMES", "A complete copy is being put in its place.", wait},
    CodeEntry{RESEED_POSTPONED, "RESEED_POSTPONED",
              "A reseed was asked for and cannot begin now; the pod goes on with the data that it has.",
              "Do what the text names, then restart the pod."},
    CodeEntry{FOREIGN_VOLUME, "FOREIGN_VOLUME", "The volume belongs to another pod, StatefulSet or namespace, or to another first ordinal.",
              "Attach the right volume, or, for a volume restored here on purpose, run `ordinal identity --rebind` in this pod."},
    CodeEntry{IDENTITY_UNREADABLE, "IDENTITY_UNREADABLE", "The identity file cannot be read.", "Mend the file's mode or the volume."},
    CodeEntry{IDENTITY_CORRUPT, "IDENTITY_CORRUPT", "The identity file is damaged.",
              "Restore it from a backup; if this volume's data is expendable, give the pod an empty volume."},
    CodeEntry{IDENTITY_NEWER, "IDENTITY_NEWER", "The identity file was written by a newer version of Ordinal.",
              "Use that version or a newer one."},
    CodeEntry{FOREIGN_DATA, "FOREIGN_DATA", "The volume holds MySQL data but no identity.",
              "Set volume.adopt_existing on the first pod to take it over, or give the pod an empty volume."},
    CodeEntry{DATA_UNEXPLAINED, "DATA_UNEXPLAINED", "The volume holds data, or lacks it, in a way that no step of Ordinal leaves behind.",
              "Find out who touched the volume; put the named directory in its place or away, or give the pod an empty volume."},
    CodeEntry{DATA_LOST_EVERYWHERE, "DATA_LOST_EVERYWHERE", "There was data in this cluster and no pod has it any more.",
              "Restore a volume from a backup or snapshot; to start over, give every pod an empty volume."},
    CodeEntry{CLUSTER_MISMATCH, "CLUSTER_MISMATCH", "Pods or tables name different cluster ids.",
              "Find out which volume does not belong here, and take it away."},
    CodeEntry{SETS_DIVERGED, "SETS_DIVERGED", "The peers hold transactions that exclude each other; no pod has them all.",
              "Decide which peer's data counts, and reseed the others or give them empty volumes."},
    CodeEntry{VOLUME_NOT_WRITABLE, "VOLUME_NOT_WRITABLE", "The volume cannot be written.", "Mend owner, mode or mount as the text says."},
    CodeEntry{MYSQL_VERSION_UNSUPPORTED, "MYSQL_VERSION_UNSUPPORTED",
              "This MySQL lacks what Ordinal needs, or differs from the donor's version series.",
              "Use an image of MySQL 8.4 or newer with the clone plugin, of the donor's series."},
    CodeEntry{SETTINGS_REFUSED, "SETTINGS_REFUSED", "A setting in the user's MySQL configuration would endanger the data.",
              "Remove the named setting."},
    CodeEntry{MYSQL_STARTING, "MYSQL_STARTING", "mysqld is starting.", wait},
    CodeEntry{MYSQL_RECOVERING, "MYSQL_RECOVERING", "mysqld is recovering from a crash.",
              "Nothing: it can take long, and must not be interrupted."},
    CodeEntry{MYSQL_UNREACHABLE, "MYSQL_UNREACHABLE", "mysqld does not answer on its socket.", "Look at the log of the mysql container."},
    CodeEntry{MYSQL_SILENT, "MYSQL_SILENT", "mysqld accepts connections and does not answer in time.",
              "Look at what keeps it busy; a frozen one is restarted by its liveness probe."},
    CodeEntry{MYSQL_DENIED, "MYSQL_DENIED", "mysqld refuses the agent's login.",
              "Restart the mysql container: its boot file sets the password of the Secret."},
    CodeEntry{MYSQL_STOPPING, "MYSQL_STOPPING", "mysqld is shutting down.", wait},
    CodeEntry{OFFLINE_MODE, "OFFLINE_MODE", "offline_mode is on: mysqld takes no clients, and no replicas on the primary.",
              "SET GLOBAL offline_mode=OFF, as root."},
    CodeEntry{REPLICATION_CONFIGURING, "REPLICATION_CONFIGURING", "Replication is being set up.", wait},
    CodeEntry{REPLICATION_DRAINING, "REPLICATION_DRAINING", "What was received is applied before the source changes.", wait},
    CodeEntry{SOURCE_SILENT, "SOURCE_SILENT", "The source's agent does not answer.", "Bring the source up; reads go on here meanwhile."},
    CodeEntry{SOURCE_NOT_OPEN, "SOURCE_NOT_OPEN", "The source answers but is not open for writes, so nothing is compared with it.",
              "Look at the source's state."},
    CodeEntry{SOURCE_UNKNOWN, "SOURCE_UNKNOWN", "The source has not been seen yet.", "Bring the source up."},
    CodeEntry{REPLICA_IO_ERROR, "REPLICA_IO_ERROR", "The replica cannot fetch from its source.",
              "The text is MySQL's; the agent tries again."},
    CodeEntry{REPLICA_SQL_ERROR, "REPLICA_SQL_ERROR", "The replica cannot apply a transaction.",
              "Mend the named conflict, or `ordinal reseed` this pod; the agent tries again every 30 s."},
    CodeEntry{LAG_UNKNOWN, "LAG_UNKNOWN", "No sample of the source is contained in this replica's data yet.", wait},
    CodeEntry{LAG_TOO_HIGH, "LAG_TOO_HIGH", "The data is staler than readiness.max_lag allows.", wait},
    CodeEntry{SOURCE_SILENCE_TOO_LONG, "SOURCE_SILENCE_TOO_LONG",
              "The source has been silent for longer than readiness.max_source_silence.", "Bring the source up."},
    CodeEntry{APPLYING_RECEIVED, "APPLYING_RECEIVED", "The source is silent and what was received from it is still being applied.", wait},
    CodeEntry{CATCHING_UP_FROM_SIBLING, "CATCHING_UP_FROM_SIBLING",
              "The source has purged what this replica needs; a sibling that has it serves it.", wait},
    CodeEntry{SOURCE_PURGED, "SOURCE_PURGED", "The source has purged transactions that this server needs, and no peer has them.",
              "Run `ordinal reseed` in this pod and restart it."},
    CodeEntry{ERRANT_TRANSACTIONS, "ERRANT_TRANSACTIONS", "This replica has transactions that its source lacks.",
              "Look at the named transactions in this pod's binary log; then `ordinal reseed` it and restart it."},
    CodeEntry{SOURCE_LOST_TRANSACTIONS, "SOURCE_LOST_TRANSACTIONS",
              "The source lost transactions that it once had, and this replica still has them.",
              "Save what the named transactions hold; then `ordinal reseed` this pod, or `ordinal identity --clear` once the source has "
              "them again."},
    CodeEntry{GTID_SET_SHRANK, "GTID_SET_SHRANK",
              "The server's executed set shrank while its data stayed, as RESET BINARY LOGS AND GTIDS does it.",
              "`ordinal reseed` this pod and restart it."},
    CodeEntry{WRITABLE_REPLICA, "WRITABLE_REPLICA", "super_read_only is off on a replica.",
              "Nothing: the agent sets it again; find out who changed it."},
    CodeEntry{CLUSTER_ROW_MISSING, "CLUSTER_ROW_MISSING",
              "The table ordinal.cluster is gone or changed, as after an import of a whole dump.", "Nothing: the agent puts it back."},
    CodeEntry{PRIMARY_BEHIND, "PRIMARY_BEHIND",
              "The primary's volume is older than its peers': it stays closed and catches up from one of them.", wait},
    CodeEntry{PRIMARY_BEHIND_PURGED, "PRIMARY_BEHIND_PURGED",
              "The primary's volume is older than its peers', and none of them can serve what it lacks: it is purged there, or comes with "
              "errants.",
              "Run `ordinal reseed` in this pod and restart it: it clones from the named peer."},
    CodeEntry{PRIMARY_CLOSED, "PRIMARY_CLOSED", "The primary is not open for writes yet.", wait},
    CodeEntry{FORKED, "FORKED", "The primary and a peer each have transactions that the other lacks.",
              "Save what the named transactions of the peer hold; then `ordinal reseed` the peer."},
    CodeEntry{PEER_ERRANT, "PEER_ERRANT", "A replica has transactions of its own.", "Look at that replica's state."},
    CodeEntry{SEMI_SYNC_DEGRADED, "SEMI_SYNC_DEGRADED", "No replica acknowledges: a lost first volume would lose the newest transactions.",
              "Bring a replica up."},
    CodeEntry{CREDENTIALS_UNREADABLE, "CREDENTIALS_UNREADABLE",
              "The passwords' files cannot be read, or one holds what MySQL does not take; those read before stay in use.",
              "Mend the Secret as the text says."},
    CodeEntry{PASSWORD_NOT_SET, "PASSWORD_NOT_SET", "The password in an account's file could not be proved by a login, nor be set.",
              "See to what the text names; the agent tries again every 30 s."},
    CodeEntry{ROOT_PASSWORD_DIFFERS, "ROOT_PASSWORD_DIFFERS",
              "root's password is not the one in its file, and the agent may not change it.",
              "Log in as root and run ALTER USER root@localhost IDENTIFIED BY with the file's password, or put the old one back into the "
              "file."},
    CodeEntry{OLD_PASSWORD_KEPT, "OLD_PASSWORD_KEPT", "An account still takes its old password, for not every pod uses the new one.",
              "Nothing, unless it stays so: bring the named pods up and see that their Secret is the new one."},
    CodeEntry{PERSISTED_VARIABLES, "PERSISTED_VARIABLES",
              "SET PERSIST has stored variables, which have no effect: mysqld starts without them.",
              "Put them into the user's MySQL settings and run RESET PERSIST."},
    CodeEntry{EVENTS_DISABLED, "EVENTS_DISABLED",
              "Events of the primary are REPLICA_SIDE_DISABLED, as a restore from a replica leaves them.",
              "Run ALTER EVENT … ENABLE for those that are to run, or drop them."},
    CodeEntry{DRAINING, "DRAINING", "The pod is going away and takes no new connections.", wait},
    CodeEntry{STOPPING, "STOPPING", "The agent was told to stop.", wait},
    CodeEntry{SNAPSHOT_STALE, "SNAPSHOT_STALE", "The agent's loop has not turned for too long.",
              "Nothing: the kubelet restarts the agent if it stays so."},
};

constexpr bool in_the_enums_order() {
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (static_cast<std::size_t>(codes.at(i).code) != i) return false;
  }
  return static_cast<std::size_t>(SNAPSHOT_STALE) + 1 == codes.size();
}
static_assert(in_the_enums_order());

const CodeEntry& entry(Code code) { return codes.at(static_cast<std::size_t>(code)); }

}  // namespace

std::string_view to_string(State state) { return states.at(static_cast<std::size_t>(state)).second; }

State parse_state(std::string_view text, State fallback) {
  for (const auto& [state, name] : states) {
    if (name == text) return state;
  }
  return fallback;
}

std::string_view to_string(Code code) { return entry(code).name; }

std::span<const CodeEntry> code_table() { return codes; }

Reason reason(Code code, std::string text) { return {code, text.empty() ? std::string(entry(code).meaning) : std::move(text)}; }

}  // namespace ordinal
