// What the rules for a primary and those for a replica share. Internal to the run decision: nothing else may include it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/run_decision.hpp"

namespace ordinal::run {

/// The account that replicas use at their source.
inline constexpr std::string_view replication_user = "ordinal_replication";

/// One cycle's decision in the making.
struct Cycle {
  const Policy& policy;
  const Observation& o;
  const MysqlFacts& mysql;
  Plan plan;
  bool shrank = false;        ///< the executed set lacks what the mark says
  bool data_is_ours = false;  ///< there is a mark and the executed set contains it
  bool row_is_ours = false;   ///< ordinal.cluster names our cluster

  template <class Action>
  void act(Action action) {
    plan.actions.emplace_back(std::move(action));
  }
  /// Adds a line to /readyz; the first that fails gives state and reason.
  void check(std::string name, bool ok, State state_if_not, Code code, std::string text = {});
  [[nodiscard]] const PeerView* peer(const PodName& pod) const;
};

/// The channel is as the agent would write it for `host`.
[[nodiscard]] bool channel_matches(const Policy& policy, const ReplicaFacts& replica, const std::string& host);

/// What the relay logs hold and the data does not.
[[nodiscard]] GtidSet unapplied(const MysqlFacts& mysql);

/// The pods that say that they are of another cluster, where none says that it is of ours: then this volume is the stranger, perhaps.
[[nodiscard]] std::vector<std::string> disowned_by(const Cycle& cycle);

/// Brings the channel to `host` without throwing away what was received: stop fetching, apply or prove recoverable, then change.
/// `recoverable` says that an open, checked source still has all of it unpurged. Returns the reason while there is something to wait for.
std::optional<Reason> steer_channel(Cycle& cycle, const std::string& host, bool recoverable);

/// Starts the SQL thread where a channel has none; after an error of its own not in every cycle.
void keep_sql_thread_running(Cycle& cycle);

/// Starts the IO thread; after an error of its own not in every cycle.
void start_fetching(Cycle& cycle);
void stop_fetching(Cycle& cycle);

/// Sees to it that each account has the password of its file, on an open primary: from there it reaches every pod.
void keep_passwords(Cycle& cycle);

void decide_replica(Cycle& cycle);
void decide_primary(Cycle& cycle);

}  // namespace ordinal::run
