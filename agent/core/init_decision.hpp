// The decision of `ordinal init`: from what the volume, the peers and the scratch server show to the next step. Pure; it must not do I/O,
// ask a clock, or remember anything but what Memory hands on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/peer.hpp"
#include "core/policy.hpp"

namespace ordinal::init {

/// Why an identity file cannot be trusted.
struct IdentityProblem {
  enum class What : std::uint8_t { unreadable, corrupt, newer_schema } what = What::unreadable;
  std::string detail;  ///< a sentence part that names file and cause
};

/// What lies on the volume, as read under its lock.
struct VolumeFacts {
  std::variant<std::monostate, Identity, IdentityProblem> identity;  ///< monostate: there is no file
  bool data = false;                                                 ///< data/ exists
  bool incoming = false;                                             ///< incoming/ exists
  bool discarded = false;                                            ///< discarded/ exists
  bool trash = false;                                                ///< trash/ holds something
  std::string foreign_data;  ///< where MySQL data without an identity lies: the volume's path or its data/; "" when there is none
  bool reseed_requested = false;
  bool rebind_requested = false;
  bool clear_requested = false;
  bool sweeping = false;  ///< what was thrown away is being removed: there will be more room
  std::uint64_t free_bytes = 0;
  std::uint64_t data_bytes = 0;  ///< allocated by data/

  [[nodiscard]] const Identity* identity_or_null() const { return std::get_if<Identity>(&identity); }
};

/// What the volume says to a first pod without data.
[[nodiscard]] VolumeAnswer answer_of(const VolumeFacts& volume);

/// The throw-away server that initialises data or receives a clone into incoming/.
struct ScratchFacts {
  enum class Phase : std::uint8_t {
    none,          ///< not running
    initializing,  ///< started with a FIFO, and without a task yet
    copying,       ///< it has its task, a clone or an initialisation, and takes it up once it has initialised its own data
    complete,      ///< it ended well and incoming/ is complete and synced
    failed,        ///< it ended without a complete copy; incoming/ is thrown away
  } phase = Phase::none;
  std::string donor;  ///< pod name; "" while initialising a new cluster
  std::string donor_host;
  bool reads_statements = false;  ///< its own initialising is over: from now on a clone can move bytes
  std::string stopping;           ///< why it was killed, until its end is seen; "" otherwise
  std::string error;              ///< of a failure, from its log, one line
  bool donor_busy = false;        ///< the failure was MySQL's 3634: another clone is running there
  bool no_clone_plugin = false;   ///< the failure was that this MySQL has no clone plugin, which no attempt can mend
  std::uint32_t failures = 0;     ///< in a row, 3634 not counted
  Instant last_progress_at{};     ///< when something was last written, or when the task was given or taken up
  std::uint64_t bytes = 0;        ///< allocated, of the copy
  std::uint64_t estimated_bytes = 0;
  Instant started_at{};
  Instant ended_at{};
};

struct Observation {
  Instant now{};
  std::chrono::sys_seconds wall{};
  Instant started_at{};  ///< of this agent
  VolumeFacts volume;
  ScratchFacts scratch;
  std::vector<PeerView> peers;  ///< every other pod of the cluster, in ascending order; empty before the first round of asking
  bool peers_asked = false;     ///< at least one round is over
  std::string mysql_version;    ///< of the mysqld beside us, "9.7.4"
  double jitter = 0;            ///< in [0, 1), drawn once per agent, so that pods that failed together do not try again together
};

// The steps. Each is idempotent and safe to be killed in; what `apply` does for each is in provision/.
struct Rebind {};             ///< write the identity anew for this owner, keeping cluster id, state and mark; remove the request
struct ClearLatch {};         ///< lift the latch; remove the request
struct FinishRenames {};      ///< incoming/ -> data/, the old data/ -> discarded/ before it, the identity last
struct Adopt {};              ///< move foreign data into data/ and write the identity
struct WriteProvisioning {};  ///< write the first identity of an empty volume
struct ThrowAway {};          ///< what an earlier attempt left
struct StartScratch {};  ///< throw away what an earlier attempt left, and start the scratch server, so that it initialises while we wait
struct Initialize {};    ///< the same, and let the scratch server make a new, empty cluster
struct Clone {
  std::string donor;  ///< pod name
  std::string host;
  ProvisionedHow how = ProvisionedHow::clone;
  Uuid cluster_id;
  std::uint64_t expected_bytes = 0;
};
struct StopScratch {
  std::string why;
};
struct Complete {};  ///< write `clone_complete` for the copy in incoming/
struct Done {};      ///< the volume is provisioned: throw away what a finished reseed left, write my.cnf and end with 0
using Action = std::variant<Rebind, ClearLatch, FinishRenames, Adopt, WriteProvisioning, ThrowAway, StartScratch, Initialize, Clone,
                            StopScratch, Complete, Done>;

struct Plan {
  State state = State::waiting_for_peers;
  Reason reason;
  std::vector<Action> actions;
};

/// The next step of init. Never fails; what cannot go on is a plan with state `refused` or a waiting state, and no actions.
[[nodiscard]] Plan decide(const Policy& policy, const Observation& observation);

}  // namespace ordinal::init
