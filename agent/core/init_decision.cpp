// The table of design section 4, row by row: the first that fits decides.
#include "core/init_decision.hpp"

#include <algorithm>
#include <cmath>
#include <format>
#include <utility>

#include "base/text.hpp"
#include "core/peer_sets.hpp"

namespace ordinal::init {
namespace {

using std::chrono_literals::operator""s;
using Phase = ScratchFacts::Phase;

/// How long a peer must have been missing from SRV answers before `require_peers = "existing"` takes it for absent.
constexpr auto absent_after = 60s;
/// How long a requested reseed waits for its donor before the pod goes on with the data that it has.
constexpr auto reseed_patience = 10s;
/// What a volume needs besides the copy: air, and the scratch server's own data as long as it has not made them.
constexpr std::uint64_t room_to_breathe = 64ULL << 20U;
constexpr std::uint64_t room_for_scratch = 192ULL << 20U;

Plan stay(State state, Code code, std::string text) { return {state, reason(code, std::move(text)), {}}; }

/// A pod to copy from, or why there is none yet.
struct Choice {
  std::optional<Clone> clone;
  std::string remark;  ///< what a person should know of this copy
  Plan otherwise;
};

Choice none(Plan otherwise) { return {.clone = {}, .remark = {}, .otherwise = std::move(otherwise)}; }

const PeerView* find(const Observation& o, const PodName& pod) {
  const auto it = std::ranges::find(o.peers, pod, &PeerView::pod);
  return it == o.peers.end() ? nullptr : &*it;
}

/// Why this peer's server cannot be cloned from, whoever asks; nothing when it can. Its sets are the caller's concern.
std::optional<Reason> unfit(const Observation& o, const PeerView& peer) {
  const auto name = peer.pod.to_string();
  if (!peer.answer) {
    return reason(Code::DONOR_UNAVAILABLE,
                  std::format("waiting for {} as the donor: {}", name, peer.why_silent.empty() ? "not asked yet" : peer.why_silent));
  }
  const auto& status = peer.answer->status;
  if (!status.mysql) {
    return reason(Code::DONOR_UNAVAILABLE,
                  std::format("waiting for {} as the donor: it is {}: {}", name, to_string(status.state), status.reason.text));
  }
  if (!status.cluster_id)
    return reason(Code::DONOR_UNAVAILABLE, std::format("waiting for {} as the donor: it does not know its cluster id yet", name));
  const auto* identity = o.volume.identity_or_null();
  if (identity != nullptr && identity->cluster_id && identity->cluster_id != status.cluster_id) {
    return reason(Code::CLUSTER_MISMATCH, std::format("{} is of cluster {}, and this volume is of cluster {}", name,
                                                      status.cluster_id->to_string(), identity->cluster_id->to_string()));
  }
  if (!status.mysql->clone_plugin) {
    return reason(Code::MYSQL_VERSION_UNSUPPORTED, std::format("the MySQL of {} has no active clone plugin", name));
  }
  if (version_series(status.mysql->version) != version_series(o.mysql_version)) {
    return reason(
        Code::MYSQL_VERSION_UNSUPPORTED,
        std::format(
            "{} runs MySQL {} and this pod {}; CLONE needs the same series: put this pod's image back to {}, or wait for {} to be updated",
            name, status.mysql->version, o.mysql_version, version_series(status.mysql->version), name));
  }
  const auto needed = status.volume.data_bytes + room_to_breathe + (o.scratch.phase == Phase::initializing ? 0 : room_for_scratch);
  if (o.volume.free_bytes < needed) {
    return reason(Code::NO_ROOM,
                  std::format("{} has {} of data and this volume has {} free; {} are needed{}", name,
                              format_bytes(status.volume.data_bytes), format_bytes(o.volume.free_bytes), format_bytes(needed),
                              o.volume.sweeping ? ", and what was thrown away is still being removed" : ""));
  }
  return std::nullopt;
}

Clone clone_from(const PeerView& peer, ProvisionedHow how) {
  const auto& status = peer.answer->status;
  return {.donor = peer.pod.to_string(),
          .host = peer.host,
          .how = how,
          .cluster_id = *status.cluster_id,
          .expected_bytes = status.volume.data_bytes};
}

/// The replicas allowed as donors, in the order of preference: the previous ordinal alone, or after the fallback's time the nearest lower
/// ones, then the higher ones, the primary last.
std::vector<const PeerView*> donor_candidates(const Policy& policy, const Observation& o) {
  const auto own = policy.owner.pod.ordinal;
  std::vector<const PeerView*> candidates;
  if (const auto* previous = find(o, policy.pod(own - 1))) candidates.push_back(previous);
  if (!policy.donor_fallback_after || elapsed(o.started_at, o.now) < *policy.donor_fallback_after) return candidates;

  std::vector<const PeerView*> others;
  for (const auto& peer : o.peers) {
    if (peer.pod.ordinal + 1 != own) others.push_back(&peer);
  }
  std::ranges::sort(others, {}, [&](const PeerView* peer) {
    const auto n = peer->pod.ordinal;
    const bool primary = peer->pod == policy.primary();
    return std::tuple(primary, n > own, n > own ? n : own - n);
  });
  for (const auto* peer : others) candidates.push_back(peer);  // insert() of the range makes GCC 14 warn of array bounds at -O2
  return candidates;
}

Choice choose_replica_donor(const Policy& policy, const Observation& o) {
  std::optional<Reason> first_reason;
  for (const auto* peer : donor_candidates(policy, o)) {
    auto why = unfit(o, *peer);
    if (!why && !peer->answer->status.mysql->donor_ready) {
      const auto& status = peer->answer->status;
      why = reason(Code::DONOR_UNAVAILABLE, std::format("waiting for {} as the donor: it is {}: {}", peer->pod.to_string(),
                                                        to_string(status.state), status.reason.text));
    }
    if (!why) return {.clone = clone_from(*peer, ProvisionedHow::clone), .remark = {}, .otherwise = {}};
    if (!first_reason) first_reason = std::move(why);
  }
  if (!first_reason) {
    first_reason = reason(Code::DONOR_UNAVAILABLE,
                          std::format("waiting for {} as the donor: not seen yet", policy.pod(policy.owner.pod.ordinal - 1).to_string()));
  }
  return none({State::waiting_for_donor, std::move(*first_reason), {}});
}

/// The answers of all peers to the question whether there is data.
struct Poll {
  std::vector<std::string> waiting_for;  ///< "db-1 (no answer: …)"
  std::vector<const PeerView*> with_data;
  std::vector<std::string> lost;
};

/// Whether a silent peer does not exist and never had anything to say: one whose data we have seen is waited for, however long it is gone.
bool is_absent(const Policy& policy, const Observation& o, const PeerView& peer) {
  const bool had_something = peer.last && peer.last->status.volume.answer != VolumeAnswer::never_provisioned;
  return policy.require_peers == RequirePeers::existing && !had_something && peer.missing_since &&
         o.now - *peer.missing_since >= absent_after;
}

Poll poll(const Policy& policy, const Observation& o) {
  Poll result;
  for (auto ordinal = policy.owner.first_ordinal; ordinal < policy.owner.first_ordinal + policy.replicas; ++ordinal) {
    const auto pod = policy.pod(ordinal);
    if (pod != policy.owner.pod && find(o, pod) == nullptr) result.waiting_for.push_back(pod.to_string() + " (not asked yet)");
  }
  for (const auto& peer : o.peers) {
    const auto name = peer.pod.to_string();
    if (!peer.answer) {
      if (!is_absent(policy, o, peer))
        result.waiting_for.push_back(std::format("{} ({})", name, peer.why_silent.empty() ? "not asked yet" : peer.why_silent));
      continue;
    }
    const auto& status = peer.answer->status;
    // Another pod's volume says nothing of what this pod's own one holds, wherever that is now.
    const bool foreign = status.reason.code == Code::FOREIGN_VOLUME;
    switch (foreign ? VolumeAnswer::unknown : status.volume.answer) {
      case VolumeAnswer::never_provisioned: break;
      case VolumeAnswer::lost_data: result.lost.push_back(name); break;
      case VolumeAnswer::unknown:
        result.waiting_for.push_back(std::format("{} (it cannot say what its volume holds: {})", name, status.reason.text));
        break;
      case VolumeAnswer::has_data: result.with_data.push_back(&peer); break;
    }
  }
  return result;
}

/// The peers' sets for a sentence: "db-1: …; db-2: …".
std::string describe(const std::vector<PodSets>& sets) {
  std::vector<std::string> parts;
  for (const auto& s : sets) parts.push_back(std::format("{}: {}", s.pod.to_string(), s.clean.to_string()));
  return join(parts, "; ");
}

Choice choose_among(const Observation& o, const std::vector<PodSets>& sets) {
  GtidSet required;
  for (const auto& s : sets) required = required.united(s.clean);

  const PodSets* best = nullptr;
  const PodSets* applying = nullptr;
  for (const auto& s : sets) {
    if (s.executed.contains(required) && (best == nullptr || (!best->errant.empty() && s.errant.empty()))) best = &s;
    if (s.clean.contains(required)) applying = &s;
  }
  if (best == nullptr && applying == nullptr) {
    return none(
        stay(State::refused, Code::SETS_DIVERGED,
             std::format("no peer has all transactions of the others, so none can be the one to restore from: {}", describe(sets))));
  }
  if (best == nullptr) {
    return none(stay(State::waiting_for_peers, Code::APPLYING_PENDING,
                     std::format("waiting for {} to apply the {} transactions that it has received and that no pod has applied",
                                 applying->pod.to_string(), required.without(applying->executed).count())));
  }
  const auto* peer = find(o, best->pod);
  const auto name = best->pod.to_string();
  if (auto why = unfit(o, *peer)) return none({State::waiting_for_donor, std::move(*why), {}});
  auto remark = best->errant.empty()
                    ? std::string()
                    : std::format("; every complete copy has transactions of its own pod, and those of {} become history: {}", name,
                                  best->errant.to_string());
  return {.clone = clone_from(*peer, ProvisionedHow::restore), .remark = std::move(remark), .otherwise = {}};
}

/// The donor for a first pod: of the peers with data, one whose executed set contains all that any of them has.
Choice choose_restore_donor(const Observation& o, Poll polled) {
  for (const auto* peer : polled.with_data) {
    if (!peer->answer->status.mysql || !peer->answer->status.cluster_id) {
      polled.waiting_for.push_back(
          std::format("{} (its MySQL has not told its GTID set: {})", peer->pod.to_string(), peer->answer->status.reason.text));
    }
  }
  if (!polled.waiting_for.empty()) {
    return none(
        stay(State::waiting_for_peers, Code::PEERS_UNKNOWN,
             std::format("a peer has data; before restoring from the most advanced one, waiting for {}", join(polled.waiting_for, ", "))));
  }
  auto cluster_id = polled.with_data.front()->answer->status.cluster_id;
  if (const auto* identity = o.volume.identity_or_null(); identity != nullptr && identity->cluster_id) cluster_id = identity->cluster_id;
  for (const auto* peer : polled.with_data) {
    if (peer->answer->status.cluster_id != cluster_id) {
      return none(stay(State::refused, Code::CLUSTER_MISMATCH,
                       std::format("{} has data of cluster {}, and {} is expected", peer->pod.to_string(),
                                   peer->answer->status.cluster_id->to_string(), cluster_id->to_string())));
    }
  }
  return choose_among(o, sets_of(polled.with_data, {}));
}

Milliseconds retry_delay(const ScratchFacts& scratch, double jitter) {
  const auto doublings = std::min<std::uint32_t>(scratch.failures > 0 ? scratch.failures - 1 : 0, 5);
  const auto base = scratch.donor_busy ? 1000.0 : std::min(30'000.0, 1000.0 * std::pow(2.0, doublings));
  return Milliseconds(static_cast<std::int64_t>(base * (0.75 + jitter / 2)));
}

/// Whether the pod says that it has no mysqld running. One that only does not answer its agent may well go on copying.
bool mysqld_is_gone(const Status& status) {
  if (status.mysql) return false;
  switch (status.reason.code) {
    case Code::MYSQL_STARTING:
    case Code::MYSQL_RECOVERING:
    case Code::MYSQL_UNREACHABLE:
    case Code::MYSQL_STOPPING: return true;
    default: break;
  }
  switch (status.state) {  // of init, which ends before mysqld starts
    case State::waiting_for_peers:
    case State::waiting_for_donor:
    case State::initializing:
    case State::cloning:
    case State::finishing:
    case State::refused: return true;
    default: return false;
  }
}

/// Whether the scratch server makes data of its own: a new cluster, or what it needs before it can receive a clone.
bool makes_own_data(const ScratchFacts& scratch) { return scratch.donor.empty() || !scratch.reads_statements; }

/// Why the copy that is running cannot succeed any more; nothing while it may.
std::optional<std::string> hopeless(const Policy& policy, const Observation& o) {
  const auto& scratch = o.scratch;
  const auto limit = makes_own_data(scratch) ? policy.initialize_stall_timeout : policy.clone_stall_timeout;
  if (const auto silence = elapsed(scratch.last_progress_at, o.now); silence > limit) {
    return makes_own_data(scratch)
               ? std::format("the throw-away server has written nothing for {} while it initialized", format_duration(silence))
               : std::format("no byte came from {} for {}", scratch.donor, format_duration(silence));
  }
  const auto donor = std::ranges::find_if(o.peers, [&](const PeerView& peer) { return peer.pod.to_string() == scratch.donor; });
  // A donor whose agent is silent says nothing of its mysqld: then the bytes alone count.
  if (donor == o.peers.end() || !donor->answer || donor->answer->sent_at < scratch.last_progress_at) return std::nullopt;
  const auto& status = donor->answer->status;
  if (!mysqld_is_gone(status)) return std::nullopt;
  return std::format("the mysqld of {} is gone: {}", scratch.donor, status.reason.text);
}

Plan watch_copy(const Policy& policy, const Observation& o) {
  const auto& scratch = o.scratch;
  const bool initializing = scratch.donor.empty();
  const auto state = initializing ? State::initializing : State::cloning;
  if (!scratch.stopping.empty()) return stay(state, Code::CLONE_RETRY, "ending the throw-away server: " + scratch.stopping);
  if (auto why = hopeless(policy, o)) {
    Plan plan = stay(state, Code::CLONE_RETRY, *why);
    plan.actions = {StopScratch{*why}};
    return plan;
  }
  if (initializing) return stay(state, Code::INITIALIZE_RUNNING, "making a new, empty database");
  if (!scratch.reads_statements) {
    return stay(state, Code::CLONE_RUNNING,
                std::format("cloning from {} as soon as the throw-away server has initialized itself", scratch.donor));
  }
  return stay(
      state, Code::CLONE_RUNNING,
      std::format("cloning from {}: {} of about {}", scratch.donor, format_bytes(scratch.bytes), format_bytes(scratch.estimated_bytes)));
}

/// The copy ended well, and is still there.
bool is_complete(const Observation& o) { return o.scratch.phase == Phase::complete && o.volume.incoming; }

/// A step of the copy is under way, which was decided on complete answers and is watched to its end.
bool is_under_way(const Observation& o) { return o.scratch.phase == Phase::copying || !o.scratch.stopping.empty() || is_complete(o); }

Plan go_on(const Policy& policy, const Observation& o) {
  if (is_complete(o)) return {State::finishing, reason(Code::FINISHING_RENAMES), {Complete{}}};
  return watch_copy(policy, o);
}

/// The wait after a failed copy; nothing once it is over, which it never is where no attempt can succeed.
std::optional<Plan> wait_after_failure(const Observation& o, State state) {
  const auto& scratch = o.scratch;
  if (scratch.phase == Phase::failed && scratch.no_clone_plugin)
    return stay(State::refused, Code::MYSQL_VERSION_UNSUPPORTED, scratch.error);
  if (scratch.phase != Phase::failed || elapsed(scratch.ended_at, o.now) >= retry_delay(scratch, o.jitter)) return std::nullopt;
  if (scratch.donor_busy) return stay(state, Code::DONOR_BUSY, std::format("{} serves another clone: {}", scratch.donor, scratch.error));
  return stay(state, Code::CLONE_RETRY, std::format("attempt {} failed: {}", scratch.failures, scratch.error));
}

/// The steps up to a running scratch server, which initialises while the donor is waited for, and the copy once a donor is chosen.
Plan copy(const Policy& policy, const Observation& o, Choice choice) {
  if (is_under_way(o)) return go_on(policy, o);
  if (auto waiting = wait_after_failure(o, State::waiting_for_donor)) return *std::move(waiting);
  Plan plan = std::move(choice.otherwise);
  if (!choice.clone && plan.state == State::refused) return plan;
  if (o.scratch.phase != Phase::initializing) plan.actions.emplace_back(StartScratch{});
  if (choice.clone) {
    plan.state = State::cloning;
    plan.reason = reason(Code::CLONE_RUNNING, std::format("cloning from {}{}", choice.clone->donor, choice.remark));
    plan.actions.emplace_back(*choice.clone);
  }
  return plan;
}

/// An empty volume says so before anything is made in it.
Plan with_first_identity(const Observation& o, Plan plan) {
  if (std::holds_alternative<std::monostate>(o.volume.identity) && plan.state != State::refused) {
    plan.actions.insert(plan.actions.begin(), WriteProvisioning{});
  }
  return plan;
}

Plan initialize(const Observation& o) {
  if (o.scratch.phase == Phase::initializing)
    return {State::initializing, reason(Code::INITIALIZE_RUNNING), {StopScratch{"a new database is made instead"}}};
  if (auto waiting = wait_after_failure(o, State::initializing)) return *std::move(waiting);
  return {State::initializing,
          reason(Code::INITIALIZE_RUNNING, "no pod of this cluster ever had data: making a new, empty database"),
          {Initialize{}}};
}

Plan first_pod(const Policy& policy, const Observation& o) {
  // Even a configuration of one pod asks: `kubectl scale` changes the number of pods and not the configuration.
  if (!o.peers_asked) {
    return stay(State::waiting_for_peers, Code::PEERS_UNKNOWN, "asking the other pods whether they have data");
  }
  if (is_under_way(o)) return go_on(policy, o);

  auto polled = poll(policy, o);
  if (!polled.with_data.empty()) return copy(policy, o, choose_restore_donor(o, std::move(polled)));
  if (!polled.waiting_for.empty()) {
    return stay(State::waiting_for_peers, Code::PEERS_UNKNOWN,
                std::format("this volume is empty; before anything is made here, waiting for {}", join(polled.waiting_for, ", ")));
  }
  if (answer_of(o.volume) == VolumeAnswer::lost_data) polled.lost.insert(polled.lost.begin(), policy.owner.pod.to_string() + " (this pod)");
  if (!polled.lost.empty()) {
    return stay(State::refused, Code::DATA_LOST_EVERYWHERE,
                std::format("{} had data and lost it, and no pod has any: a new database would hide that", join(polled.lost, ", ")));
  }
  if (policy.initialize == ordinal::Initialize::never) return stay(State::waiting_for_peers, Code::INITIALIZE_FORBIDDEN, {});
  return initialize(o);
}

Plan reattach(Code code, std::string text) { return {State::finishing, reason(code, std::move(text)), {Done{}}}; }

/// A person took the request back while its copy was being made.
Plan withdraw_reseed(const ScratchFacts& scratch) {
  Plan plan = stay(State::finishing, Code::OK, "the reseed was withdrawn: ending the throw-away server");
  if (scratch.stopping.empty()) plan.actions = {StopScratch{"the reseed was withdrawn"}};
  return plan;
}

/// A reseed begins only when its donor is ready; the data that is there stays until the copy is complete.
Plan reseed(const Policy& policy, const Observation& o, const Identity& identity) {
  if (is_under_way(o)) return go_on(policy, o);
  if (o.scratch.phase == Phase::failed && o.scratch.no_clone_plugin) return reattach(Code::RESEED_POSTPONED, o.scratch.error);
  // An attempt that was killed must not take up the room that this one needs.
  if (o.volume.incoming || o.volume.discarded)
    return {State::finishing, reason(Code::FINISHING_RENAMES, "throwing away what an earlier attempt left"), {ThrowAway{}}};
  Choice choice;
  if (policy.owner.role() == Role::replica) {
    choice = choose_replica_donor(policy, o);
  } else if (!identity.mark || identity.mark->writable) {
    return reattach(Code::RESEED_POSTPONED,
                    "the primary may have accepted writes since its set was last noted; it is reseeded only while closed");
  } else if (auto polled = poll(policy, o); polled.with_data.empty()) {
    choice = none(stay(State::waiting_for_peers, Code::PEERS_UNKNOWN, "no peer has told that it has data"));
  } else {
    choice = choose_restore_donor(o, std::move(polled));
    if (choice.clone) {
      const auto donor = std::ranges::find_if(o.peers, [&](const PeerView& peer) { return peer.pod.to_string() == choice.clone->donor; });
      if (!donor->answer->status.mysql->gtid_executed.contains(identity.mark->gtid_executed)) {
        return reattach(Code::RESEED_POSTPONED, std::format("{} lacks transactions that this volume holds", choice.clone->donor));
      }
    }
  }
  if (choice.clone) return copy(policy, o, std::move(choice));
  const auto unready_since = o.scratch.phase == Phase::failed ? o.scratch.ended_at : o.started_at;
  const bool room_is_made = choice.otherwise.reason.code == Code::NO_ROOM && o.volume.sweeping;
  if (room_is_made || elapsed(unready_since, o.now) < reseed_patience) return std::move(choice.otherwise);
  return reattach(Code::RESEED_POSTPONED, choice.otherwise.reason.text);
}

Plan refuse_problem(const IdentityProblem& problem) {
  switch (problem.what) {
    case IdentityProblem::What::unreadable: return stay(State::refused, Code::IDENTITY_UNREADABLE, problem.detail);
    case IdentityProblem::What::corrupt: return stay(State::refused, Code::IDENTITY_CORRUPT, problem.detail);
    case IdentityProblem::What::newer_schema: return stay(State::refused, Code::IDENTITY_NEWER, problem.detail);
  }
  std::unreachable();
}

Plan foreign_volume(const Policy& policy, const Observation& o, const Identity& identity) {
  if (o.volume.rebind_requested) return {State::finishing, reason(Code::FOREIGN_VOLUME, "rebinding as requested"), {Rebind{}}};
  return stay(State::refused, Code::FOREIGN_VOLUME,
              std::format("this volume belongs to {}, and this pod is {}; nothing was touched. For a volume restored here on purpose: "
                          "ordinal identity --rebind",
                          identity.owner.to_string(), policy.owner.to_string()));
}

Plan foreign_data(const Policy& policy, const Observation& o) {
  const auto& where = o.volume.foreign_data;
  const bool first = policy.owner.role() == Role::primary;
  if (policy.adopt_existing && first)
    return {State::finishing, reason(Code::FINISHING_RENAMES, "adopting the database in " + where), {Adopt{}}};
  return stay(State::refused, Code::FOREIGN_DATA,
              std::format("{} holds MySQL data and no identity says whose; {}", where,
                          first ? "set volume.adopt_existing to take it over" : "only the first pod can adopt data, replicas clone it"));
}

/// What lies on a volume that the identity, or its absence, does not explain; "" when all is explained. It may be the only copy of
/// something.
std::string unexplained(const VolumeFacts& volume) {
  const auto* identity = volume.identity_or_null();
  if (identity == nullptr) {
    for (const auto& [there, what] : {std::pair{volume.data, "data/"}, std::pair{volume.incoming, "incoming/"},
                                      std::pair{volume.discarded, "discarded/"}, std::pair{volume.trash, "trash/"}}) {
      if (there) return std::format("{} is there and no identity says whose it is", what);
    }
    return "";
  }
  switch (identity->state) {
    case VolumeState::provisioning:
      if (volume.data) return "data/ is there and the identity says that none was ever completed";
      return volume.discarded ? "discarded/ is there and the identity says that no data was ever completed" : "";
    case VolumeState::clone_complete:
      return volume.data || volume.incoming ? "" : "the identity says that a copy is complete, and neither incoming/ nor data/ is there";
    case VolumeState::provisioned: return volume.discarded && !volume.data ? "data/ is gone, and discarded/ may be the only copy" : "";
  }
  std::unreachable();
}

}  // namespace

VolumeAnswer answer_of(const VolumeFacts& volume) {
  if (std::holds_alternative<IdentityProblem>(volume.identity)) return VolumeAnswer::unknown;
  if (!volume.foreign_data.empty() || !unexplained(volume).empty()) return VolumeAnswer::unknown;
  const auto* identity = volume.identity_or_null();
  if (identity == nullptr || identity->state == VolumeState::provisioning) return VolumeAnswer::never_provisioned;
  return identity->state == VolumeState::clone_complete || volume.data ? VolumeAnswer::has_data : VolumeAnswer::lost_data;
}

Plan decide(const Policy& policy, const Observation& o) {
  if (const auto* problem = std::get_if<IdentityProblem>(&o.volume.identity)) return refuse_problem(*problem);
  const auto* identity = o.volume.identity_or_null();
  if (identity != nullptr && identity->owner != policy.owner) return foreign_volume(policy, o, *identity);
  if (!o.volume.foreign_data.empty()) return foreign_data(policy, o);
  if (auto what = unexplained(o.volume); !what.empty()) return stay(State::refused, Code::DATA_UNEXPLAINED, std::move(what));
  if (identity != nullptr) {
    if (identity->state == VolumeState::clone_complete) return {State::finishing, reason(Code::FINISHING_RENAMES), {FinishRenames{}}};
    // A request left over from a rebinding that was killed would one day rebind a volume that nobody meant.
    if (o.volume.rebind_requested)
      return {State::finishing, reason(Code::FINISHING_RENAMES, "the volume is ours: taking the request back"), {Rebind{}}};
    if (o.volume.clear_requested)
      return {State::finishing, reason(Code::FINISHING_RENAMES, "lifting the latch as requested"), {ClearLatch{}}};
    if (identity->state == VolumeState::provisioned && o.volume.data) {
      if (o.volume.reseed_requested) return reseed(policy, o, *identity);
      if (o.scratch.phase == Phase::initializing || o.scratch.phase == Phase::copying) return withdraw_reseed(o.scratch);
      return reattach(Code::OK, std::format("the data of {} is here", policy.owner.pod.to_string()));
    }
  }
  if (policy.owner.role() == Role::primary) return with_first_identity(o, first_pod(policy, o));
  return with_first_identity(o, copy(policy, o, choose_replica_donor(policy, o)));
}

}  // namespace ordinal::init
