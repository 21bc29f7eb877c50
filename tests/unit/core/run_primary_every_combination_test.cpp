// A primary with data and two peers: every combination of what the three hold, against what must never, and what must, happen.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <format>

#include "core/builders.hpp"
#include "core/transactions.hpp"

namespace ordinal::test {

namespace {

enum class Says : std::uint8_t { sets, sets_before, never_heard, no_sets, unknown, never, lost };
constexpr std::array other_kinds{Says::never_heard, Says::no_sets, Says::unknown, Says::never, Says::lost};

struct Pod {
  Says says = Says::sets;
  Held held;
  Bits errant = 0;
  Bits beyond = 0;  ///< what it has, without its errants, and the primary lacks

  [[nodiscard]] bool told() const { return says == Says::sets || says == Says::sets_before; }
  [[nodiscard]] bool missing() const { return says == Says::never_heard || says == Says::no_sets || says == Says::unknown; }
};

class Case {
 public:
  Case(const Universe& universe, Bits own, Pod one, Pod two) : universe_(universe), own_(own), pods_{one, two} {
    for (std::uint32_t i = 0; i < 2; ++i) {
      auto& pod = pods_.at(i);
      if (!pod.told()) continue;
      const auto& other = pods_.at(1 - i);
      pod.errant = errant(universe, i + 1, pod.held.all(), own | (other.told() ? other.held.all() : 0));
      pod.beyond = pod.held.all() & ~pod.errant & ~own;
    }
  }

  void check_closed(bool patient) {
    auto world = world_with(closed_primary());
    world.memory.sets_wanted_since = patient ? now : now - 30s;
    plan_ = world.decide();
    report(patient && (pods_[0].missing() || pods_[1].missing()) ? violated_waiting() : violated_deciding(), "closed");
  }

  void check_open() {
    plan_ = world_with(open_primary()).decide();
    const char* wrong = violated_naming();
    if (!plan_.ready) wrong = "an open primary is not ready";
    if (!plan_.actions.empty()) wrong = "an open primary is changed";
    report(wrong, "open");
  }

 private:
  [[nodiscard]] RunWorld world_with(RunWorld world) const {
    world.mysql().executed = universe_[own_];
    world.o.identity.mark = Mark{.gtid_executed = universe_[own_]};
    for (std::uint32_t n = 1; n <= 2; ++n) world.peer(n) = view(n);
    return world;
  }

  [[nodiscard]] PeerView view(std::uint32_t n) const {
    const auto& pod = pods_.at(n - 1);
    auto made = peer(n);
    switch (pod.says) {
      case Says::never: break;
      case Says::lost: made.answers(VolumeAnswer::lost_data); break;
      case Says::unknown: made.answers(VolumeAnswer::unknown); break;
      case Says::no_sets: made.answers(VolumeAnswer::has_data).cluster('c'); break;
      case Says::never_heard: made.never_heard(); break;
      case Says::sets:
      case Says::sets_before:
        made.holds("");
        made.mysql().gtid_executed = universe_[pod.held.executed];
        made.mysql().gtid_received = universe_[pod.held.received];
        if (pod.says == Says::sets_before) made.silent();
        break;
    }
    return made;
  }

  void report(const char* wrong, std::string_view was) const {
    if (wrong == nullptr) return;
    FAIL_CHECK(std::format("{}: {} with {:04b}, peers {} and {}: {} {} [{}]: {}", wrong, was, own_, describe(pods_[0]), describe(pods_[1]),
                           steps(plan_), to_string(plan_.reason.code), alerts(plan_), plan_.reason.text));
  }
  static std::string describe(const Pod& pod) {
    return std::format("({}: executed {:04b}, received {:04b})", static_cast<int>(pod.says), pod.held.executed, pod.held.received);
  }

  template <class Action>
  [[nodiscard]] const Action* find() const {
    for (const auto& action : plan_.actions) {
      if (const auto* found = std::get_if<Action>(&action)) return found;
    }
    return nullptr;
  }
  [[nodiscard]] bool alerts_of(Code code, std::uint32_t n) const {
    return std::ranges::any_of(
        plan_.alerts, [&](const Reason& alert) { return alert.code == code && alert.text.starts_with("db-" + std::to_string(n)); });
  }
  [[nodiscard]] bool is_ahead(const Pod& pod) const { return pod.beyond != 0 && contains(pod.held.all(), own_); }

  [[nodiscard]] const char* violated_waiting() const {
    if (!plan_.actions.empty()) return "it acts before all have told";
    if (plan_.state != State::waiting_for_peers) return "it does not wait";
    for (std::uint32_t n = 1; n <= 2; ++n) {
      if (pods_.at(n - 1).missing() && !plan_.reason.text.contains("db-" + std::to_string(n))) return "it waits and does not say for whom";
    }
    return nullptr;
  }

  /// Whatever is somewhere and not here is named.
  [[nodiscard]] const char* violated_naming() const {
    for (std::uint32_t n = 1; n <= 2; ++n) {
      const auto& pod = pods_.at(n - 1);
      if ((pod.errant != 0) != alerts_of(Code::PEER_ERRANT, n)) return "errants are not named, or none are";
      const bool lost_sight_of =
          pod.beyond != 0 && find<run::ChangeSource>() == nullptr && plan_.state != State::diverged && plan_.state != State::catching_up;
      if (lost_sight_of && !alerts_of(Code::FORKED, n)) return "a peer's tail is not named";
      if (pod.beyond == 0 && alerts_of(Code::FORKED, n)) return "a tail is named that is none";
    }
    return nullptr;
  }

  [[nodiscard]] const char* violated_deciding() const {
    if (plan_.ready || plan_.donor_ready) return "a closed primary is ready";
    if (const char* wrong = violated_naming()) return wrong;
    for (const auto& action : plan_.actions) {
      const bool fit = std::holds_alternative<run::WriteMark>(action) || std::holds_alternative<run::Open>(action) ||
                       std::holds_alternative<run::ChangeSource>(action) || std::holds_alternative<run::StartSql>(action) ||
                       std::holds_alternative<run::StartIo>(action);
      if (!fit) return "it does something that is not called for";
    }
    const bool ahead = is_ahead(pods_[0]) || is_ahead(pods_[1]);
    const bool opens = find<run::Open>() != nullptr;
    if (opens == ahead) return ahead ? "it opens though a peer is ahead" : "it stays closed though no peer is ahead";
    if (opens && !std::holds_alternative<run::WriteMark>(plan_.actions.front())) return "it opens before the mark says so";
    return ahead ? violated_catching_up() : nullptr;
  }

  [[nodiscard]] const char* violated_catching_up() const {
    const auto usable = [&](const Pod& pod) { return is_ahead(pod) && pod.errant == 0 && pod.says == Says::sets; };
    const auto* change = find<run::ChangeSource>();
    if (change == nullptr) {
      if (usable(pods_[0]) || usable(pods_[1])) return "it does not catch up though a peer could serve it";
      for (std::uint32_t n = 1; n <= 2; ++n) {
        if (is_ahead(pods_.at(n - 1)) && plan_.reason.text.contains("db-" + std::to_string(n))) return nullptr;
      }
      return "it is behind and does not say whom";
    }
    const auto& chosen = pods_.at(change->host == host(1) ? 0 : 1);
    if (!usable(chosen)) return "it catches up from a peer that must not serve it";
    const auto& other = pods_.at(change->host == host(1) ? 1 : 0);
    if (usable(other) && std::popcount(other.beyond) > std::popcount(chosen.beyond)) return "it catches up from the lesser peer";
    return nullptr;
  }

  const Universe& universe_;
  Bits own_;
  std::array<Pod, 2> pods_;
  run::Plan plan_;
};

/// What each of the three has of a transaction: the primary executed it or not, a peer has nothing, executed it, or received it.
struct Share {
  Bits own = 0;
  Pod one;
  Pod two;

  void give(std::size_t transaction, bool mine, std::size_t first, std::size_t second) {
    if (mine) own |= Bits{1} << transaction;
    hold(one.held, transaction, first);
    hold(two.held, transaction, second);
  }
};

}  // namespace

TEST_CASE("run: every combination of a primary and two peers that tell their sets") {
  for (const char second : {'1', 'b'}) {
    const Universe universe(second);
    // Of the first UUID each peer may have received or executed; of the second, executed.
    for (const auto& combination : combinations(18, 8)) {
      // One transaction of a UUID that is nobody's shows as much as two.
      if (second == 'b' && combination[3] != 0 && combination[2] != 0) continue;
      Share share;
      for (std::size_t t = 0; t < 2; ++t) share.give(t, combination.at(t) >= 9, combination.at(t) % 3, combination.at(t) / 3 % 3);
      for (std::size_t t = 2; t < 4; ++t) share.give(t, combination.at(t) >= 4, combination.at(t) % 2, combination.at(t) / 2 % 2);
      Case(universe, share.own, share.one, share.two).check_closed(true);
    }
  }
}

TEST_CASE("run: every combination of an open primary and two peers that tell their sets") {
  const Universe universe('1');
  for (const auto& combination : combinations(18, 1)) {
    for (std::size_t errant = 0; errant < 8; ++errant) {
      Share share;
      for (std::size_t t = 0; t < 2; ++t) share.give(t, combination.at(t) >= 9, combination.at(t) % 3, combination.at(t) / 3 % 3);
      share.give(2, errant >= 4, errant % 2, errant / 2 % 2);
      Case(universe, share.own, share.one, share.two).check_open();
    }
  }
}

TEST_CASE("run: every combination of a primary, a peer whose sets are known, silent now or not, and one that tells none") {
  const Universe universe('1');
  for (const auto& combination : combinations(6, 4)) {
    Share share;
    for (std::size_t t = 0; t < 2; ++t) share.give(t, combination.at(t) >= 3, combination.at(t) % 3, 0);
    for (std::size_t t = 2; t < 4; ++t) share.give(t, combination.at(t) >= 2, combination.at(t) % 2, 0);
    for (const auto kind : other_kinds) {
      for (const auto says : {Says::sets, Says::sets_before}) {
        share.one.says = says;
        share.two.says = kind;
        Case(universe, share.own, share.one, share.two).check_closed(false);
        if (says == Says::sets) Case(universe, share.own, share.one, share.two).check_closed(true);
      }
    }
  }
}

}  // namespace ordinal::test
