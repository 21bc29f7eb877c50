// Small builders of what the decisions see, so that a test says only what matters to it. They must not decide anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/init_decision.hpp"
#include "core/run_decision.hpp"

namespace ordinal::test {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// When everything happens that a test does not date.
inline constexpr Instant now = Instant{} + std::chrono::hours(1);

/// The UUID that consists of this one hexadecimal digit. Pod n's server_uuid is that of the digit n, the cluster id is that of 'c'; 'a' is
/// a timeline of the primary from before.
[[nodiscard]] Uuid uuid(char digit);

/// "a:1-5,1:7" as a GTID set, each UUID given as its one digit.
[[nodiscard]] GtidSet gtids(std::string_view text);

/// That of pod n of three, StatefulSet "db", namespace "shop".
[[nodiscard]] Policy policy(std::uint32_t n, std::uint32_t replicas = 3);

/// "db-1.db.shop.svc.cluster.local"
[[nodiscard]] std::string host(std::uint32_t n);

/// Another pod as a decision sees it. It starts as one that answers that its volume never held anything.
class Peer {
 public:
  explicit Peer(std::uint32_t n);

  /// It has data and tells this executed set; fit as a donor in every way.
  Peer& holds(std::string_view executed);
  Peer& received(std::string_view set);
  Peer& purged(std::string_view set);
  Peer& open();
  Peer& not_donor();
  Peer& fetches_from(std::uint32_t n);
  /// What its volume says; its MySQL tells nothing then.
  Peer& answers(VolumeAnswer answer);
  Peer& in(State state, Code code);
  Peer& cluster(char digit);
  /// Its last answer stays known, this round has none.
  Peer& silent(std::string why = "connection refused");
  /// It has never answered.
  Peer& never_heard();
  Peer& missing_for(Milliseconds span);
  /// When the answer came; its facts were read then.
  Peer& at(Instant instant);

  Status& status() { return view_.last->status; }
  MysqlStatus& mysql() { return *status().mysql; }
  operator PeerView() const;  // NOLINT: a list of peers reads as one

 private:
  PeerView view_;
  bool answers_ = true;
};

[[nodiscard]] inline Peer peer(std::uint32_t n) { return Peer(n); }

/// An identity of pod n's volume; provisioned ones know the cluster.
[[nodiscard]] Identity identity(std::uint32_t n, VolumeState state);

/// "clone db-1, start_scratch": the steps of a plan in a few words.
[[nodiscard]] std::string steps(const init::Plan& plan);
[[nodiscard]] std::string steps(const run::Plan& plan);

/// The codes of the plan's alerts.
[[nodiscard]] std::string alerts(const run::Plan& plan);
/// The names of the checks that failed.
[[nodiscard]] std::string failed_checks(const run::Plan& plan);

/// What `ordinal init` of pod n sees: at first an empty volume and peers that never had anything.
struct InitWorld {
  explicit InitWorld(std::uint32_t n);

  [[nodiscard]] init::Plan decide() const { return init::decide(policy, o); }
  /// The volume is provisioned and has its data.
  InitWorld& with_data();
  /// The scratch server copies from pod `donor` since `ago`.
  InitWorld& copying_from(std::uint32_t donor, Milliseconds ago = Milliseconds(0));
  InitWorld& failed(std::string error, std::uint32_t failures, Milliseconds ago);
  Identity& identity() { return std::get<Identity>(o.volume.identity); }

  Policy policy;
  init::Observation o;
};

/// What `ordinal run` of pod n sees: a MySQL that runs, in a volume that is ours, with no mark due.
struct RunWorld {
  explicit RunWorld(std::uint32_t n);

  /// Decides, and hands the memory on to the next cycle.
  run::Plan decide();
  /// The same after `span`, with everything read anew.
  run::Plan decide_after(Milliseconds span);
  run::MysqlFacts& mysql() { return std::get<run::MysqlFacts>(o.mysql); }
  run::ReplicaFacts& replica() { return *mysql().replica; }
  [[nodiscard]] PeerView& peer(std::uint32_t n);
  /// The pod's own executed set; the mark stays.
  RunWorld& executed(std::string_view set);
  RunWorld& mark(std::string_view set);

  Policy policy;
  run::Observation o;
  run::Memory memory;
};

/// A replica that serves, pod 1 of three: the source is open and has "a:1-5", as we do; pod 2 serves too.
[[nodiscard]] RunWorld serving_replica();
/// The primary, closed, with "a:1-5" and a mark of it; its peers serve and have the same.
[[nodiscard]] RunWorld closed_primary();
/// The same, open.
[[nodiscard]] RunWorld open_primary();

}  // namespace ordinal::test
