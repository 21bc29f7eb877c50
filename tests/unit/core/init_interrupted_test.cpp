// Killed anywhere, init converges: a small model of the volume to which each plan is applied step by step, cut off after every number of
// steps, and decided upon again. The steps are those of volume/ and provision/.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

using Phase = init::ScratchFacts::Phase;

struct Killed {};

struct Copy {
  std::string of;
  bool complete = false;
};

/// A pod's volume, and the agent that works on it until it is killed.
class Machine {
 public:
  Machine(InitWorld world, std::string expected) : world_(std::move(world)), expected_(std::move(expected)) {
    if (world_.o.volume.data) data_ = Copy{"old", true};
    if (world_.o.volume.incoming) incoming_ = Copy{"leftover", false};
    if (world_.o.volume.discarded) discarded_ = Copy{"leftover", false};
    had_data_ = data_.has_value() || !world_.o.volume.foreign_data.empty();
    foreign_at_root_ = !world_.o.volume.foreign_data.empty();
  }

  /// Works until it is done or was killed after so many steps; false when it was killed.
  bool run(std::size_t steps) {
    budget_ = steps;
    world_.o.scratch = {};  // a scratch server dies with its agent
    world_.o.started_at = world_.o.now;
    try {
      for (int cycle = 0; cycle < 100; ++cycle) {
        if (turn()) return true;
      }
    } catch (const Killed&) {
      return false;
    }
    FAIL("it does not converge");
    return true;
  }

  void check_done() const {
    REQUIRE(data_.has_value());
    CHECK(data_->of == expected_);
    CHECK(data_->complete);
    CHECK_FALSE(incoming_.has_value());
    CHECK_FALSE(discarded_.has_value());
    const auto* identity = world_.o.volume.identity_or_null();
    REQUIRE(identity != nullptr);
    CHECK(identity->state == VolumeState::provisioned);
    CHECK(identity->owner == world_.policy.owner);
    CHECK(identity->latched == Latch::none);
    CHECK_FALSE(world_.o.volume.reseed_requested);
    CHECK_FALSE(world_.o.volume.rebind_requested);
    CHECK_FALSE(world_.o.volume.clear_requested);
  }

 private:
  /// One cycle; true when init ends.
  bool turn() {
    world_.o.now += 1s;
    look();
    const auto plan = world_.decide();
    REQUIRE_MESSAGE(plan.state != State::refused, plan.reason.text);
    for (const auto& action : plan.actions) {
      const bool done = std::holds_alternative<init::Done>(action);
      std::visit([this](const auto& step) { act(step); }, action);
      if (done) return true;
    }
    if (plan.actions.empty()) come_on();
    return false;
  }

  void look() {
    auto& volume = world_.o.volume;
    volume.data = data_.has_value();
    volume.incoming = incoming_.has_value();
    volume.discarded = discarded_.has_value();
    const bool nobodys = std::holds_alternative<std::monostate>(volume.identity);
    volume.foreign_data = nobodys && foreign_at_root_ ? "/volume" : nobodys && data_ ? "/volume/data" : "";
  }

  /// The scratch server works while the agent waits.
  void come_on() {
    auto& scratch = world_.o.scratch;
    if (scratch.phase != Phase::copying) return;
    scratch.last_progress_at = world_.o.now;
    if (scratch.donor.empty()) incoming_ = Copy{"new", true};
    incoming_->complete = true;
    scratch.phase = Phase::complete;
  }

  void step(const std::function<void()>& change) {
    if (budget_ == 0) throw Killed{};
    --budget_;
    change();
    check_nothing_is_lost();
  }

  void check_nothing_is_lost() const {
    const auto* identity = world_.o.volume.identity_or_null();
    const bool finishing = identity != nullptr && identity->state == VolumeState::clone_complete;
    const bool in_incoming = finishing && incoming_ && incoming_->complete;
    const bool in_data = data_ && data_->complete;
    if (data_) CHECK_MESSAGE(data_->complete, "data/ holds a partial copy");
    if (finishing) CHECK_MESSAGE((in_incoming || in_data), "clone_complete is said of nothing");
    const bool in_discarded = discarded_ && discarded_->complete;
    if (had_data_) CHECK_MESSAGE((in_data || in_incoming || in_discarded || foreign_at_root_), "the only copy is gone");
  }

  /// One rename; what becomes of trash/ afterwards is of no consequence.
  void throw_away(std::optional<Copy>& tree) {
    if (tree) step([&] { tree.reset(); });
  }

  void throw_away_leftovers() {
    const auto* identity = world_.o.volume.identity_or_null();
    REQUIRE_MESSAGE((identity == nullptr || identity->state != VolumeState::clone_complete), "what is complete is no leftover");
    REQUIRE_MESSAGE((!discarded_ || data_), "discarded/ may be the only copy");
    throw_away(incoming_);
    throw_away(discarded_);
  }

  void write(const Identity& identity) {
    step([&] { world_.o.volume.identity = identity; });
  }

  void act(const init::WriteProvisioning&) { write(identity(world_.policy.owner.pod.ordinal, VolumeState::provisioning)); }
  void act(const init::ThrowAway&) { throw_away_leftovers(); }
  void act(const init::StartScratch&) {
    throw_away_leftovers();
    world_.o.scratch.phase = Phase::initializing;
  }
  void act(const init::Initialize&) {
    throw_away_leftovers();
    world_.o.scratch = {.phase = Phase::copying, .reads_statements = true, .last_progress_at = world_.o.now};
  }
  void act(const init::Clone& clone) {
    REQUIRE_FALSE(incoming_.has_value());
    step([&] { incoming_ = Copy{clone.donor, false}; });
    world_.o.scratch = {.phase = Phase::copying, .donor = clone.donor, .reads_statements = true, .last_progress_at = world_.o.now};
  }
  void act(const init::StopScratch&) {
    throw_away(incoming_);
    world_.o.scratch.phase = Phase::failed;
  }
  void act(const init::Complete&) { write(identity(world_.policy.owner.pod.ordinal, VolumeState::clone_complete)); }
  void act(const init::FinishRenames&) {
    step([&] { world_.o.volume.reseed_requested = false; });
    if (incoming_) {
      if (data_) {
        throw_away(discarded_);
        step([&] { discarded_ = std::exchange(data_, std::nullopt); });
      }
      step([&] { data_ = std::exchange(incoming_, std::nullopt); });
    }
    auto identity = world_.identity();
    identity.state = VolumeState::provisioned;
    write(identity);
    throw_away(discarded_);
  }
  void act(const init::Adopt&) {
    if (foreign_at_root_) {
      step([] {});  // a part of it was moved
      step([&] {
        foreign_at_root_ = false;
        data_ = Copy{"foreign", true};
      });
    }
    write(identity(world_.policy.owner.pod.ordinal, VolumeState::provisioned));
  }
  void act(const init::Rebind&) {
    auto identity = world_.identity();
    identity.owner = world_.policy.owner;
    write(identity);
    step([&] { world_.o.volume.rebind_requested = false; });
  }
  void act(const init::ClearLatch&) {
    auto identity = world_.identity();
    identity.latched = Latch::none;
    write(identity);
    step([&] { world_.o.volume.clear_requested = false; });
  }
  void act(const init::Done&) { throw_away_leftovers(); }

  InitWorld world_;
  std::string expected_;
  std::optional<Copy> data_;
  std::optional<Copy> incoming_;
  std::optional<Copy> discarded_;
  bool foreign_at_root_ = false;
  bool had_data_ = false;
  std::size_t budget_ = 0;
};

constexpr auto unhurt = std::numeric_limits<std::size_t>::max();

/// Kills it after every number of steps, and once more after every number of steps of its next life; then lets it live.
void check_converges(const InitWorld& world, const std::string& expected) {
  std::size_t kills = 0;
  for (std::size_t first = 0;; ++first) {
    Machine once(world, expected);
    const bool ended = once.run(first);
    for (std::size_t second = 0; !ended; ++second) {
      CAPTURE(first);
      CAPTURE(second);
      auto twice = once;
      const bool ended_then = twice.run(second);
      if (!ended_then) REQUIRE(twice.run(unhurt));
      twice.check_done();
      ++kills;
      if (ended_then) break;
    }
    if (!ended) continue;
    once.check_done();
    break;
  }
  CHECK(kills > 0);
}

std::vector<PeerView> peers_with_data() { return {peer(0).holds("a:1-5").open(), peer(2).holds("a:1-5")}; }

}  // namespace

TEST_CASE("init: killed anywhere, an empty replica ends with its donor's data") {
  InitWorld world(1);
  world.o.peers = peers_with_data();
  check_converges(world, "db-0");
}

TEST_CASE("init: killed anywhere, a replica that lost its data ends with its donor's") {
  InitWorld world(1);
  world.o.volume.identity = identity(1, VolumeState::provisioned);
  world.o.volume.incoming = true;
  world.o.peers = peers_with_data();
  check_converges(world, "db-0");
}

TEST_CASE("init: killed anywhere, a new cluster's first pod ends with a new database") { check_converges(InitWorld(0), "new"); }

TEST_CASE("init: killed anywhere, an empty first pod ends with the most advanced peer's data") {
  InitWorld world(0);
  world.o.peers = {peer(1).holds("a:1-5"), peer(2).holds("a:1-9")};
  check_converges(world, "db-2");
}

TEST_CASE("init: killed anywhere, a reseed ends with the donor's data, and the old is there until then") {
  auto world = InitWorld(1).with_data();
  world.o.volume.reseed_requested = world.o.volume.incoming = world.o.volume.discarded = true;
  world.identity().latched = Latch::source_lost_transactions;
  world.o.peers = peers_with_data();
  check_converges(world, "db-0");
}

TEST_CASE("init: killed anywhere, a primary's reseed ends with the peer's data") {
  auto world = InitWorld(0).with_data();
  world.o.volume.reseed_requested = true;
  world.identity().mark = Mark{.gtid_executed = gtids("a:1-3")};
  world.o.peers = {peer(1).holds("a:1-5"), peer(2).holds("a:1-5")};
  check_converges(world, "db-1");
}

TEST_CASE("init: killed anywhere, an adoption ends with the foreign data") {
  InitWorld world(0);
  world.policy.adopt_existing = true;
  world.o.volume.foreign_data = "/volume";
  check_converges(world, "foreign");
}

TEST_CASE("init: killed anywhere, a rebinding and a clearing end with the data that was there") {
  auto world = InitWorld(1).with_data();
  world.identity().owner.name_space = "test";
  world.identity().latched = Latch::source_lost_transactions;
  world.o.volume.rebind_requested = world.o.volume.clear_requested = true;
  check_converges(world, "old");
}

TEST_CASE("init: killed anywhere, a volume with leftovers of a finished reseed keeps its data") {
  auto world = InitWorld(1).with_data();
  world.o.volume.incoming = world.o.volume.discarded = true;
  check_converges(world, "old");
}

}  // namespace ordinal::test
