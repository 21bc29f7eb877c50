// What holds for every pod: the verdict without MySQL, the mark, the identity of the data, going away.
#include "core/run_decision.hpp"

#include <algorithm>
#include <format>

#include "base/text.hpp"
#include "core/run_rules.hpp"

namespace ordinal::run {
namespace {

using std::chrono_literals::operator""s;

constexpr auto mark_every = 60s;
constexpr auto own_samples_kept = 10s;
constexpr auto sql_retry_every = 30s;
constexpr auto io_retry_every = 1s;

/// The verdict while MySQL tells nothing. Nothing is done: what is unknown never leads to an act.
void without_mysql(const MysqlUnknown& unknown, const Observation& o, Plan& plan) {
  const auto verdict = [&]() -> std::pair<State, Reason> {
    if (o.phase == MysqldPhase::stopping) return {State::stopping, reason(Code::MYSQL_STOPPING)};
    if (unknown.why == MysqlUnknown::Why::denied)
      return {State::blocked, reason(Code::MYSQL_DENIED, "mysqld refuses the agent: " + unknown.detail)};
    if (unknown.why == MysqlUnknown::Why::silent)
      return {State::blocked, reason(Code::MYSQL_SILENT, "mysqld does not answer: " + unknown.detail)};
    if (o.phase == MysqldPhase::recovering) return {State::recovering, reason(Code::MYSQL_RECOVERING)};
    if (plan.memory.running_uuid) return {State::starting, reason(Code::MYSQL_UNREACHABLE, "mysqld was up and is gone: " + unknown.detail)};
    return {State::starting, reason(Code::MYSQL_STARTING)};
  }();
  plan.state = verdict.first;
  plan.reason = verdict.second;
  plan.checks.push_back({"mysql", false, verdict.second});
}

void remember_own_sample(const MysqlFacts& mysql, Memory& memory) {
  memory.own.push_back({mysql.taken_at, mysql.executed});
  std::erase_if(memory.own, [&](const OwnSample& sample) { return mysql.taken_at - sample.taken_at > own_samples_kept; });
}

void refresh_mark(Cycle& cycle) {
  auto& memory = cycle.plan.memory;
  const bool first = !memory.mark_written_at;
  // The last of a drained primary: no writes follow it.
  const auto& mark = cycle.o.identity.mark;
  const bool last = cycle.o.drained && cycle.mysql.super_read_only && mark && mark->writable;
  const bool due = first || last || cycle.o.now - *memory.mark_written_at >= mark_every ||
                   (cycle.o.stopping && cycle.o.now - *memory.mark_written_at >= 1s);
  // A closed primary without a mark was just provisioned, and opens at once: Open brings the first mark with it.
  const bool waits_for_open = cycle.policy.owner.role() == Role::primary && !cycle.o.identity.mark && cycle.mysql.read_only;
  // Only what is known to be ours may be noted as ours: the mark is the proof when the row is overwritten one day.
  if (!due || !(cycle.row_is_ours || cycle.data_is_ours) || cycle.shrank || waits_for_open || !cycle.o.identity.replication_reset) return;
  cycle.act(WriteMark{cycle.mysql.executed, !cycle.mysql.read_only});
  memory.mark_written_at = cycle.o.now;
}

/// Lifts the latch. Also where there is none, so that the request does not lie there and lift one that comes later.
void clear_as_requested(Cycle& cycle) {
  if (!cycle.o.clear_requested) return;
  cycle.act(SetLatch{Latch::none});
  cycle.plan.memory.suspect_seen.clear();
}

/// What closes a server goes first: no act that fails, such as a mark on a full volume, may leave it writable.
void close_first(std::vector<Action>& actions) {
  std::ranges::stable_partition(actions, [](const Action& action) {
    return std::holds_alternative<SetSuperReadOnly>(action) || std::holds_alternative<Close>(action);
  });
}

/// A pod that goes away is not ready, whatever else is true of it.
void going_away(const Observation& o, Plan& plan) {
  if (!o.stopping && !o.draining) return;
  // An agent in an ordinary container is told to stop when the drain begins: the drain goes on all the same.
  auto why = reason(o.draining ? Code::DRAINING : Code::STOPPING);
  plan.checks.insert(plan.checks.begin(), {"staying", false, why});
  plan.ready = false;
  if (o.stopping) plan.state = State::stopping;
  plan.reason = std::move(why);
}

/// A replica may stop as it is; a primary must have withdrawn before.
bool released(const Policy& policy, const Observation& o) {
  const auto* mysql = std::get_if<MysqlFacts>(&o.mysql);
  const bool as_it_is = mysql == nullptr || policy.owner.role() == Role::replica;
  return o.drained && (as_it_is || (mysql->super_read_only && mysql->fetchers == 0));
}

}  // namespace

void Cycle::check(std::string name, bool ok, State state_if_not, Code code, std::string text) {
  auto why = ok ? Reason{} : reason(code, std::move(text));
  const bool first_failure = !ok && std::ranges::all_of(plan.checks, &Check::ok);
  if (first_failure) {
    plan.state = state_if_not;
    plan.reason = why;
  }
  plan.checks.push_back({std::move(name), ok, std::move(why)});
}

const PeerView* Cycle::peer(const PodName& pod) const {
  const auto it = std::ranges::find(o.peers, pod, &PeerView::pod);
  return it == o.peers.end() ? nullptr : &*it;
}

bool channel_matches(const Policy& policy, const ReplicaFacts& replica, const std::string& host) {
  const bool verified = !policy.tls_directory.empty();
  return replica.source_host == host && replica.source_port == policy.mysql_port && replica.source_user == replication_user &&
         replica.auto_position && replica.ssl && replica.ssl_verified == verified &&
         replica.ssl_ca == (verified ? policy.tls_directory + "/ca.crt" : "") && replica.connect_retry_seconds == 1 &&
         replica.retry_count == 1;
}

GtidSet unapplied(const MysqlFacts& mysql) { return mysql.replica ? mysql.replica->received.without(mysql.executed) : GtidSet{}; }

void keep_sql_thread_running(Cycle& cycle) {
  const auto& replica = cycle.mysql.replica;
  if (!replica || replica->sql != ThreadState::off) return;
  auto& retried_at = cycle.plan.memory.sql_retried_at;
  if (replica->sql_errno != 0 && retried_at && cycle.o.now - *retried_at < sql_retry_every) return;
  if (replica->sql_errno != 0) retried_at = cycle.o.now;
  cycle.act(StartSql{});
}

void start_fetching(Cycle& cycle) {
  auto& started_at = cycle.plan.memory.io_started_at;
  if (cycle.mysql.replica && cycle.mysql.replica->io_errno != 0 && started_at && cycle.o.now - *started_at < io_retry_every) return;
  started_at = cycle.o.now;
  cycle.act(StartIo{});
}

void stop_fetching(Cycle& cycle) {
  if (cycle.mysql.replica && cycle.mysql.replica->io != ThreadState::off) cycle.act(StopIo{});
}

std::vector<std::string> disowned_by(const Cycle& cycle) {
  const auto& ours = cycle.o.identity.cluster_id;
  std::vector<std::string> strangers;
  for (const auto& peer : cycle.o.peers) {
    if (peer.last && peer.last->status.cluster_id == ours) return {};
    if (peer.answer && peer.answer->status.cluster_id) strangers.push_back(peer.pod.to_string());
  }
  return strangers;
}

std::optional<Reason> steer_channel(Cycle& cycle, const std::string& host, bool recoverable) {
  const auto& replica = cycle.mysql.replica;
  if (!replica) {
    cycle.act(ChangeSource{host});
    cycle.act(StartSql{});
    cycle.act(StartIo{});
    return reason(Code::REPLICATION_CONFIGURING, std::format("pointing replication at {}", host));
  }
  if (channel_matches(cycle.policy, *replica, host)) return std::nullopt;
  if (replica->io != ThreadState::off) {
    cycle.act(StopIo{});
    return reason(Code::REPLICATION_CONFIGURING,
                  std::format("replication points at {} and not at {}: putting it back", replica->source_host, host));
  }
  const auto left = unapplied(cycle.mysql);
  if (!left.empty() && !recoverable) {
    return reason(Code::REPLICATION_DRAINING,
                  std::format("{} received transactions are applied before replication is pointed at {}", left.count(), host));
  }
  cycle.act(StopSql{});
  cycle.act(ChangeSource{host});
  cycle.act(StartSql{});
  cycle.act(StartIo{});
  return reason(Code::REPLICATION_CONFIGURING, std::format("pointing replication at {}", host));
}

Plan decide(const Policy& policy, const Observation& o, const Memory& memory) {
  Plan plan;
  plan.memory = memory;
  plan.released = released(policy, o);
  if (const auto* unknown = std::get_if<MysqlUnknown>(&o.mysql)) {
    without_mysql(*unknown, o, plan);
    going_away(o, plan);
    return plan;
  }
  const auto& mysql = std::get<MysqlFacts>(o.mysql);
  const auto& identity = o.identity;
  Cycle cycle{.policy = policy, .o = o, .mysql = mysql, .plan = std::move(plan)};
  cycle.shrank = identity.mark && !mysql.executed.contains(identity.mark->gtid_executed);
  cycle.data_is_ours = identity.mark && !cycle.shrank;
  cycle.row_is_ours =
      mysql.cluster.kind == ClusterRow::Kind::present && mysql.cluster.cluster_id && mysql.cluster.cluster_id == identity.cluster_id;
  cycle.plan.memory.running_uuid = mysql.server_uuid;
  remember_own_sample(mysql, cycle.plan.memory);

  // While it shuts down it answers those who are connected and nobody else.
  cycle.check("mysql", o.phase != MysqldPhase::stopping, State::stopping, Code::MYSQL_STOPPING);
  // It does not touch who has CONNECTION_ADMIN, as we have. A person has set it: for a reason, perhaps.
  cycle.check("offline_mode", !mysql.offline_mode, State::blocked, Code::OFFLINE_MODE);
  if (identity.server_uuid != mysql.server_uuid) cycle.act(WriteServerUuid{mysql.server_uuid});
  refresh_mark(cycle);
  clear_as_requested(cycle);
  if (o.reseed_requested)
    cycle.plan.alerts.push_back(reason(Code::RESEED_POSTPONED, "a reseed is requested and begins when the pod starts again"));
  if (!o.passwords_error.empty()) cycle.plan.alerts.push_back(reason(Code::CREDENTIALS_UNREADABLE, o.passwords_error));
  if (o.rare && !o.rare->persisted_variables.empty()) {
    cycle.plan.alerts.push_back(reason(Code::PERSISTED_VARIABLES, std::format("SET PERSIST has stored {}, which has no effect here",
                                                                              join(o.rare->persisted_variables, ", "))));
  }
  if (policy.owner.role() == Role::primary) {
    decide_primary(cycle);
  } else {
    decide_replica(cycle);
  }

  plan = std::move(cycle.plan);
  plan.donor_ready = plan.donor_ready && !mysql.offline_mode;
  plan.ready = std::ranges::all_of(plan.checks, &Check::ok);
  if (plan.ready) {
    plan.state = State::serving;
    plan.reason = reason(Code::OK);
  }
  close_first(plan.actions);
  going_away(o, plan);
  return plan;
}

std::optional<Reason> stuck(const Observation& o, bool donated_last, Milliseconds limit) {
  const auto* unknown = std::get_if<MysqlUnknown>(&o.mysql);
  if (unknown == nullptr || unknown->why != MysqlUnknown::Why::silent || donated_last) return std::nullopt;
  if (o.phase == MysqldPhase::starting || o.phase == MysqldPhase::recovering || elapsed(unknown->since, o.now) <= limit)
    return std::nullopt;
  return reason(Code::MYSQL_SILENT, "mysqld accepts connections and has answered none: " + unknown->detail);
}

}  // namespace ordinal::run
