// A replica with data, its source and a sibling: every combination of what the three hold and say, against what must never, and what must,
// happen.
#include <doctest/doctest.h>

#include <algorithm>
#include <format>
#include <span>
#include <utility>

#include "core/builders.hpp"
#include "core/transactions.hpp"

namespace ordinal::test {

namespace {

enum class Says : std::uint8_t { sets, sets_before, never_heard, no_sets, unknown, never, lost };
constexpr std::array all_kinds{Says::sets, Says::sets_before, Says::never_heard, Says::no_sets, Says::unknown, Says::never, Says::lost};

/// What else there is to say of a source that tells its sets.
enum class Gate : std::uint8_t { open, closed, leaving, foreign };

struct Server {
  Bits executed = 0;
  Bits purged = 0;
};

struct Channel {
  std::uint32_t to = nowhere;  ///< a pod's number
  bool io = false;
  bool sql = false;

  static constexpr std::uint32_t nowhere = 9;
  [[nodiscard]] bool exists() const { return to != nowhere; }
};
/// One that points at the replica itself is what a person left behind.
constexpr std::array channels{Channel{.to = 0, .io = true, .sql = true},
                              Channel{.to = 0, .sql = true},
                              Channel{.to = 1},
                              Channel{},
                              Channel{.to = 1, .io = true, .sql = true},
                              Channel{.to = 2, .io = true, .sql = true},
                              Channel{.to = 2, .sql = true}};

/// What of the replica is wrong, whatever the others hold.
enum class Flaw : std::uint8_t { none, latched, shrank, row_missing, row_foreign, reset_pending, writable };
constexpr std::array flaws{Flaw::latched, Flaw::shrank, Flaw::row_missing, Flaw::row_foreign, Flaw::reset_pending, Flaw::writable};

struct Setting {
  Held own;
  Server source;
  Server sibling;
  Says source_says = Says::sets;
  Gate gate = Gate::open;
  Says sibling_says = Says::sets;
  Channel channel = channels[0];
  Flaw flaw = Flaw::none;
};

class Case {
 public:
  Case(const Universe& universe, Setting setting) : universe_(universe), s_(setting) {
    const bool sibling_known = s_.sibling_says == Says::sets || s_.sibling_says == Says::sets_before;
    errant_ = errant(universe, 1, s_.own.executed, s_.source.executed);
    if (sibling_known) errant_ |= errant(universe, 2, s_.own.executed, s_.source.executed);
    ahead_ = s_.own.executed & ~s_.source.executed & ~errant_;
    unapplied_ = s_.own.received & ~s_.own.executed;
    needed_ = s_.source.purged & ~s_.own.all();
    if (needed_ == 0) {
      target_ = 0;
    } else if (sibling_serves()) {
      target_ = 2;
    }
    build();
  }

  void check_with_open_source() {
    decide();
    const char* wrong = violated_always();
    if (wrong == nullptr) wrong = errant_ != 0 ? violated_with_errant() : violated_fetching();
    report(wrong);
  }

  void check_without_open_source() {
    decide();
    const char* wrong = violated_always();
    report(wrong != nullptr ? wrong : violated_without_open_source());
  }

  void check_flawed() {
    decide();
    report(violated_flawed());
  }

  /// The same sets in sample after sample.
  void check_in_time() {
    decide();
    bool latched = has<run::SetLatch>();
    plan_ = world_.decide_after(2s);
    latched = latched || has<run::SetLatch>();
    if (latched) return report("it latches what two samples alone showed");
    plan_ = world_.decide_after(2s);
    const bool lost = errant_ == 0 && ahead_ != 0;
    if (has<run::SetLatch>() != lost) return report(lost ? "it does not latch what the source lost" : "it latches though nothing is lost");
    if (!lost) return;
    world_.o.identity.latched = Latch::source_lost_transactions;
    plan_ = world_.decide_after(500ms);
    if (!plan_.reason.text.contains(universe_[ahead_].to_string())) return report("it is latched and does not name what is lost");
    report(violated_latched());
    world_.replica().io = ThreadState::off;
    world_.peer(0).answer->status.mysql->gtid_executed = universe_[s_.source.executed | s_.own.executed];
    plan_ = world_.decide_after(500ms);
    report(violated_latched());
  }

 private:
  /// Whether the sibling has all that the source purged, still can send what we lack, and has nothing that the source lacks.
  [[nodiscard]] bool sibling_serves() const {
    return s_.sibling_says == Says::sets && sibling_clean() && contains(s_.sibling.executed, s_.source.purged) &&
           contains(s_.own.all(), s_.sibling.purged);
  }
  [[nodiscard]] bool sibling_clean() const {
    return errant(universe_, 1, s_.sibling.executed, s_.source.executed) == 0 &&
           errant(universe_, 2, s_.sibling.executed, s_.source.executed) == 0;
  }

  [[nodiscard]] PeerView view(std::uint32_t n, Says says, const Server& server) const {
    auto made = n == 0 ? templates().source : templates().sibling;
    switch (says) {
      case Says::never: return peer(n);
      case Says::lost: return peer(n).answers(VolumeAnswer::lost_data);
      case Says::unknown: return peer(n).answers(VolumeAnswer::unknown);
      case Says::no_sets: return peer(n).answers(VolumeAnswer::has_data).cluster('c');
      case Says::never_heard: return peer(n).never_heard();
      case Says::sets:
      case Says::sets_before: break;
    }
    auto& status = made.answer->status;
    status.mysql->gtid_executed = universe_[server.executed];
    status.mysql->gtid_purged = universe_[server.purged];
    if (n == 2) status.mysql->donor_ready = sibling_clean();
    if (n == 0) {
      status.mysql->open = s_.gate == Gate::open || s_.gate == Gate::foreign;
      if (s_.gate == Gate::foreign) status.cluster_id = uuid('d');
      if (s_.gate == Gate::leaving) status.reason = reason(Code::DRAINING);
    }
    made.last = made.answer;
    if (says == Says::sets_before) made.answer.reset();
    return made;
  }

  /// What thousands of cases begin with.
  struct Templates {
    RunWorld replica = serving_replica();
    PeerView source = peer(0).holds("").open();
    PeerView sibling = peer(2).holds("");
  };
  static const Templates& templates() {
    static const Templates made;
    return made;
  }

  void build() {
    const auto& executed = universe_[s_.own.executed];
    world_.mysql().executed = executed;
    world_.memory.own = {{now - 1s, executed}};
    world_.o.identity.mark = Mark{.gtid_executed = s_.flaw == Flaw::shrank ? universe_[first_uuid | second_uuid] : executed};
    world_.peer(0) = view(0, s_.source_says, s_.source);
    world_.peer(2) = view(2, s_.sibling_says, s_.sibling);
    if (s_.channel.exists()) {
      auto& replica = world_.replica();
      replica.source_host = host(s_.channel.to);
      replica.io = s_.channel.io ? ThreadState::on : ThreadState::off;
      replica.sql = s_.channel.sql ? ThreadState::on : ThreadState::off;
      replica.received = universe_[s_.own.received];
    } else {
      world_.mysql().replica.reset();
    }
    if (s_.flaw == Flaw::latched) world_.o.identity.latched = Latch::source_lost_transactions;
    if (s_.flaw == Flaw::reset_pending) world_.o.identity.replication_reset = false;
    if (s_.flaw == Flaw::writable) world_.mysql().read_only = world_.mysql().super_read_only = false;
    if (s_.flaw == Flaw::row_missing) world_.mysql().cluster = {};
    if (s_.flaw == Flaw::row_foreign) world_.mysql().cluster.cluster_id = uuid('d');
    if (s_.flaw == Flaw::row_missing || s_.flaw == Flaw::row_foreign) world_.o.identity.mark.reset();
  }

  void decide() { plan_ = world_.decide(); }

  void report(const char* wrong) const {
    if (wrong == nullptr) return;
    FAIL_CHECK(std::format(
        "{}: executed {:04b}, received {:04b}, source {} {} ({:04b}, purged {:04b}), sibling {} ({:04b}, purged {:04b}), channel {} {}{}, "
        "flaw {}: {} {} [{}]: {}",
        wrong, s_.own.executed, s_.own.received, static_cast<int>(s_.source_says), static_cast<int>(s_.gate), s_.source.executed,
        s_.source.purged, static_cast<int>(s_.sibling_says), s_.sibling.executed, s_.sibling.purged, s_.channel.to, s_.channel.io,
        s_.channel.sql, static_cast<int>(s_.flaw), steps(plan_), to_string(plan_.reason.code), alerts(plan_), plan_.reason.text));
  }

  template <class Action>
  [[nodiscard]] bool has() const {
    return std::ranges::any_of(plan_.actions, [](const auto& action) { return std::holds_alternative<Action>(action); });
  }
  [[nodiscard]] bool names(Bits transactions) const { return plan_.reason.text.contains(universe_[transactions].to_string()); }

  /// What holds whoever says what.
  [[nodiscard]] const char* violated_always() const {
    if (!plan_.ready && (plan_.reason.code == Code::OK || plan_.reason.text.empty())) return "it is not ready and does not say why";
    return violated_by_acts();
  }

  /// Follows the acts in their order.
  [[nodiscard]] const char* violated_by_acts() const {
    auto at = s_.channel;
    for (const auto& action : plan_.actions) {
      if (std::holds_alternative<run::StopIo>(action)) {
        if (!std::exchange(at.io, false)) return "it stops what does not fetch";
      } else if (std::holds_alternative<run::StopSql>(action)) {
        at.sql = false;
      } else if (std::holds_alternative<run::StartSql>(action)) {
        at.sql = true;
      } else if (const auto* change = std::get_if<run::ChangeSource>(&action)) {
        if (at.io || at.sql) return "it changes a channel whose threads run";
        if (const char* wrong = violated_by_pointing_at(change->host)) return wrong;
        at.to = target_;
      } else if (std::holds_alternative<run::StartIo>(action)) {
        if (std::exchange(at.io, true)) return "it starts what fetches already";
        if (const char* wrong = violated_by_fetching_from(at.to)) return wrong;
      } else {
        return "it does something that is not called for";
      }
    }
    return at.exists() && !at.sql ? "it leaves what was received unapplied" : nullptr;
  }

  [[nodiscard]] const char* violated_by_pointing_at(const std::string& chosen) const {
    if (chosen == host(1)) return "it points at itself";
    if (target_ == Channel::nowhere || chosen != host(target_)) {
      return chosen == host(2) ? "it points at a sibling without need, or at one that cannot serve it" : "it points where it must not";
    }
    const bool fetched_again = target_ == 0 && contains(s_.source.executed & ~s_.source.purged, unapplied_);
    return unapplied_ != 0 && !fetched_again ? "it throws away what it received" : nullptr;
  }

  [[nodiscard]] const char* violated_by_fetching_from(std::uint32_t pod) const {
    if (s_.source_says != Says::sets || s_.gate != Gate::open) return "it starts fetching though its source is not open";
    if (errant_ != 0 || ahead_ != 0) return "it starts fetching from a source that is behind it";
    return pod != target_ ? "it starts fetching from where it must not" : nullptr;
  }

  [[nodiscard]] const char* violated_with_errant() const {
    if (plan_.ready || plan_.donor_ready) return "it serves with an errant transaction";
    if (!names(errant_) || plan_.reason.code != Code::ERRANT_TRANSACTIONS || plan_.state != State::diverged) return "errants are not named";
    if (plan_.replication->errant != universe_[errant_].to_string()) return "the status does not name the errants";
    if (has<run::ChangeSource>()) return "it points elsewhere though it is diverged";
    return s_.channel.io != has<run::StopIo>() ? "it goes on fetching though it is diverged" : nullptr;
  }

  /// Nothing is errant and the source is open: exactly one thing is right.
  [[nodiscard]] const char* violated_fetching() const {
    if (!plan_.replication->errant.empty()) return "errants are named that are none";
    const bool right = target_ == s_.channel.to;
    const bool current = contains(s_.own.executed, s_.source.executed) && target_ == 0 && right && s_.channel.io && s_.channel.sql;
    if (current && !plan_.actions.empty()) return "all is well and it acts";
    if (plan_.ready != current) return current ? "it is not ready though all is well" : "it is ready though not all is well";
    if (plan_.donor_ready != contains(s_.own.executed, s_.source.purged)) return "it misjudges whether it can be cloned from";
    if (target_ == Channel::nowhere) {
      if (plan_.reason.code != Code::SOURCE_PURGED || !names(needed_)) return "it does not name what no pod has any more";
      return s_.channel.io != has<run::StopIo>() ? "it goes on fetching what cannot be fetched" : nullptr;
    }
    if (target_ == 2 && plan_.reason.code != Code::CATCHING_UP_FROM_SIBLING) return "it fetches from a sibling and does not say so";
    if (s_.channel.io) return right == has<run::StopIo>() ? "it interrupts what is right, or lets go on what is not" : nullptr;
    if (has<run::StartIo>())
      return right == has<run::ChangeSource>() ? "it changes a channel that is right, or keeps one that is not" : nullptr;
    const bool drains = !right && unapplied_ != 0 && s_.channel.exists();
    return ahead_ != 0 || drains ? nullptr : "it does not fetch though nothing is in its way";
  }

  [[nodiscard]] const char* violated_without_open_source() const {
    if (has<run::ChangeSource>()) return "it changes the channel though its source is not open";
    const bool answers = s_.source_says == Says::sets;
    const bool foreign = answers && s_.gate == Gate::foreign;
    const bool more_to_come = s_.gate == Gate::leaving && !contains(s_.own.all(), s_.source.executed);
    const bool astray = s_.channel.to == 1;
    if ((s_.channel.io && (astray || (answers && !more_to_come))) != has<run::StopIo>())
      return "it stops fetching without need, or does not stop";
    if (!plan_.replication->errant.empty()) return "it compares itself with a source that is not open";
    if (astray && (plan_.donor_ready || !(foreign || plan_.reason.text.contains(host(1)))))
      return "it does not name where a person has pointed it";
    if (plan_.ready != (!astray && s_.channel.sql && unapplied_ == 0 && !foreign))
      return "reads do not go on, or go on though they must not";
    return !plan_.ready || !alerts(plan_).empty() ? nullptr : "it does not speak of its source's silence";
  }

  [[nodiscard]] const char* violated_flawed() const {
    if (plan_.ready) return "it is ready with a flaw";
    if (plan_.donor_ready && s_.flaw != Flaw::writable) return "it can be cloned from with a flaw";
    if (has<run::Open>() || has<run::RestoreClusterRow>() || has<run::ForgetSource>()) return "it acts as a primary";
    if (has<run::ResetReplicaAll>() != (s_.flaw == Flaw::reset_pending)) return "it resets replication without need, or does not";
    if (s_.flaw == Flaw::writable) {
      const bool first = !plan_.actions.empty() && std::holds_alternative<run::SetSuperReadOnly>(plan_.actions.front());
      return first ? nullptr : "it does something before it is closed";
    }
    return violated_latched();
  }

  [[nodiscard]] bool fetches() const {
    const auto& replica = std::get<run::MysqlFacts>(world_.o.mysql).replica;
    return replica && replica->io == ThreadState::on;
  }
  /// It keeps what it has, and takes nothing more.
  [[nodiscard]] const char* violated_latched() const {
    if (plan_.ready) return "it is ready though it must not be";
    if (has<run::ChangeSource>() || has<run::StartIo>() || has<run::SetLatch>()) return "it does not leave its channel alone";
    return fetches() != has<run::StopIo>() ? "it goes on fetching though it must not" : nullptr;
  }

  const Universe& universe_;
  Setting s_;
  Bits errant_ = 0;                          ///< ours or a sibling's, and not the source's
  Bits ahead_ = 0;                           ///< the source's own, which it lacks
  Bits unapplied_ = 0;                       ///< received only
  Bits needed_ = 0;                          ///< purged by the source, and not here
  std::uint32_t target_ = Channel::nowhere;  ///< the pod to fetch from, where the source is open and nothing is errant
  RunWorld world_ = templates().replica;
  run::Plan plan_;
};

/// Gives a transaction to a server: nothing, executed, executed and purged.
void give(Server& server, std::size_t transaction, std::size_t what) {
  const auto bit = Bits{1} << transaction;
  if (what != 0) server.executed |= bit;
  if (what == 2) server.purged |= bit;
}

/// How many things a transaction may be to each pod.
struct Ways {
  std::size_t own = 1;
  std::size_t source = 1;
  std::size_t sibling = 1;
};

/// Every way to spread the transactions over the three. Of the second UUID there is one: two would show no more.
template <class Body>
void for_all_sets(const Ways& first, const Ways& second, Body body) {
  for (const auto& combination : combinations(first.own * first.source * first.sibling, second.own * second.source * second.sibling)) {
    if (combination[2] != 0) continue;
    Setting setting;
    for (const std::size_t t : {0U, 1U, 3U}) {
      const auto& ways = t < 2 ? first : second;
      const auto value = combination.at(t);
      hold(setting.own, t, value % ways.own);
      give(setting.source, t, value / ways.own % ways.source);
      give(setting.sibling, t, value / ways.own / ways.source);
    }
    body(setting);
  }
}

}  // namespace

TEST_CASE("run: every combination of a replica, its open source and a sibling that tell their sets") {
  // The second UUID is the source's present one, the replica's own, or the sibling's.
  for (const char second : {'0', '1', '2'}) {
    const Universe universe(second);
    for_all_sets({3, 3, 3}, {2, 2, second == '2' ? 2U : 1U}, [&](Setting setting) {
      // Without a need for it, a sibling has all, and must not tempt.
      const bool needs_it = (setting.source.purged & ~setting.own.all()) != 0;
      if (!needs_it && (setting.sibling.purged != 0 || !contains(setting.sibling.executed, first_uuid))) return;
      const bool second_held = ((setting.own.all() | setting.source.executed | setting.sibling.executed) & second_uuid) != 0;
      if (second != '0' && !second_held) return;
      for (const auto& channel : std::span(channels).first(second_held ? 3 : channels.size())) {
        if (!channel.exists() && setting.own.received != 0) continue;
        setting.channel = channel;
        Case(universe, setting).check_with_open_source();
      }
    });
  }
}

TEST_CASE("run: every combination of a replica, its open source and a sibling that could serve it, and is silent or tells no sets") {
  const Universe universe('2');
  for_all_sets({3, 3, 1}, {2, 1, 1}, [&](Setting setting) {
    setting.sibling.executed = first_uuid;
    for (const auto kind : all_kinds) {
      for (const auto& channel : std::span(channels).first(3)) {
        setting.sibling_says = kind;
        setting.channel = channel;
        Case(universe, setting).check_with_open_source();
      }
    }
  });
}

TEST_CASE("run: every combination of a replica and a source that is silent, closed, foreign or without data, and what a sibling says") {
  const Universe universe('1');
  for_all_sets({3, 2, 1}, {2, 1, 1}, [&](Setting setting) {
    setting.sibling.executed = first_uuid;
    const auto check = [&](Says says, Gate gate) {
      setting.source_says = says;
      setting.gate = gate;
      setting.channel = channels[0];
      for (const auto kind : all_kinds) {
        setting.sibling_says = kind;
        Case(universe, setting).check_without_open_source();
      }
      setting.sibling_says = Says::sets;
      for (const auto& channel : channels) {
        if (!channel.exists() && setting.own.received != 0) continue;
        setting.channel = channel;
        Case(universe, setting).check_without_open_source();
      }
    };
    check(Says::sets_before, Gate::open);
    for (const auto gate : {Gate::closed, Gate::leaving, Gate::foreign}) check(Says::sets, gate);
    if (setting.source.executed != 0) return;
    for (const auto kind : {Says::never_heard, Says::no_sets, Says::unknown, Says::never, Says::lost}) check(kind, Gate::open);
  });
}

TEST_CASE("run: every combination of a replica of which something is wrong, and an open source") {
  const Universe universe('1');
  for_all_sets({3, 3, 1}, {2, 1, 1}, [&](Setting setting) {
    for (const auto flaw : flaws) {
      for (const auto& channel : std::span(channels).first(4)) {
        setting.flaw = flaw;
        setting.channel = channel;
        Case(universe, setting).check_flawed();
      }
    }
  });
}

TEST_CASE("run: every combination of a replica and an open source that stay as they are, and what is lost") {
  for (const char second : {'0', '1', '2'}) {
    const Universe universe(second);
    for_all_sets({2, 3, 1}, {2, 2, 1}, [&](Setting setting) {
      for (const auto& channel : std::span(channels).first(2)) {
        setting.channel = channel;
        Case(universe, setting).check_in_time();
      }
    });
  }
}

}  // namespace ordinal::test
