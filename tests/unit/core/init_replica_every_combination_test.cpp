// A replica's volume and two peers: every combination of what lies there, what they are and how far a copy has come, against what must
// never, and what must, happen.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <utility>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

using Phase = init::ScratchFacts::Phase;

enum class Is : std::uint8_t { donor, not_ready, no_sets, silent, never_heard, never, lost, foreign, another_series, no_plugin };
constexpr std::array all_kinds{Is::donor, Is::not_ready, Is::no_sets, Is::silent,         Is::never_heard,
                               Is::never, Is::lost,      Is::foreign, Is::another_series, Is::no_plugin};

/// What lies on the volume.
enum class Holds : std::uint8_t { nothing, begun, lost, data, data_to_reseed };
constexpr std::array all_holds{Holds::nothing, Holds::begun, Holds::lost, Holds::data, Holds::data_to_reseed};

/// How far the scratch server is; the last is a failure whose wait is over.
enum class Copy : std::uint8_t { none, initializing, from_previous, complete, failed_now, failed_before };
constexpr std::array all_copies{Copy::none, Copy::initializing, Copy::from_previous, Copy::complete, Copy::failed_now, Copy::failed_before};

/// Pod 2 of three; the donor by its ordinal is pod 1, and pod 0 is the primary.
struct Setting {
  Is primary = Is::donor;
  Is previous = Is::donor;
  Holds holds = Holds::nothing;
  Copy copy = Copy::none;
  bool fallback_due = false;
};

class Case {
 public:
  explicit Case(Setting setting) : s_(setting) {
    InitWorld world(2);
    if (s_.fallback_due) world.policy.donor_fallback_after = 60s;
    world.o.started_at = now - 1min;
    if (s_.holds != Holds::nothing) {
      world.o.volume.identity = identity(2, s_.holds == Holds::begun ? VolumeState::provisioning : VolumeState::provisioned);
    }
    world.o.volume.data = keeps_data();
    world.o.volume.reseed_requested = s_.holds == Holds::data_to_reseed;
    world.o.peers = {view(0, s_.primary), view(1, s_.previous)};
    auto& scratch = world.o.scratch;
    switch (s_.copy) {
      case Copy::none: break;
      case Copy::initializing: scratch.phase = Phase::initializing; break;
      case Copy::from_previous: world.copying_from(1); break;
      case Copy::complete:
        world.copying_from(1);
        scratch.phase = Phase::complete;
        break;
      case Copy::failed_now: world.failed("Connect failed", 1, 0ms); break;
      case Copy::failed_before: world.failed("Connect failed", 1, 30s); break;
    }
    plan_ = world.decide();
    for (const auto& action : plan_.actions) {
      if (const auto* clone = std::get_if<init::Clone>(&action)) clone_ = *clone;
    }
  }

  void check() const {
    const char* wrong = violated_always();
    if (wrong == nullptr) wrong = keeps_data() && s_.holds != Holds::data_to_reseed ? violated_with_data() : violated_copying();
    if (wrong == nullptr) return;
    FAIL_CHECK(std::format("{}: primary {}, previous {}, volume {}, copy {}, fallback {}: {} {} {}: {}", wrong,
                           std::to_underlying(s_.primary), std::to_underlying(s_.previous), std::to_underlying(s_.holds),
                           std::to_underlying(s_.copy), s_.fallback_due, to_string(plan_.state), steps(plan_), to_string(plan_.reason.code),
                           plan_.reason.text));
  }

 private:
  [[nodiscard]] bool keeps_data() const { return s_.holds == Holds::data || s_.holds == Holds::data_to_reseed; }
  /// The cluster's id is known where there was data.
  [[nodiscard]] bool fit(Is kind) const {
    const bool knows_cluster = s_.holds == Holds::lost || keeps_data();
    return kind == Is::donor || (kind == Is::foreign && !knows_cluster);
  }
  [[nodiscard]] std::optional<std::uint32_t> right_donor() const {
    if (fit(s_.previous)) return 1;
    return s_.fallback_due && fit(s_.primary) ? std::optional(0U) : std::nullopt;
  }

  static PeerView view(std::uint32_t n, Is kind) {
    auto made = peer(n);
    switch (kind) {
      case Is::donor: return made.holds("a:1-5");
      case Is::not_ready: return made.holds("a:1-5").not_donor().in(State::diverged, Code::ERRANT_TRANSACTIONS);
      case Is::no_sets: return made.answers(VolumeAnswer::has_data).cluster('c').in(State::blocked, Code::MYSQL_SILENT);
      case Is::silent: return made.holds("a:1-5").silent();
      case Is::never_heard: return made.never_heard();
      case Is::never: return made;
      case Is::lost: return made.answers(VolumeAnswer::lost_data);
      case Is::foreign: return made.holds("a:1-5").cluster('d');
      case Is::another_series: made.holds("a:1-5").mysql().version = "9.6.0"; return made;
      case Is::no_plugin: made.holds("a:1-5").mysql().clone_plugin = false; return made;
    }
    std::unreachable();
  }

  template <class Action>
  [[nodiscard]] bool has() const {
    return std::ranges::any_of(plan_.actions, [](const auto& action) { return std::holds_alternative<Action>(action); });
  }

  [[nodiscard]] const char* violated_always() const {
    if (has<init::Initialize>() || has<init::Adopt>()) return "a replica makes a cluster of its own";
    if (has<init::Rebind>() || has<init::ClearLatch>() || has<init::FinishRenames>() || has<init::ThrowAway>())
      return "it does something that is not called for";
    if (plan_.reason.text.empty()) return "it does not say why";
    if (plan_.state == State::refused) return "it refuses what it only has to wait for";
    if (has<init::Done>() && !keeps_data()) return "it ends without data";
    if (!clone_) return nullptr;
    if (clone_->how != ProvisionedHow::clone || clone_->host == host(2)) return "it clones itself, or as if it were the first pod";
    const auto donor = right_donor();
    return !donor || clone_->host != host(*donor) ? "it clones from a pod that must not, or need not, be its donor" : nullptr;
  }

  /// Nobody asked for another copy.
  [[nodiscard]] const char* violated_with_data() const {
    if (clone_ || has<init::StartScratch>() || has<init::Complete>()) return "it touches data that nobody gave up";
    const bool running = s_.copy == Copy::initializing || s_.copy == Copy::from_previous;
    if (running) return has<init::StopScratch>() ? nullptr : "it lets a copy run that was taken back";
    return has<init::Done>() ? nullptr : "it does not go on with the data that it has";
  }

  [[nodiscard]] const char* violated_copying() const {
    if (has<init::WriteProvisioning>() != (s_.holds == Holds::nothing)) return "an empty volume does not say so first, or another does";
    if (s_.copy == Copy::complete) return has<init::Complete>() && !clone_ ? nullptr : "a complete copy is not taken";
    if (has<init::Complete>()) return "it takes what is not complete";
    if (s_.copy == Copy::from_previous) return violated_while_copying();
    if (s_.copy == Copy::failed_now) {
      if (clone_ || has<init::StartScratch>()) return "it tries again without a pause";
    } else if (right_donor().has_value() != clone_.has_value()) {
      return "it does not clone though its donor is ready";
    } else if (clone_ && (s_.copy == Copy::initializing) == has<init::StartScratch>()) {
      return "the scratch server is started twice, or not at all";
    }
    if (has<init::Done>()) return clone_ || s_.holds != Holds::data_to_reseed ? "it ends without its copy" : nullptr;
    if (clone_ || s_.copy == Copy::failed_now) return nullptr;
    if (plan_.state != State::waiting_for_donor) return "it waits, and for no donor";
    return plan_.reason.text.contains("db-1") ? nullptr : "it waits and does not say for whom";
  }

  /// Only a donor that says that it has no mysqld ends a copy: one that was answered for is no donor that is gone.
  [[nodiscard]] const char* violated_while_copying() const {
    const bool gone = s_.previous == Is::never || s_.previous == Is::lost;
    if (has<init::StopScratch>() != gone) return gone ? "it waits for bytes of a pod without data" : "it ends a copy that may succeed";
    return clone_ || has<init::StartScratch>() || has<init::Done>() ? "it does something beside the copy that runs" : nullptr;
  }

  Setting s_;
  init::Plan plan_;
  std::optional<init::Clone> clone_;
};

}  // namespace

TEST_CASE("init: every combination of a replica's volume, its copy, and what the previous pod and the primary are") {
  for (const auto primary : all_kinds) {
    for (const auto previous : all_kinds) {
      for (const auto holds : all_holds) {
        for (const auto copy : all_copies) {
          // An empty volume says what it is before anything is made in it.
          if (holds == Holds::nothing && copy != Copy::none) continue;
          for (const bool fallback_due : {false, true}) {
            Case({.primary = primary, .previous = previous, .holds = holds, .copy = copy, .fallback_due = fallback_due}).check();
          }
        }
      }
    }
  }
}

}  // namespace ordinal::test
