// The passwords from files on a primary: proved, set, and the old one discarded once nobody needs it.
#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

using Proof = run::PasswordFacts::Proof;

/// A replica that fetches, with its password's check.
Peer replica_using(std::uint32_t n, PasswordCheck check) {
  auto replica = peer(n).holds("a:1-5");
  replica.status().replication.emplace().io = ThreadState::on;
  replica.status().credentials = CredentialStatus{.replication = check, .clone = 0};
  return replica;
}

/// An open primary whose file holds the password with check 7, and both of whose peers use it.
RunWorld primary_with(Proof proof, bool old_password = false) {
  auto world = open_primary();
  world.o.passwords[Account::replication] = {.proof = proof, .check = 7, .error = {}};
  world.o.rare.emplace();
  if (old_password) world.o.rare->with_old_password.insert(Account::replication);
  world.peer(1) = replica_using(1, 7);
  world.peer(2) = replica_using(2, 7);
  return world;
}

void check_kept(RunWorld& world, std::string_view words) {
  const auto plan = world.decide();
  CHECK(steps(plan) == "");
  REQUIRE(alerts(plan) == "OLD_PASSWORD_KEPT");
  CHECK_MESSAGE(plan.alerts.front().text.contains(words), plan.alerts.front().text);
  CHECK(plan.ready);
}

}  // namespace

TEST_CASE("run: an open primary proves each password that it has not proved, and stays ready") {
  auto world = primary_with(Proof::none);
  world.o.passwords[Account::root] = world.o.passwords[Account::clone] = {};
  const auto plan = world.decide();
  CHECK(steps(plan) == "prove_password, prove_password, prove_password");
  CHECK(alerts(plan) == "");
  CHECK(plan.ready);
}

TEST_CASE("run: a password that the server refuses is set, and one that it takes is left alone") {
  auto refused = primary_with(Proof::refused);
  CHECK(steps(refused.decide()) == "set_password");
  CHECK(steps(primary_with(Proof::works).decide()) == "");
}

TEST_CASE("run: only an open primary does anything to a password") {
  auto closed = closed_primary();
  closed.memory.sets_wanted_since = now;
  closed.o.passwords[Account::replication] = {.proof = Proof::refused, .check = 7, .error = {}};
  CHECK(steps(closed.decide()) == "write_mark, open");
  auto replica = serving_replica();
  replica.o.passwords[Account::replication] = {.proof = Proof::refused, .check = 7, .error = {}};
  replica.o.rare.emplace().with_old_password.insert(Account::replication);
  CHECK(steps(replica.decide()) == "");
}

TEST_CASE("run: a password that could not be set is named and tried again after 30 s, by a login first") {
  auto world = primary_with(Proof::none);
  world.o.passwords[Account::replication].error = "MySQL refused it (1819)";
  world.memory.password_tried_at[Account::replication] = now - 29s;
  const auto plan = world.decide();
  CHECK(steps(plan) == "");
  REQUIRE(alerts(plan) == "PASSWORD_NOT_SET");
  CHECK(plan.alerts.front().text.contains("replication: MySQL refused it (1819)"));
  CHECK(steps(world.decide_after(1s)) == "prove_password");
  CHECK(steps(world.decide_after(1s)) == "");
}

TEST_CASE("run: root's password is never set, only proved again and named") {
  auto world = primary_with(Proof::works);
  world.o.passwords[Account::root] = {.proof = Proof::refused, .check = 9, .error = {}};
  world.memory.password_tried_at[Account::root] = now - 29s;
  const auto plan = world.decide();
  CHECK(steps(plan) == "");
  CHECK(alerts(plan) == "ROOT_PASSWORD_DIFFERS");
  CHECK(steps(world.decide_after(1s)) == "prove_password");
}

TEST_CASE("run: the old password is discarded when every pod fetches and uses the new one") {
  CHECK(steps(primary_with(Proof::works, true).decide()) == "discard_old_password");
}

TEST_CASE("run: the old password is kept while a pod has another one, is silent, or has not said which it uses") {
  auto world = primary_with(Proof::works, true);
  world.peer(2) = replica_using(2, 8);
  check_kept(world, "db-2");
  world.peer(2) = replica_using(2, 7).silent();
  check_kept(world, "db-2");
  auto of_old_version = replica_using(2, 7);
  of_old_version.status().credentials.reset();
  world.peer(2) = of_old_version;
  check_kept(world, "db-2");
}

TEST_CASE("run: the old password is kept while a pod does not fetch: it may be cloned with it just now") {
  auto world = primary_with(Proof::works, true);
  auto cloning = replica_using(1, 7);
  cloning.status().replication.reset();
  world.peer(1) = cloning;
  check_kept(world, "db-1");
  auto connecting = replica_using(1, 7);
  connecting.status().replication->io = ThreadState::connecting;
  world.peer(1) = connecting;
  check_kept(world, "db-1");
}

TEST_CASE("run: the old password is kept before the pods were asked") {
  auto world = primary_with(Proof::works, true);
  world.o.peers_asked = false;
  check_kept(world, "not asked yet");
}

TEST_CASE("run: the old password is kept while the new one is not proved, and while nobody knows whether there is one") {
  auto unproved = primary_with(Proof::none, true);
  CHECK(steps(unproved.decide()) == "prove_password");
  auto unknown = primary_with(Proof::works);
  unknown.o.rare.reset();
  CHECK(steps(unknown.decide()) == "");
}

TEST_CASE("run: each account's check counts for itself") {
  auto world = primary_with(Proof::works, true);
  world.o.passwords[Account::clone] = {.proof = Proof::works, .check = 5, .error = {}};
  world.o.rare->with_old_password.insert(Account::clone);
  const auto plan = world.decide();
  REQUIRE(steps(plan) == "discard_old_password");
  CHECK(std::get<run::DiscardOldPassword>(plan.actions.front()).account == Account::replication);
  CHECK(alerts(plan) == "OLD_PASSWORD_KEPT");
}

TEST_CASE("run: files of passwords that cannot be read are named by every pod") {
  for (auto world : {open_primary(), serving_replica()}) {
    world.o.passwords_error = "read /etc/ordinal/credentials/replication: it is empty";
    const auto plan = world.decide();
    CHECK(alerts(plan) == "CREDENTIALS_UNREADABLE");
    CHECK(plan.ready);
  }
}

}  // namespace ordinal::test
