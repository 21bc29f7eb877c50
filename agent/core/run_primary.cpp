// The rules for a primary: it opens for writes only once it is known that its data is the newest there is, or that nobody can say more.
#include <algorithm>
#include <format>

#include "base/text.hpp"
#include "core/peer_sets.hpp"
#include "core/run_rules.hpp"

namespace ordinal::run {
namespace {

/// What the peers have told, and who has not.
struct Told {
  std::vector<const PeerView*> with_sets;
  std::vector<std::string> missing;
};

Told listen(const Cycle& cycle) {
  Told told;
  for (const auto& peer : cycle.o.peers) {
    const auto* status = peer.last ? &peer.last->status : nullptr;
    const bool empty =
        status != nullptr && (status->volume.answer == VolumeAnswer::never_provisioned || status->volume.answer == VolumeAnswer::lost_data);
    if (status != nullptr && status->mysql && status->cluster_id == cycle.o.identity.cluster_id) {
      told.with_sets.push_back(&peer);
    } else if (!empty) {
      const auto& why = status != nullptr ? status->reason.text : peer.why_silent;
      told.missing.push_back(std::format("{} ({})", peer.pod.to_string(), why.empty() ? "not asked yet" : why));
    }
  }
  return told;
}

/// A peer that has what we lack.
struct Ahead {
  PodSets sets;
  GtidSet beyond;  ///< what it has and we lack, without its errants
};

/// How the peers' sets stand to ours.
struct Standing {
  std::vector<Ahead> ahead;     ///< have what we lack, and all that we have
  std::vector<Ahead> forked;    ///< have what we lack, and lack what we have
  std::vector<PodSets> errant;  ///< have transactions of their own
};

Standing compare(const Cycle& cycle, const Told& told) {
  Standing standing;
  const auto& own = cycle.mysql.executed;
  for (auto& peer : sets_of(told.with_sets, own)) {
    if (!peer.errant.empty()) standing.errant.push_back(peer);
    auto beyond = peer.clean.without(own);
    // While we write, a replica has our newest transactions before we see them committed (semi-synchronous replication).
    if (!cycle.mysql.read_only) beyond = beyond.without_uuid(cycle.mysql.server_uuid);
    if (beyond.empty()) continue;
    (peer.all.contains(own) ? standing.ahead : standing.forked).push_back({std::move(peer), std::move(beyond)});
  }
  return standing;
}

void name_fork(Cycle& cycle, const Ahead& peer) {
  const auto lacking = cycle.mysql.executed.without(peer.sets.all);
  auto text = std::format("{} has {} which this pod lacks", peer.sets.pod.to_string(), peer.beyond.to_string());
  if (!lacking.empty()) text += std::format(", and lacks {} which this pod has", lacking.to_string());
  cycle.plan.alerts.push_back(reason(Code::FORKED, std::move(text)));
}

void name_divergence(Cycle& cycle, const Standing& standing) {
  for (const auto& peer : standing.errant) {
    cycle.plan.alerts.push_back(
        reason(Code::PEER_ERRANT, std::format("{} has transactions of its own: {}", peer.pod.to_string(), peer.errant.to_string())));
  }
  for (const auto& peer : standing.forked) name_fork(cycle, peer);
  // Once open, this pod goes its own way from where it was behind.
  if (cycle.mysql.read_only) return;
  for (const auto& peer : standing.ahead) name_fork(cycle, peer);
}

void steer_semi_sync(Cycle& cycle) {
  const auto& facts = cycle.mysql.semi_sync;
  // A scaled-up pod of one keeps the number that it started with; the others show by being named.
  const bool wanted = cycle.policy.semi_sync && (cycle.policy.replicas > 1 || !cycle.o.peers.empty());
  if (!wanted) {
    if (facts.source_enabled) cycle.act(EnableSemiSyncSource{false});
    return;
  }
  // Only once somebody acknowledges: else the first write of a lone new primary would wait for the timeout.
  if (!facts.source_enabled && facts.clients > 0) cycle.act(EnableSemiSyncSource{true});
  const bool active = facts.source_enabled && facts.source_active && facts.clients > 0;
  cycle.plan.semi_sync = active ? SemiSync::active : SemiSync::degraded;
  if (!active) cycle.plan.alerts.push_back(reason(Code::SEMI_SYNC_DEGRADED));
}

/// What was an event of a replica stays switched off when the replica's data becomes the primary's.
void name_disabled_events(Cycle& cycle) {
  const auto& rare = cycle.o.rare;
  if (!rare || rare->disabled_events.empty()) return;
  cycle.plan.alerts.push_back(
      reason(Code::EVENTS_DISABLED, std::format("REPLICA_SIDE_DISABLED, and so never run: {}", join(rare->disabled_events, ", "))));
}

void stay_open(Cycle& cycle) {
  cycle.plan.memory.opened = true;
  cycle.plan.memory.sets_wanted_since.reset();
  cycle.plan.memory.applying_from.clear();
  name_divergence(cycle, compare(cycle, listen(cycle)));
  if (!cycle.row_is_ours) cycle.act(RestoreClusterRow{});
  if (cycle.mysql.super_read_only || !cycle.mysql.event_scheduler) cycle.act(Open{});
  cycle.check("open", true, State::serving, Code::OK);
  name_disabled_events(cycle);
  steer_semi_sync(cycle);
  keep_passwords(cycle);
}

/// Opens, once nothing that was received is left unapplied.
void open(Cycle& cycle) {
  if (const auto& replica = cycle.mysql.replica) {
    if (replica->io != ThreadState::off) {
      cycle.act(StopIo{});
    } else if (unapplied(cycle.mysql).empty()) {
      cycle.act(ForgetSource{});
    }
    cycle.check("open", false, State::configuring, Code::PRIMARY_CLOSED, "ending the replication from which it caught up");
    return;
  }
  // Not before: the row's return is a transaction of our own, and an old volume that has one looks forked instead of behind.
  if (!cycle.row_is_ours) cycle.act(RestoreClusterRow{});
  // The mark says that writes may follow before the first can: a kill in between leaves a mark that claims too little, never too much.
  cycle.act(WriteMark{cycle.mysql.executed, true});
  cycle.plan.memory.mark_written_at = cycle.o.now;
  cycle.act(Open{});
  cycle.check("open", false, State::configuring, Code::PRIMARY_CLOSED, "opening for writes");
}

/// The peer to catch up from: without errants, with a binary log that reaches back to what we have, answering rather than silent, and with
/// the most of what we lack. Null when there is none.
const Ahead* choose_to_catch_up_from(const Cycle& cycle, const std::vector<Ahead>& ahead) {
  const auto have = cycle.mysql.executed.united(unapplied(cycle.mysql));
  const auto rank = [&](const Ahead& peer) { return std::pair(cycle.peer(peer.sets.pod)->answer.has_value(), peer.beyond.count()); };
  const Ahead* best = nullptr;
  for (const auto& peer : ahead) {
    const bool usable = peer.sets.errant.empty() && have.contains(peer.sets.status->mysql->gtid_purged);
    if (usable && (best == nullptr || rank(peer) > rank(*best))) best = &peer;
  }
  return best;
}

void catch_up(Cycle& cycle, const std::vector<Ahead>& ahead) {
  const auto* source = choose_to_catch_up_from(cycle, ahead);
  if (source == nullptr) {
    const auto& [peer, beyond] = ahead.front();
    const auto why = peer.errant.empty() ? "its binary log does not reach back that far"
                                         : "it has transactions of its own too: " + peer.errant.to_string();
    cycle.check("open", false, State::diverged, Code::PRIMARY_BEHIND_PURGED,
                std::format("{} has {} which this pod lacks, and {}", peer.pod.to_string(), beyond.to_string(), why));
    return;
  }
  const auto name = source->sets.pod.to_string();
  const bool answers = cycle.peer(source->sets.pod)->answer.has_value();
  cycle.plan.memory.applying_from = name;
  auto text = std::format("this volume is {} transactions behind {}: {}", source->beyond.count(), name,
                          answers ? "catching up from it before opening" : "it is silent now, and waited for");
  if (const auto& replica = cycle.mysql.replica; replica && replica->io_errno != 0)
    text += std::format("; MySQL error {}: {}", replica->io_errno, replica->io_error);
  cycle.check("open", false, State::catching_up, Code::PRIMARY_BEHIND, std::move(text));
  if (!answers) return stop_fetching(cycle);
  if (steer_channel(cycle, source->sets.host, false)) return;
  if (cycle.mysql.replica->io == ThreadState::off) start_fetching(cycle);
}

void stay_closed_or_open(Cycle& cycle) {
  auto& memory = cycle.plan.memory;
  if (!cycle.mysql.super_read_only) cycle.act(SetSuperReadOnly{});
  const auto& identity = cycle.o.identity;
  // A copy has no relay logs, but data that was adopted may come with the only ones there are.
  const bool adopted = identity.provisioned && identity.provisioned->how == ProvisionedHow::adopt;
  const auto left = adopted ? unapplied(cycle.mysql) : GtidSet{};
  if (!identity.replication_reset && left.empty()) {
    cycle.act(ResetReplicaAll{});
    cycle.check("replication_reset", false, State::configuring, Code::REPLICATION_CONFIGURING,
                "forgetting the replication settings that came with the data");
    return;
  }
  keep_sql_thread_running(cycle);
  if (const auto& replica = cycle.mysql.replica; replica && replica->sql_errno != 0) {
    cycle.check("replication_sql", false, State::diverged, Code::REPLICA_SQL_ERROR,
                std::format("MySQL error {}: {}", replica->sql_errno, replica->sql_error));
  }
  if (!identity.replication_reset) {
    cycle.check("replication_reset", false, State::configuring, Code::REPLICATION_DRAINING,
                std::format("{} transactions that came received with the adopted data are applied first", left.count()));
    return;
  }
  // Just initialised or restored: nobody can have more.
  if (!identity.mark) return open(cycle);

  // Whoever waits here for long enough would open, and take writes for a database that is not this one.
  if (const auto strangers = disowned_by(cycle); !strangers.empty() && !memory.opened) {
    cycle.check("open", false, State::blocked, Code::CLUSTER_MISMATCH,
                std::format("this volume is of cluster {}, and {} of another; one of the two does not belong here",
                            identity.cluster_id ? identity.cluster_id->to_string() : "none", join(strangers, ", ")));
    return;
  }
  if (!memory.sets_wanted_since) memory.sets_wanted_since = cycle.o.now;
  const auto told = listen(cycle);
  const bool patient = !memory.opened && elapsed(*memory.sets_wanted_since, cycle.o.now) < cycle.policy.peer_check_timeout;
  const bool incomplete = !cycle.o.peers_asked || !told.missing.empty();
  if (incomplete && patient) {
    cycle.check("open", false, State::waiting_for_peers, Code::PEERS_UNKNOWN,
                std::format("before opening for writes, waiting for the sets of {}",
                            told.missing.empty() ? "the other pods" : join(told.missing, ", ")));
    return;
  }
  const auto standing = compare(cycle, told);
  name_divergence(cycle, standing);
  // A fork is not healed by fetching: it opens, and a person decides over the other tail.
  if (!standing.ahead.empty()) return catch_up(cycle, standing.ahead);
  memory.applying_from.clear();
  open(cycle);
}

/// Ends the writes before mysqld does, and then the connections of the replicas: mysqld ends those last and late (seen: after 8 s and more
/// of 11), and nobody can write meanwhile. Replicas stop fetching when they see that their source is closed and that they have all of it;
/// cut off before, they would only connect again.
void withdraw(Cycle& cycle) {
  if (!cycle.mysql.super_read_only) return cycle.act(Close{});
  const bool still_fetched = std::ranges::any_of(cycle.o.peers, [&](const PeerView& peer) {
    const auto* replication = peer.answer && peer.answer->status.replication ? &*peer.answer->status.replication : nullptr;
    return replication != nullptr && replication->io == ThreadState::on && replication->source == cycle.policy.owner.pod.to_string();
  });
  if (!still_fetched && cycle.mysql.fetchers > 0) cycle.act(EndFetching{});
}

}  // namespace

void decide_primary(Cycle& cycle) {
  cycle.check("gtid_set", !cycle.shrank, State::diverged, Code::GTID_SET_SHRANK,
              std::format("the executed set lacks {}, which this volume held",
                          cycle.o.identity.mark ? cycle.o.identity.mark->gtid_executed.without(cycle.mysql.executed).to_string() : ""));
  // An import may have replaced or dropped the row: data that the mark proves ours stays trusted, and the row is put back.
  if (!cycle.row_is_ours && cycle.data_is_ours) cycle.plan.alerts.push_back(reason(Code::CLUSTER_ROW_MISSING));
  const bool ours = cycle.row_is_ours || cycle.data_is_ours;
  if (!ours) {
    const bool another = cycle.mysql.cluster.kind == ClusterRow::Kind::present;
    cycle.check("cluster", false, State::blocked, another ? Code::CLUSTER_MISMATCH : Code::CLUSTER_ROW_MISSING,
                "ordinal.cluster does not name this volume's cluster, and nothing proves that the data is ours");
  }
  const bool trusted = ours && !cycle.shrank;
  if (!trusted) {
    if (!cycle.mysql.super_read_only) cycle.act(Close{});
  } else if (cycle.o.drained) {
    withdraw(cycle);
  } else if (!cycle.mysql.read_only) {
    stay_open(cycle);
  } else {
    stay_closed_or_open(cycle);
  }
  cycle.plan.donor_ready = !cycle.mysql.read_only && trusted && cycle.row_is_ours && cycle.mysql.clone_plugin;
}

}  // namespace ordinal::run
