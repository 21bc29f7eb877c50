// The rules for a replica. The SQL thread always runs on our own data; checks gate the IO thread only, for what it fetches may be wrong,
// and what it has fetched may be the last copy in the world.
#include <algorithm>
#include <format>

#include "base/text.hpp"
#include "core/run_rules.hpp"

namespace ordinal::run {
namespace {

using std::chrono_literals::operator""s;

/// A GTID of the source's own that it lacks is lost only when two samples, this far apart, confirm the first: with semi-synchronous
/// replication a replica is ahead of its source for as long as an acknowledgement takes, and so at most for its time-out.
constexpr auto confirm_every = 2s;
constexpr std::size_t confirmations = 3;
/// Before this long without an answer nobody says that the source is silent: its agent may just restart.
constexpr auto silence_begins_after = 3s;
constexpr std::size_t source_samples_kept = 128;

/// The source as far as it may be compared with: only an open one may.
struct Source {
  const PeerView* view = nullptr;
  const Status* open = nullptr;         ///< its status when it answers, is open and is of our cluster
  bool closed = false;                  ///< it answers, its MySQL too, and it is not open
  bool leaving = false;                 ///< it is closed because it goes away, and what it still sends is good
  bool foreign = false;                 ///< it answers and is of another cluster
  std::optional<Milliseconds> silence;  ///< for how long there has been no open source

  [[nodiscard]] bool silent() const { return open == nullptr && silence && *silence >= silence_begins_after; }
};

Source look_at_source(Cycle& cycle) {
  Source source;
  source.view = cycle.peer(cycle.policy.primary());
  if (source.view != nullptr && source.view->answer) {
    const auto& status = source.view->answer->status;
    source.foreign = status.cluster_id && cycle.o.identity.cluster_id && status.cluster_id != cycle.o.identity.cluster_id;
    source.closed = status.mysql && !status.mysql->open;
    source.leaving = source.closed && status.reason.code == Code::DRAINING;
    if (status.mysql && status.mysql->open && status.cluster_id && !source.foreign) source.open = &status;
  }
  auto& open_at = cycle.plan.memory.source_open_at;
  if (source.open != nullptr) {
    // An agent whose mysqld has fallen silent answers for a while with what it read before.
    open_at = source.view->answer->true_since();
  } else if (cycle.o.peers_asked) {
    source.silence = elapsed(open_at.value_or(cycle.o.started_at), cycle.o.now);
  }
  return source;
}

/// What we have and the source lacks, by whose it is.
struct Excess {
  bool known = false;  ///< there was an own sample old enough to compare
  GtidSet errant;      ///< under our own or a sibling's server_uuid: wrong at once
  GtidSet suspect;     ///< under a UUID of the source, present or former: wrong only if it stays
};

Excess excess_over(const Cycle& cycle, const Source& source) {
  Excess excess;
  const auto true_since = source.view->answer->true_since();
  const auto& own = cycle.plan.memory.own;
  const auto sample = std::ranges::find_if(own.rbegin(), own.rend(), [&](const OwnSample& s) { return s.taken_at <= true_since; });
  if (sample == own.rend()) return excess;
  excess.known = true;
  const auto lacking = sample->executed.without(source.open->mysql->gtid_executed);
  excess.errant = lacking.of(cycle.mysql.server_uuid);
  for (const auto& peer : cycle.o.peers) {
    if (peer.pod == cycle.policy.primary() || !peer.last || !peer.last->status.mysql) continue;
    excess.errant = excess.errant.united(lacking.of(peer.last->status.mysql->server_uuid));
  }
  excess.suspect = lacking.without(excess.errant);
  return excess;
}

/// Follows suspects over the samples; true once they are confirmed as lost by the source.
bool confirm_suspects(const Policy& policy, const GtidSet& suspects, Instant sampled_at, Memory& memory) {
  const auto still = memory.suspect_seen.empty() ? suspects : memory.suspect.intersection(suspects);
  if (still.empty()) {
    memory.suspect = suspects;
    memory.suspect_seen.clear();
    if (!suspects.empty()) memory.suspect_seen.push_back(sampled_at);
    return false;
  }
  memory.suspect = still;
  const auto apart = std::max<Milliseconds>(confirm_every, policy.semi_sync_timeout);
  if (memory.suspect_seen.empty() || sampled_at - memory.suspect_seen.back() >= apart) memory.suspect_seen.push_back(sampled_at);
  return memory.suspect_seen.size() >= confirmations;
}

/// A replica far behind collects samples. The one whose loss widens a gap the least goes: so they stay spread over the whole lag, and the
/// bound becomes pessimistic by a small part of itself only.
void thin_out(std::vector<SourceSample>& samples) {
  if (samples.size() <= source_samples_kept) return;
  auto victim = samples.begin() + 1;
  for (auto sample = victim; sample + 1 != samples.end(); ++sample) {
    const auto gap = [](auto between) { return (between + 1)->true_since - (between - 1)->true_since; };
    if (gap(sample) < gap(victim)) victim = sample;
  }
  samples.erase(victim);
}

/// Keeps the source's samples and finds the newest that our data contains: from it the lag bound is counted.
void follow_source(const Cycle& cycle, const Source& source, Memory& memory) {
  auto& samples = memory.source;
  const auto true_since = source.view->answer->true_since();
  if (samples.empty() || samples.back().true_since < true_since) samples.push_back({true_since, source.open->mysql->gtid_executed});
  const auto newest = std::ranges::find_if(samples.rbegin(), samples.rend(),
                                           [&](const SourceSample& sample) { return cycle.mysql.executed.contains(sample.executed); });
  if (newest != samples.rend()) {
    memory.contained = newest->true_since;
    samples.erase(samples.begin(), newest.base() - 1);
  }
  thin_out(samples);
}

/// A pod that has what the source has purged and we need, and has nothing of its own.
const PeerView* sibling_with(const Cycle& cycle, const GtidSet& have, const GtidSet& wanted) {
  for (const auto& peer : cycle.o.peers) {
    if (peer.pod == cycle.policy.primary() || !peer.answer) continue;
    const auto& status = peer.answer->status;
    const bool fit = status.mysql && status.mysql->donor_ready && status.cluster_id == cycle.o.identity.cluster_id &&
                     have.contains(status.mysql->gtid_purged) && status.mysql->gtid_executed.contains(wanted);
    if (fit) return &peer;
  }
  return nullptr;
}

/// The checks before the IO thread may run, against an open source. Returns whether fetching may go on, and from whom.
struct Fetch {
  bool allowed = false;
  std::string host;
  bool from_sibling = false;
};

Fetch check_against(Cycle& cycle, const Source& source, const Excess& excess) {
  const auto name = source.view->pod.to_string();
  const bool compared = excess.known && excess.suspect.empty();
  const auto have = cycle.mysql.executed.united(cycle.mysql.replica ? cycle.mysql.replica->received : GtidSet{});
  const auto missing = source.open->mysql->gtid_purged.without(have);
  if (missing.empty()) {
    cycle.plan.memory.applying_from.clear();
    return {.allowed = compared, .host = source.view->host};
  }
  const auto* sibling = sibling_with(cycle, have, source.open->mysql->gtid_purged);
  if (sibling == nullptr) {
    cycle.check("source_has_it", false, State::diverged, Code::SOURCE_PURGED,
                std::format("{} has purged {} transactions that this pod needs, and no other pod serves them: {}", name, missing.count(),
                            missing.to_string()));
    return {};
  }
  cycle.plan.memory.applying_from = sibling->pod.to_string();
  cycle.check(
      "source_has_it", false, State::catching_up, Code::CATCHING_UP_FROM_SIBLING,
      std::format("{} has purged {} transactions that this pod needs; {} serves them", name, missing.count(), sibling->pod.to_string()));
  return {.allowed = compared, .host = sibling->host, .from_sibling = true};
}

/// Steers channel and IO thread while the source is open.
void fetch_from_open_source(Cycle& cycle, const Source& source, const Excess& excess) {
  if (excess.known && confirm_suspects(cycle.policy, excess.suspect, source.view->answer->true_since(), cycle.plan.memory)) {
    cycle.act(SetLatch{Latch::source_lost_transactions});
  }
  const auto fetch = check_against(cycle, source, excess);
  const bool running = cycle.mysql.replica && cycle.mysql.replica->io != ThreadState::off;
  if (fetch.host.empty()) {
    stop_fetching(cycle);
    return;
  }
  // Suspects stop nothing that runs: a healthy replica is ahead for moments. They only keep a stopped IO thread from starting.
  if (!fetch.allowed && !running) {
    cycle.check("suspects", excess.suspect.empty(), State::configuring, Code::REPLICATION_CONFIGURING,
                std::format("the source lacks {}, which came from it: waiting whether that stays so", excess.suspect.to_string()));
    return;
  }
  const auto left = unapplied(cycle.mysql);
  const bool recoverable =
      !fetch.from_sibling && source.open->mysql->gtid_executed.contains(left) && left.intersection(source.open->mysql->gtid_purged).empty();
  if (auto waiting = steer_channel(cycle, fetch.host, recoverable)) {
    cycle.check("channel", false, State::configuring, waiting->code, waiting->text);
    return;
  }
  if (!running) start_fetching(cycle);
}

/// Whether MySQL's client says that the server is gone (Client Error Message Reference: CONNECTION_ERROR, CONN_HOST_ERROR, UNKNOWN_HOST,
/// SERVER_GONE_ERROR, SERVER_LOST).
bool contact_lost(int code) { return code == 2002 || code == 2003 || code == 2005 || code == 2006 || code == 2013; }

bool within_lag(const Cycle& cycle) {
  const auto& contained = cycle.plan.memory.contained;
  return contained && elapsed(*contained, cycle.o.now) <= cycle.policy.max_lag;
}

void check_threads(Cycle& cycle, const Source& source) {
  const auto& replica = cycle.mysql.replica;
  if (!replica) {
    const auto code = source.open != nullptr ? Code::REPLICATION_CONFIGURING : source.closed ? Code::SOURCE_NOT_OPEN : Code::SOURCE_SILENT;
    cycle.check(
        "replication", false, State::configuring, code,
        std::format("replication is not configured yet; {}", source.open != nullptr ? "it is being set up" : "its source is not open"));
    return;
  }
  cycle.check(
      "replication_sql", replica->sql == ThreadState::on, replica->sql_errno == 0 ? State::configuring : State::diverged,
      replica->sql_errno == 0 ? Code::REPLICATION_CONFIGURING : Code::REPLICA_SQL_ERROR,
      replica->sql_errno == 0 ? "the SQL thread is off" : std::format("MySQL error {}: {}", replica->sql_errno, replica->sql_error));
  // mysqld notices that its source is gone before the source's agent is missed: that is silence, and the lag bound is what counts.
  const bool silent = source.open == nullptr || (contact_lost(replica->io_errno) && within_lag(cycle));
  const bool io_ok = replica->io != ThreadState::off || silent;
  cycle.check("replication_io", io_ok, State::configuring, replica->io_errno == 0 ? Code::REPLICATION_CONFIGURING : Code::REPLICA_IO_ERROR,
              replica->io_errno == 0 ? "the IO thread is off" : std::format("MySQL error {}: {}", replica->io_errno, replica->io_error));
}

void check_freshness(Cycle& cycle, const Source& source) {
  const auto& contained = cycle.plan.memory.contained;
  // A source that was open a moment ago is no silent one yet: the bound grows, and is what counts.
  if (source.open != nullptr || (contained && !source.silent())) {
    if (!contained) {
      cycle.check("lag", false, State::catching_up, Code::LAG_UNKNOWN);
      return;
    }
    const auto lag = elapsed(*contained, cycle.o.now);
    cycle.check(
        "lag", lag <= cycle.policy.max_lag, State::catching_up, Code::LAG_TOO_HIGH,
        std::format("the data may be {} old, and readiness.max_lag is {}", format_duration(lag), format_duration(cycle.policy.max_lag)));
    return;
  }
  cycle.check("source_seen", source.silent(), State::configuring, Code::SOURCE_UNKNOWN);
  const auto left = unapplied(cycle.mysql);
  cycle.check("received_applied", left.empty(), State::catching_up, Code::APPLYING_RECEIVED,
              std::format("{} received transactions are not applied yet", left.count()));
  const auto& limit = cycle.policy.max_source_silence;
  const auto silence = source.silence.value_or(Milliseconds(0));
  cycle.check("source_silence", !limit || silence <= *limit, State::catching_up, Code::SOURCE_SILENCE_TOO_LONG,
              std::format("the source has been silent for {}", format_duration(silence)));
}

std::string why_silent(const Source& source) {
  if (source.view == nullptr) return "never seen";
  if (!source.view->answer) return source.view->why_silent;
  return source.closed ? "it is not open for writes" : source.view->answer->status.reason.text;
}

/// The part of /status that speaks of replication.
void report(Cycle& cycle, const Source& source) {
  auto& plan = cycle.plan;
  ReplicationStatus report;
  report.source = plan.memory.applying_from.empty() ? cycle.policy.primary().to_string() : plan.memory.applying_from;
  if (const auto& replica = cycle.mysql.replica) {
    report.io = replica->io == ThreadState::off && source.open == nullptr ? ThreadState::connecting : replica->io;
    report.sql = replica->sql;
    report.error = replica->sql_error.empty() ? replica->io_error : replica->sql_error;
  }
  if (plan.memory.contained) report.lag_seconds = static_cast<double>(elapsed(*plan.memory.contained, cycle.o.now).count()) / 1000;
  if (source.open != nullptr) report.behind_transactions = source.open->mysql->gtid_executed.without(cycle.mysql.executed).count();
  if (const auto& open_at = plan.memory.source_open_at)
    report.source_silence_seconds = static_cast<double>(elapsed(*open_at, cycle.o.now).count()) / 1000;
  if (const auto& errant = plan.memory.errant) report.errant = errant->to_string();
  plan.replication = std::move(report);
  if (source.silent()) {
    plan.alerts.push_back(reason(source.closed ? Code::SOURCE_NOT_OPEN : Code::SOURCE_SILENT,
                                 std::format("{}: {}", cycle.policy.primary().to_string(), why_silent(source))));
  }
}

/// Whether this server may be cloned from: nothing on it is wrong, and its source, where it is known, has all of it and purged nothing it
/// lacks.
bool is_donor(const Cycle& cycle, const Source& source) {
  const auto& identity = cycle.o.identity;
  const auto& mysql = cycle.mysql;
  const auto& errant = cycle.plan.memory.errant;
  // Before the first comparison, only a source that says nothing leaves it open what is errant.
  const bool clean = errant ? errant->empty() : source.open == nullptr;
  const bool sound = cycle.row_is_ours && !cycle.shrank && identity.latched == Latch::none && identity.replication_reset && clean &&
                     cycle.plan.memory.suspect_seen.size() < 2 && mysql.clone_plugin && (!mysql.replica || mysql.replica->sql_errno == 0);
  return sound && (source.open == nullptr || mysql.executed.contains(source.open->mysql->gtid_purged));
}

/// A source that has closed in order to go away sends its last transactions; it goes when nobody fetches from it any more.
bool sends_its_last(const Cycle& cycle, const Source& source) {
  const auto& replica = cycle.mysql.replica;
  return source.leaving && replica &&
         !cycle.mysql.executed.united(replica->received).contains(source.view->answer->status.mysql->gtid_executed);
}

/// Whether a person has pointed replication at something that is no other pod of this cluster: what comes from there is not ours. Not said
/// before the peers are known, or an agent that starts would stop what is right.
bool leads_astray(const Cycle& cycle) {
  const auto& replica = cycle.mysql.replica;
  return replica && cycle.o.identity.replication_reset && cycle.o.peers_asked &&
         std::ranges::none_of(cycle.o.peers, [&](const PeerView& peer) { return peer.host == replica->source_host; });
}

/// The checks that need no source, beyond the names of what it has lost. False when replication must not be touched.
bool check_own_data(Cycle& cycle, const Excess& excess) {
  const auto& identity = cycle.o.identity;
  cycle.check("super_read_only", cycle.mysql.super_read_only, State::configuring, Code::WRITABLE_REPLICA);
  if (!cycle.mysql.super_read_only) cycle.act(SetSuperReadOnly{});
  cycle.check("gtid_set", !cycle.shrank, State::diverged, Code::GTID_SET_SHRANK,
              std::format("the executed set lacks {}, which this volume held",
                          identity.mark ? identity.mark->gtid_executed.without(cycle.mysql.executed).to_string() : ""));
  const auto& named = cycle.mysql.cluster.cluster_id;
  const bool another = cycle.mysql.cluster.kind == ClusterRow::Kind::present && named && !cycle.row_is_ours;
  cycle.check("cluster", cycle.row_is_ours, another && !cycle.data_is_ours ? State::blocked : State::configuring,
              another ? Code::CLUSTER_MISMATCH : Code::CLUSTER_ROW_MISSING,
              another ? std::format("ordinal.cluster names cluster {}, and this volume is of {}", named->to_string(),
                                    identity.cluster_id ? identity.cluster_id->to_string() : "none")
                      : "");
  const auto& lost = excess.known ? excess.suspect : cycle.plan.memory.suspect;
  cycle.check(
      "latch", identity.latched == Latch::none, State::diverged, Code::SOURCE_LOST_TRANSACTIONS,
      lost.empty() ? "" : std::format("{} has lost {}, which this pod still has", cycle.policy.primary().to_string(), lost.to_string()));
  if (!identity.replication_reset) {
    cycle.check("replication_reset", false, State::configuring, Code::REPLICATION_CONFIGURING,
                "forgetting the replication settings that came with the copy");
    cycle.act(ResetReplicaAll{});
    return false;
  }
  // An import may have replaced the row on every pod: data that the mark proves ours goes on replicating, so that the primary's repair
  // arrives.
  return !cycle.shrank && identity.latched == Latch::none && (cycle.row_is_ours || cycle.data_is_ours);
}

}  // namespace

void decide_replica(Cycle& cycle) {
  const auto source = look_at_source(cycle);
  const auto excess = source.open != nullptr ? excess_over(cycle, source) : Excess{};
  const bool may_fetch = check_own_data(cycle, excess);
  if (cycle.o.identity.replication_reset) keep_sql_thread_running(cycle);

  if (source.foreign) {
    cycle.check("source_cluster", false, State::blocked, Code::CLUSTER_MISMATCH,
                std::format("{} is of another cluster", cycle.policy.primary().to_string()));
  }
  const auto strangers = disowned_by(cycle);
  if (!source.foreign && !strangers.empty()) {
    cycle.check("peers_cluster", false, State::blocked, Code::CLUSTER_MISMATCH,
                std::format("this volume is of another cluster than {}, and {} says nothing", join(strangers, ", "),
                            cycle.policy.primary().to_string()));
  }
  auto& errant = cycle.plan.memory.errant;
  if (source.open != nullptr) {
    if (excess.known) errant = excess.errant;
    follow_source(cycle, source, cycle.plan.memory);
  }
  const bool clean = !errant || errant->empty();
  cycle.check("compared", source.open == nullptr || errant, State::configuring, Code::REPLICATION_CONFIGURING,
              "comparing this pod's transactions with the source's");
  cycle.check("errant", clean, State::diverged, Code::ERRANT_TRANSACTIONS,
              std::format("{} has transactions that {} lacks: {}", cycle.policy.owner.pod.to_string(), cycle.policy.primary().to_string(),
                          errant ? errant->to_string() : ""));
  const bool astray = source.open == nullptr && leads_astray(cycle);  // an open source is pointed at again in this very cycle
  cycle.check("channel", !astray, State::configuring, Code::REPLICATION_CONFIGURING,
              std::format("replication points at \"{}\", which is no other pod of this cluster; that is put right when {} is open",
                          astray ? cycle.mysql.replica->source_host : "", cycle.policy.primary().to_string()));
  if (!may_fetch || !clean || astray || source.foreign || !strangers.empty() || (source.closed && !sends_its_last(cycle, source))) {
    stop_fetching(cycle);
  } else if (source.open != nullptr) {
    fetch_from_open_source(cycle, source, excess);
  }
  check_threads(cycle, source);
  check_freshness(cycle, source);
  cycle.plan.donor_ready = !astray && strangers.empty() && is_donor(cycle, source);
  report(cycle, source);
  // Last, so that a MySQL without the plugin does all the rest.
  if (cycle.policy.semi_sync != cycle.mysql.semi_sync.replica_enabled) cycle.act(EnableSemiSyncReplica{cycle.policy.semi_sync});
}

}  // namespace ordinal::run
