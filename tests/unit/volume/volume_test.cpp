// The volume under lock: its facts, and each step by itself; kills are in killed_test.cpp.
#include "volume/volume.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <format>
#include <string>
#include <thread>
#include <variant>

#include "support/directory.hpp"
#include "support/unprivileged.hpp"
#include "volume/identity_file.hpp"

namespace ordinal::volume {

namespace fs = std::filesystem;
using What = init::IdentityProblem::What;

namespace {

Identity identity_in(VolumeState state) {
  Identity identity;
  identity.owner = {.name_space = "shop", .pod = {"db", 1}, .first_ordinal = 0};
  identity.server_id = 101;
  identity.state = state;
  return identity;
}

Volume opened(const test::Directory& directory) {
  auto volume = Volume::open(directory.path());
  REQUIRE(volume.has_value());
  return *std::move(volume);
}

}  // namespace

TEST_CASE("volume: only one holder of the lock, and it is free again when that one ends") {
  const test::Directory directory;
  {
    const auto first = opened(directory);
    const auto second = Volume::open(directory.path());
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().kind == Kind::conflict);
    CHECK(second.error().detail.contains("another agent holds the lock"));
  }
  CHECK(Volume::open(directory.path()).has_value());
}

TEST_CASE("volume: the lock moves with the object") {
  const test::Directory directory;
  auto first = opened(directory);
  const auto second = std::move(first);
  CHECK(Volume::open(directory.path()).error().kind == Kind::conflict);
}

TEST_CASE("volume: opening creates the lock and nothing else") {
  const test::Directory directory;
  const auto volume = opened(directory);
  CHECK(*entry_names(directory.path()) == std::vector<std::string>{"lock"});
}

TEST_CASE("volume: a missing directory, or a file in its place, is named with the remedy") {
  const test::Directory directory;
  directory.write("file", "");
  for (const auto* name : {"absent", "file"}) {
    const auto volume = Volume::open(directory.path() / name);
    REQUIRE_FALSE(volume.has_value());
    CHECK(volume.error().kind == Kind::bad_config);
    CHECK(volume.error().to_string().contains("mount the volume there, or set volume.path"));
  }
}

TEST_CASE("volume: one that cannot be written is refused with owner, mode and remedy") {
  const test::Directory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0555) == 0);
  const test::Unprivileged user;
  const auto volume = Volume::open(directory.path());
  REQUIRE_FALSE(volume.has_value());
  CHECK(volume.error().kind == Kind::denied);
  CHECK(volume.error().detail.contains("with mode 0555"));
  CHECK(volume.error().detail.contains(std::format("uid {}, gid {} must be able to write it", ::geteuid(), ::getegid())));
  CHECK(volume.error().detail.contains(std::format("set the pod's securityContext.fsGroup to {}", ::getegid())));
}

TEST_CASE("volume: any mode that lets us write will do") {
  const test::Directory directory;
  REQUIRE(::chmod(directory.path().c_str(), 02777) == 0);
  const test::Unprivileged user;
  CHECK(Volume::open(directory.path()).has_value());
}

TEST_CASE("volume: an empty one has no facts but its free space") {
  const test::Directory directory;
  const auto facts = *opened(directory).facts();
  CHECK(std::holds_alternative<std::monostate>(facts.identity));
  CHECK_FALSE(facts.data);
  CHECK_FALSE(facts.incoming);
  CHECK_FALSE(facts.discarded);
  CHECK(facts.foreign_data.empty());
  CHECK_FALSE(facts.reseed_requested);
  CHECK(facts.free_bytes > 0);
}

TEST_CASE("volume: the identity that was written is the one that is read, and data with it is not foreign") {
  const test::Directory directory;
  auto volume = opened(directory);
  const auto identity = identity_in(VolumeState::provisioned);
  REQUIRE(volume.write_identity(identity).has_value());
  directory.write("data/mysql.ibd", "x");
  const auto facts = *volume.facts();
  REQUIRE(facts.identity_or_null() != nullptr);
  CHECK(*facts.identity_or_null() == identity);
  CHECK(facts.data);
  CHECK(facts.foreign_data.empty());
}

TEST_CASE("volume: an identity that cannot be trusted is a fact") {
  const test::Directory directory;
  auto volume = opened(directory);
  directory.write("identity.toml", "");
  CHECK(std::get<init::IdentityProblem>(volume.facts()->identity).what == What::corrupt);

  fs::remove(directory.path() / "identity.toml");
  fs::create_directory(directory.path() / "identity.toml");
  const auto facts = volume.facts();
  const auto& problem = std::get<init::IdentityProblem>(facts->identity);
  CHECK(problem.what == What::unreadable);
  CHECK(problem.detail.starts_with("identity.toml cannot be read: "));
}

TEST_CASE("volume: MySQL data without an identity is foreign, at the root and in data/") {
  for (const auto* file : {"ibdata1", "mysql.ibd", "mysql/db.opt"}) {
    const test::Directory directory;
    directory.write(file, "x");
    CHECK(opened(directory).facts()->foreign_data == directory.path());
  }
  const test::Directory directory;
  directory.write("data/ibdata1", "x");
  CHECK(opened(directory).facts()->foreign_data == directory.path() / "data");
}

TEST_CASE("volume: what a file system puts at its root is not foreign data") {
  const test::Directory directory;
  fs::create_directory(directory.path() / "lost+found");
  CHECK(opened(directory).facts()->foreign_data.empty());
}

TEST_CASE("volume: a request is left without the lock and taken back with it") {
  const test::Directory directory;
  auto volume = opened(directory);
  for (const auto request : {Request::reseed, Request::rebind, Request::clear}) {
    CHECK(write_request(directory.path(), request).has_value());
    CHECK(write_request(directory.path(), request).has_value());
  }
  auto facts = *volume.facts();
  CHECK((facts.reseed_requested && facts.rebind_requested && facts.clear_requested));
  CHECK(volume.remove_request(Request::rebind).has_value());
  CHECK(volume.remove_request(Request::rebind).has_value());
  facts = *volume.facts();
  CHECK((facts.reseed_requested && !facts.rebind_requested && facts.clear_requested));
}

TEST_CASE("volume: provisioning begins without leftovers, with an empty scratch/ and tmp/") {
  const test::Directory directory;
  auto volume = opened(directory);
  REQUIRE(volume.write_identity(identity_in(VolumeState::provisioning)).has_value());
  for (const auto* file : {"incoming/a/b", "scratch/ibdata1", "tmp/x"}) directory.write(file, "x");
  REQUIRE(volume.begin_provisioning().has_value());
  CHECK_FALSE(fs::exists(volume.paths().incoming));
  CHECK(entry_names(volume.paths().scratch)->empty());
  CHECK(fs::is_directory(volume.paths().scratch));
  CHECK(fs::is_directory(volume.paths().trash));
  CHECK(fs::is_directory(volume.paths().tmp));
  CHECK(entry_names(volume.paths().tmp)->empty());
}

TEST_CASE("volume: nothing is thrown away that could be the only copy") {
  const test::Directory directory;
  auto volume = opened(directory);
  directory.write("incoming/file", "x");
  const auto refuses = [&] {
    for (const auto& result : {volume.throw_away_leftovers(), volume.begin_provisioning(), volume.prepare_for_server()}) {
      if (result.has_value() || result.error().kind != Kind::conflict) return false;
    }
    return directory.read("incoming/file") == "x";
  };

  REQUIRE(volume.write_identity(identity_in(VolumeState::clone_complete)).has_value());
  CHECK(refuses());
  directory.write("identity.toml", "schema = 1");
  CHECK(refuses());
  REQUIRE(volume.write_identity(identity_in(VolumeState::provisioned)).has_value());
  directory.write("discarded/file", "x");
  CHECK(refuses());
  CHECK(directory.read("discarded/file") == "x");

  directory.write("data/file", "x");
  CHECK(volume.throw_away_leftovers().has_value());
  CHECK_FALSE(fs::exists(volume.paths().discarded));
  CHECK(directory.read("data/file") == "x");
}

TEST_CASE("volume: a complete copy comes into an empty place, and into that of older data") {
  for (const bool reseed : {false, true}) {
    const test::Directory directory;
    auto volume = opened(directory);
    auto identity = identity_in(VolumeState::clone_complete);
    identity.mark = Mark{};
    directory.write("incoming/which", "new");
    if (reseed) {
      directory.write("data/which", "old");
      directory.write("discarded/which", "oldest");
      REQUIRE(write_request(directory.path(), Request::reseed).has_value());
    }
    REQUIRE(volume.complete_copy().has_value());
    REQUIRE(volume.finish_renames(identity).has_value());
    CHECK(directory.read("data/which") == "new");
    const auto facts = *volume.facts();
    CHECK_FALSE((facts.incoming || facts.discarded || facts.reseed_requested));
    identity.state = VolumeState::provisioned;
    REQUIRE(facts.identity_or_null() != nullptr);
    CHECK(*facts.identity_or_null() == identity);
  }
}

TEST_CASE("volume: renames are finished for a complete copy only") {
  const test::Directory directory;
  auto volume = opened(directory);
  directory.write("incoming/which", "half");
  CHECK(volume.finish_renames(identity_in(VolumeState::provisioning)).error().kind == Kind::conflict);
  CHECK(directory.read("incoming/which") == "half");
  fs::remove_all(volume.paths().incoming);
  const auto lost = volume.finish_renames(identity_in(VolumeState::clone_complete));
  CHECK(lost.error().kind == Kind::conflict);
  CHECK(lost.error().detail.contains("neither incoming/ nor data/ is there"));
}

TEST_CASE("volume: foreign data at the root moves into data/, and what is ours or the file system's stays") {
  const test::Directory directory;
  for (const auto* file : {"ibdata1", "mysql.ibd", "mysql/x", "shop/orders.ibd", ".hidden", "lost+found/x", "history.jsonl"})
    directory.write(file, file);
  auto volume = opened(directory);
  REQUIRE(volume.adopt(identity_in(VolumeState::provisioning)).has_value());
  for (const auto* file : {"ibdata1", "mysql.ibd", "mysql/x", "shop/orders.ibd", ".hidden"})
    CHECK(directory.read(fs::path("data") / file) == file);
  for (const auto* file : {"lost+found/x", "history.jsonl"}) CHECK(directory.read(file) == file);
  CHECK_FALSE(fs::exists(volume.paths().adopting));
  const auto facts = *volume.facts();
  REQUIRE(facts.identity_or_null() != nullptr);
  CHECK(facts.identity_or_null()->state == VolumeState::provisioned);
}

TEST_CASE("volume: foreign data in data/ stays where it is") {
  const test::Directory directory;
  directory.write("data/ibdata1", "x");
  auto volume = opened(directory);
  REQUIRE(volume.adopt(identity_in(VolumeState::provisioned)).has_value());
  CHECK(directory.read("data/ibdata1") == "x");
  CHECK(volume.facts()->identity_or_null() != nullptr);
}

TEST_CASE("volume: a database that bears one of our names is not torn from its server's other files") {
  for (const auto* name : {"data", "incoming", "discarded", "scratch", "trash", "tmp", "requests"}) {
    const test::Directory directory;
    directory.write("ibdata1", "x");
    directory.write(fs::path(name) / "orders.ibd", "x");
    auto volume = opened(directory);
    const auto adopted = volume.adopt(identity_in(VolumeState::provisioned));
    REQUIRE_FALSE(adopted.has_value());
    CHECK(adopted.error().kind == Kind::conflict);
    CHECK(adopted.error().detail.starts_with(std::format("{}/ holds something", name)));
    CHECK(directory.read("ibdata1") == "x");
    CHECK(volume.facts()->identity_or_null() == nullptr);
  }
}

TEST_CASE("volume: requests do not stand in the way of an adoption") {
  const test::Directory directory;
  directory.write("ibdata1", "x");
  REQUIRE(write_request(directory.path(), Request::rebind).has_value());
  auto volume = opened(directory);
  CHECK(volume.adopt(identity_in(VolumeState::provisioned)).has_value());
  CHECK(volume.facts()->rebind_requested);
}

TEST_CASE("volume: nothing is adopted that has an identity or is no MySQL data") {
  const test::Directory directory;
  auto volume = opened(directory);
  directory.write("data/holiday.jpg", "x");
  CHECK(volume.adopt(identity_in(VolumeState::provisioned)).error().kind == Kind::conflict);
  directory.write("ibdata1", "x");
  directory.write("identity.toml", "damaged");
  CHECK(volume.adopt(identity_in(VolumeState::provisioned)).error().kind == Kind::conflict);
  CHECK(directory.read("ibdata1") == "x");
  CHECK(directory.read("identity.toml") == "damaged");
}

TEST_CASE("volume: what was thrown away is whole in trash/ until it is swept, and trash/ itself stays") {
  const test::Directory directory;
  auto volume = opened(directory);
  REQUIRE(volume.write_identity(identity_in(VolumeState::provisioned)).has_value());
  for (const auto* file : {"data/which", "discarded/which", "incoming/which"}) directory.write(file, file);
  REQUIRE(volume.throw_away_leftovers().has_value());
  const auto thrown = *entry_names(volume.paths().trash);
  CHECK(thrown.size() == 2);
  for (const auto& name : thrown) CHECK(directory.read(fs::path("trash") / name / "which") == name.substr(0, name.find('-')) + "/which");
  volume.sweep();
  while (volume.facts()->sweeping) std::this_thread::yield();
  CHECK(fs::is_directory(volume.paths().trash));
  CHECK(entry_names(volume.paths().trash)->empty());
  CHECK(directory.read("data/which") == "data/which");
  CHECK_FALSE(volume.take_sweep_error().has_value());
}

TEST_CASE("volume: before mysqld starts, leftovers are gone and tmp/ is empty") {
  const test::Directory directory;
  auto volume = opened(directory);
  REQUIRE(volume.write_identity(identity_in(VolumeState::provisioned)).has_value());
  for (const auto* file : {"data/which", "discarded/which", "incoming/which", "scratch/which", "tmp/which"}) directory.write(file, "x");
  REQUIRE(volume.prepare_for_server().has_value());
  CHECK(directory.read("data/which") == "x");
  for (const auto& path : {volume.paths().discarded, volume.paths().incoming, volume.paths().scratch}) CHECK_FALSE(fs::exists(path));
  CHECK(fs::is_directory(volume.paths().tmp));
  CHECK(entry_names(volume.paths().tmp)->empty());
}

TEST_CASE("volume: a new server_uuid is in auto.cnf, and never the same") {
  const test::Directory directory;
  auto volume = opened(directory);
  CHECK_FALSE(volume.new_server_uuid().has_value());
  directory.write("data/auto.cnf", "[auto]\nserver-uuid=old\n");
  const auto first = *volume.new_server_uuid();
  const auto second = *volume.new_server_uuid();
  CHECK(first != second);
  CHECK(directory.read("data/auto.cnf") == std::format("[auto]\nserver-uuid={}\n", second.to_string()));
}

}  // namespace ordinal::volume
