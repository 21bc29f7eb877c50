// An empty first pod with two peers: every combination of what they hold and say, against what must never, and what must, happen.
#include <doctest/doctest.h>

#include <algorithm>
#include <format>

#include "core/builders.hpp"
#include "core/transactions.hpp"

namespace ordinal::test {

namespace {

enum class Says : std::uint8_t { sets, no_sets, silent, unknown, never, lost };
constexpr std::array silent_kinds{Says::no_sets, Says::silent, Says::unknown};
constexpr std::array other_kinds{Says::no_sets, Says::silent, Says::unknown, Says::never, Says::lost};

struct Pod {
  Says says = Says::sets;
  Held held;
  Bits clean = 0;  ///< what counts of it, where it tells its sets
  bool has_errants = false;
};

/// One case, and the first pod's answer to it.
class Case {
 public:
  Case(const Universe& universe, Pod one, Pod two, bool lost_here) : universe_(universe), pods_{one, two}, lost_here_(lost_here) {
    for (std::size_t i = 0; i < 2; ++i) {
      if (pods_.at(i).says != Says::sets) continue;
      const auto elsewhere = pods_.at(1 - i).says == Says::sets ? pods_.at(1 - i).held.all() : 0;
      const auto all = pods_.at(i).held.all();
      pods_.at(i).clean = all & ~errant(universe, static_cast<std::uint32_t>(i) + 1, all, elsewhere);
      pods_.at(i).has_errants = pods_.at(i).clean != all;
      required_ |= pods_.at(i).clean;
    }
  }

  void check() {
    decide();
    if (const auto* wrong = first_violation()) {
      FAIL_CHECK(std::format("{}: peers {} and {}, {}: {} {}: {}", wrong, describe(pods_[0]), describe(pods_[1]),
                             lost_here_ ? "lost here" : "empty", steps(plan_), to_string(plan_.reason.code), plan_.reason.text));
    }
  }

 private:
  void decide() {
    InitWorld world(0);
    world.o.volume.identity = identity(0, lost_here_ ? VolumeState::provisioned : VolumeState::provisioning);
    world.o.scratch.phase = init::ScratchFacts::Phase::none;
    world.o.peers = {view(1), view(2)};
    plan_ = world.decide();
    for (const auto& action : plan_.actions) {
      if (const auto* clone = std::get_if<init::Clone>(&action)) donor_ = clone->donor == "db-1" ? &pods_[0] : &pods_[1];
      initializes_ = initializes_ || std::holds_alternative<init::Initialize>(action);
      harmless_ = harmless_ && (std::holds_alternative<init::Clone>(action) || std::holds_alternative<init::Initialize>(action) ||
                                std::holds_alternative<init::StartScratch>(action));
    }
  }

  [[nodiscard]] PeerView view(std::uint32_t n) const {
    const auto& pod = pods_.at(n - 1);
    auto made = peer(n);
    switch (pod.says) {
      case Says::never: break;
      case Says::lost: made.answers(VolumeAnswer::lost_data); break;
      case Says::unknown: made.answers(VolumeAnswer::unknown); break;
      case Says::no_sets: made.answers(VolumeAnswer::has_data).cluster('c'); break;
      case Says::silent: made.holds("").silent(); break;
      case Says::sets:
        made.holds("");
        made.mysql().gtid_executed = universe_[pod.held.executed];
        made.mysql().gtid_received = universe_[pod.held.received];
        break;
    }
    return made;
  }

  [[nodiscard]] bool any(Says says) const { return pods_[0].says == says || pods_[1].says == says; }
  [[nodiscard]] bool complete(const Pod& pod) const { return pod.says == Says::sets && contains(pod.held.executed, required_); }
  [[nodiscard]] bool names(std::uint32_t n) const { return plan_.reason.text.contains("db-" + std::to_string(n)); }

  [[nodiscard]] const char* first_violation() const {
    const bool blind = any(Says::no_sets) || any(Says::silent) || any(Says::unknown);
    const bool restores = donor_ != nullptr;
    if (initializes_ && (!(pods_[0].says == Says::never && pods_[1].says == Says::never) || lost_here_))
      return "it initialises though not all are empty";
    if (blind && restores) return "it restores before all have told";
    if (restores && !complete(*donor_)) return "it restores from a peer that lacks a transaction";
    if (restores && donor_->has_errants && ((complete(pods_[0]) && !pods_[0].has_errants) || (complete(pods_[1]) && !pods_[1].has_errants)))
      return "it restores errants though a complete copy has none";
    if (!harmless_) return "it does something that an empty volume has no need of";
    if (plan_.state == State::refused && !plan_.actions.empty()) return "it refuses and acts";
    if (plan_.reason.text.empty()) return "it does not say why";
    for (std::uint32_t n = 1; n <= 2; ++n) {
      if (std::ranges::find(silent_kinds, pods_.at(n - 1).says) != silent_kinds.end() && !names(n))
        return "it waits and does not say for whom";
    }
    if (blind) return plan_.state == State::waiting_for_peers ? nullptr : "it does not wait for who has not told";
    return violated_progress();
  }

  /// With everything known, exactly one thing is right.
  [[nodiscard]] const char* violated_progress() const {
    if (!any(Says::sets)) {
      if (lost_here_ || any(Says::lost)) return plan_.reason.code == Code::DATA_LOST_EVERYWHERE ? nullptr : "lost data is not spoken of";
      return initializes_ ? nullptr : "it does not initialise though all are empty";
    }
    if (complete(pods_[0]) || complete(pods_[1])) return donor_ != nullptr ? nullptr : "it does not restore though a peer has all";
    const auto will_be = [&](const Pod& pod) { return pod.says == Says::sets && contains(pod.clean, required_); };
    const auto code = will_be(pods_[0]) || will_be(pods_[1]) ? Code::APPLYING_PENDING : Code::SETS_DIVERGED;
    return plan_.reason.code == code ? nullptr : "applying and diverging are mixed up";
  }

  static std::string describe(const Pod& pod) {
    return std::format("({}: executed {:04b}, received {:04b})", static_cast<int>(pod.says), pod.held.executed, pod.held.received);
  }

  const Universe& universe_;
  std::array<Pod, 2> pods_;
  bool lost_here_;
  Bits required_ = 0;
  init::Plan plan_;
  const Pod* donor_ = nullptr;
  bool initializes_ = false;
  bool harmless_ = true;
};

}  // namespace

TEST_CASE("init: every combination of two peers that tell their sets") {
  for (const char second : {'1', 'b'}) {
    const Universe universe(second);
    for (const auto& combination : combinations(9, 9)) {
      Pod one;
      Pod two;
      for (std::size_t t = 0; t < 4; ++t) {
        hold(one.held, t, combination.at(t) % 3);
        hold(two.held, t, combination.at(t) / 3);
      }
      Case(universe, one, two, false).check();
    }
  }
}

TEST_CASE(
    "init: every combination of a peer that tells its sets and one that does not, of two that do not, on an empty volume and a lost one") {
  for (const char second : {'1', 'b'}) {
    const Universe universe(second);
    for (const auto kind : other_kinds) {
      for (const bool lost_here : {false, true}) {
        for (const auto& combination : combinations(3, 3)) {
          Pod telling;
          for (std::size_t t = 0; t < 4; ++t) hold(telling.held, t, combination.at(t));
          Case(universe, telling, {.says = kind}, lost_here).check();
          Case(universe, {.says = kind}, telling, lost_here).check();
        }
        for (const auto another : other_kinds) Case(universe, {.says = kind}, {.says = another}, lost_here).check();
      }
    }
  }
}

}  // namespace ordinal::test
