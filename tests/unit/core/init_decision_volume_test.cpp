// What init does by the volume alone: the rows of the table before anybody is asked.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

using init::IdentityProblem;

namespace {

/// Refused, with nothing touched.
void check_refused(const init::Plan& plan, Code code) {
  CHECK(plan.state == State::refused);
  CHECK(to_string(plan.reason.code) == to_string(code));
  CHECK(steps(plan) == "");
}

}  // namespace

TEST_CASE("init: a volume that is ours and has its data is reattached, whoever is silent") {
  for (const std::uint32_t n : {0U, 1U}) {
    auto world = InitWorld(n).with_data();
    world.o.peers.clear();
    world.o.peers_asked = false;
    const auto plan = world.decide();
    CHECK(plan.state == State::finishing);
    CHECK(plan.reason.code == Code::OK);
    CHECK(steps(plan) == "done");
  }
}

TEST_CASE("init: what a finished reseed left does not keep a volume from being reattached") {
  auto world = InitWorld(1).with_data();
  world.o.volume.discarded = world.o.volume.incoming = true;
  CHECK(steps(world.decide()) == "done");
}

TEST_CASE("init: a volume of another pod, StatefulSet, namespace or first ordinal is refused with both names and the way out") {
  const auto check = [](auto change) {
    auto world = InitWorld(1).with_data();
    change(world.identity().owner);
    world.o.volume.reseed_requested = world.o.volume.clear_requested = true;
    const auto plan = world.decide();
    check_refused(plan, Code::FOREIGN_VOLUME);
    CHECK(plan.reason.text.contains(world.identity().owner.to_string()));
    CHECK(plan.reason.text.contains(world.policy.owner.to_string()));
    CHECK(plan.reason.text.contains("ordinal identity --rebind"));
  };
  check([](Owner& owner) { owner.pod.ordinal = 2; });
  check([](Owner& owner) { owner.pod.statefulset = "other"; });
  check([](Owner& owner) { owner.name_space = "test"; });
  check([](Owner& owner) { owner.first_ordinal = 1; });
}

TEST_CASE("init: a foreign volume is refused in whatever state it is") {
  for (const auto state : {VolumeState::provisioning, VolumeState::clone_complete, VolumeState::provisioned}) {
    InitWorld world(1);
    world.o.volume.identity = identity(2, state);
    world.o.volume.incoming = true;
    check_refused(world.decide(), Code::FOREIGN_VOLUME);
  }
}

TEST_CASE("init: a foreign volume is rebound when that was asked for") {
  auto world = InitWorld(1).with_data();
  world.identity().owner.name_space = "test";
  world.o.volume.rebind_requested = true;
  CHECK(steps(world.decide()) == "rebind");
}

TEST_CASE("init: a request to rebind that outlived its rebinding is taken back before it can rebind a volume that nobody meant") {
  auto world = InitWorld(1).with_data();
  world.o.volume.rebind_requested = true;
  CHECK(steps(world.decide()) == "rebind");
}

TEST_CASE("init: an identity that cannot be trusted is refused, whatever was asked for") {
  using What = IdentityProblem::What;
  for (const auto& [what, code] : {std::pair{What::unreadable, Code::IDENTITY_UNREADABLE}, std::pair{What::corrupt, Code::IDENTITY_CORRUPT},
                                   std::pair{What::newer_schema, Code::IDENTITY_NEWER}}) {
    InitWorld world(0);
    world.o.volume.identity = IdentityProblem{what, "identity.toml: the words of the reader"};
    world.o.volume.data = world.o.volume.rebind_requested = world.o.volume.reseed_requested = world.o.volume.clear_requested = true;
    world.policy.adopt_existing = true;
    const auto plan = world.decide();
    check_refused(plan, code);
    CHECK(plan.reason.text == "identity.toml: the words of the reader");
    CHECK(init::answer_of(world.o.volume) == VolumeAnswer::unknown);
  }
}

TEST_CASE("init: a complete copy is put in its place, in whichever half of the renames the kill fell, before any request is heard") {
  InitWorld world(1);
  world.o.volume.identity = identity(1, VolumeState::clone_complete);
  world.o.volume.reseed_requested = world.o.volume.clear_requested = world.o.volume.rebind_requested = true;
  for (const auto& [data, incoming, discarded] :
       {std::tuple{false, true, false}, std::tuple{true, true, false}, std::tuple{true, true, true}, std::tuple{false, true, true},
        std::tuple{true, false, true}, std::tuple{true, false, false}}) {
    CAPTURE(data);
    CAPTURE(incoming);
    CAPTURE(discarded);
    world.o.volume.data = data;
    world.o.volume.incoming = incoming;
    world.o.volume.discarded = discarded;
    const auto plan = world.decide();
    CHECK(plan.state == State::finishing);
    CHECK(steps(plan) == "finish_renames");
    CHECK(init::answer_of(world.o.volume) == VolumeAnswer::has_data);
  }
}

TEST_CASE("init: the latch is lifted when that was asked for, then the volume is reattached") {
  auto world = InitWorld(1).with_data();
  world.identity().latched = Latch::source_lost_transactions;
  world.o.volume.clear_requested = true;
  CHECK(steps(world.decide()) == "clear_latch");
  world.o.volume.clear_requested = false;
  CHECK(steps(world.decide()) == "done");
}

TEST_CASE("init: a latch alone keeps no volume from being reattached") {
  auto world = InitWorld(1).with_data();
  world.identity().latched = Latch::source_lost_transactions;
  CHECK(steps(world.decide()) == "done");
}

TEST_CASE("init: MySQL data without an identity is adopted by a first pod that may") {
  InitWorld world(0);
  world.policy.adopt_existing = true;
  for (const bool data : {true, false}) {
    world.o.volume.data = data;
    world.o.volume.foreign_data = data ? "/var/lib/ordinal/data" : "/var/lib/ordinal";
    const auto plan = world.decide();
    CHECK(plan.state == State::finishing);
    CHECK(steps(plan) == "adopt");
    CHECK(init::answer_of(world.o.volume) == VolumeAnswer::unknown);
  }
}

TEST_CASE("init: MySQL data without an identity is refused by a first pod that may not adopt, and by every replica") {
  InitWorld first(0);
  first.o.volume.foreign_data = "/var/lib/ordinal";
  check_refused(first.decide(), Code::FOREIGN_DATA);
  CHECK(first.decide().reason.text.contains("volume.adopt_existing"));

  InitWorld replica(1);
  replica.policy.adopt_existing = true;
  replica.o.volume.foreign_data = "/var/lib/ordinal";
  check_refused(replica.decide(), Code::FOREIGN_DATA);
  CHECK(replica.decide().reason.text.contains("only the first pod"));
}

TEST_CASE("init: what no step of ours leaves behind is refused and named, for it may be the only copy of something") {
  struct Row {
    std::optional<VolumeState> state;
    bool data;
    bool incoming;
    bool discarded;
    std::string named;
  };
  const std::vector<Row> rows{
      {std::nullopt, true, false, false, "data/"},
      {std::nullopt, false, true, false, "incoming/"},
      {std::nullopt, false, false, true, "discarded/"},
      {VolumeState::provisioning, true, false, false, "data/"},
      {VolumeState::provisioning, false, true, true, "discarded/"},
      {VolumeState::clone_complete, false, false, false, "incoming/"},
      {VolumeState::clone_complete, false, false, true, "incoming/"},
      {VolumeState::provisioned, false, false, true, "discarded/"},
  };
  for (const auto& row : rows) {
    for (const std::uint32_t n : {0U, 1U}) {
      CAPTURE(row.named);
      InitWorld world(n);
      if (row.state) world.o.volume.identity = identity(n, *row.state);
      world.o.volume.data = row.data;
      world.o.volume.incoming = row.incoming;
      world.o.volume.discarded = row.discarded;
      world.policy.adopt_existing = true;
      const auto plan = world.decide();
      check_refused(plan, Code::DATA_UNEXPLAINED);
      CHECK(plan.reason.text.contains(row.named));
      CHECK(init::answer_of(world.o.volume) == VolumeAnswer::unknown);
    }
  }
}

TEST_CASE("init: a trash/ on a volume without an identity is not ours, and stays") {
  InitWorld world(0);
  world.o.volume.trash = true;
  check_refused(world.decide(), Code::DATA_UNEXPLAINED);
  CHECK(world.decide().reason.text.contains("trash/"));
  world.o.volume.identity = identity(0, VolumeState::provisioning);
  CHECK(world.decide().state != State::refused);
}

TEST_CASE("init: a volume says never provisioned, has data, or lost its data") {
  init::VolumeFacts volume;
  CHECK(init::answer_of(volume) == VolumeAnswer::never_provisioned);
  volume.identity = identity(1, VolumeState::provisioning);
  CHECK(init::answer_of(volume) == VolumeAnswer::never_provisioned);
  volume.incoming = true;  // what provisioning leaves there is unfinished
  CHECK(init::answer_of(volume) == VolumeAnswer::never_provisioned);

  volume.identity = identity(1, VolumeState::provisioned);
  CHECK(init::answer_of(volume) == VolumeAnswer::lost_data);
  volume.data = true;
  CHECK(init::answer_of(volume) == VolumeAnswer::has_data);
}

}  // namespace ordinal::test
