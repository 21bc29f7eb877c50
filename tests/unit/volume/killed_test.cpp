// The volume after a kill at every fail point, and after more kills of the starts that follow.
#ifdef ORDINAL_FAIL_POINTS

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <format>
#include <set>
#include <string>
#include <thread>
#include <variant>

#include "base/fail_point.hpp"
#include "support/directory.hpp"
#include "volume/volume.hpp"

namespace ordinal::volume {

namespace fs = std::filesystem;

namespace {

constexpr std::array files{"ibdata1", "mysql.ibd", "mysql/x", "shop/orders.ibd"};

/// In memory where there is such a place: a kill loses nothing that was written, synced or not, and thousands of syncs take a minute.
fs::path memory() { return fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path(); }

Identity identity_in(VolumeState state) {
  Identity identity;
  identity.owner = {.name_space = "shop", .pod = {"db", 0}, .first_ordinal = 0};
  identity.state = state;
  return identity;
}

void write_data(const test::Directory& directory, const fs::path& where, std::string_view content) {
  for (const auto* file : files) directory.write(where / file, content);
}

/// Whether all the files are there with this content.
bool complete(const test::Directory& directory, const fs::path& where, std::string_view content) {
  return std::ranges::all_of(files, [&](const char* file) { return directory.read(where / file) == content; });
}

/// One step of what `ordinal init` does to a volume, whatever lies there: the order is that of the decision's table.
Result<bool> step(const test::Directory& directory, Volume& volume) {
  const auto facts = volume.facts();
  if (!facts) return std::unexpected(facts.error());
  const auto done = [](Result<void> result) -> Result<bool> { return result.transform([] { return false; }); };
  const auto* identity = facts->identity_or_null();
  if (identity == nullptr) {
    if (!std::holds_alternative<std::monostate>(facts->identity)) return fail(Kind::unexpected, "step", "the identity is damaged");
    if (!facts->foreign_data.empty()) return done(volume.adopt(identity_in(VolumeState::provisioned)));
    return done(volume.write_identity(identity_in(VolumeState::provisioning)));
  }
  if (identity->state == VolumeState::clone_complete) return done(volume.finish_renames(*identity));
  if (identity->state == VolumeState::provisioned && !facts->reseed_requested) {
    return volume.prepare_for_server().and_then([&] { return volume.new_server_uuid(); }).transform([](const Uuid&) { return true; });
  }
  return done(volume.begin_provisioning()
                  .and_then([&] {
                    write_data(directory, "incoming", "new");
                    return volume.complete_copy();
                  })
                  .and_then([&] { return volume.write_identity(identity_in(VolumeState::clone_complete)); }));
}

/// A whole start. False when a step fails or there is no end to them.
bool start(const test::Directory& directory) {
  auto volume = Volume::open(directory.path());
  for (int steps = 0; volume && steps < 10; ++steps) {
    const auto ended = step(directory, *volume);
    if (!ended) return false;
    if (!*ended) continue;
    volume->sweep();
    while (volume->facts()->sweeping) std::this_thread::yield();
    return true;
  }
  return false;
}

/// A start in a process of its own that is killed when it passes the point for the n-th time; whether it came to that.
bool killed(const test::Directory& directory, std::string_view point, int passing) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto armed = arm_fail_point(std::format("{}:{}", point, passing));
    ::_exit(armed && start(directory) ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) REQUIRE(WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

enum class Before : std::uint8_t { empty, reseed_requested, foreign };

void make(const test::Directory& directory, Before before) {
  if (before == Before::foreign) write_data(directory, "", "new");
  if (before != Before::reseed_requested) return;
  write_data(directory, "data", "old");
  auto volume = Volume::open(directory.path());
  REQUIRE(volume.has_value());
  REQUIRE(volume->write_identity(identity_in(VolumeState::provisioned)).has_value());
  REQUIRE(write_request(directory.path(), Request::reseed).has_value());
}

/// What must be true at every instant: data/ is whole, and what was there once is there still.
void check_while_killed(const test::Directory& directory, Before before) {
  const bool new_data = complete(directory, "data", "new");
  const bool old_data = complete(directory, "data", "old");
  if (fs::exists(directory.path() / "data")) CHECK((new_data || old_data));
  if (before == Before::reseed_requested) CHECK((new_data || old_data || complete(directory, "incoming", "new")));
  if (before != Before::foreign) return;
  for (const auto* file : files) {
    CAPTURE(file);
    const bool somewhere = directory.read(file) == "new" || directory.read(fs::path("adopting") / file) == "new" ||
                           directory.read(fs::path("data") / file) == "new";
    CHECK(somewhere);
  }
}

void check_started(const test::Directory& directory) {
  CHECK(complete(directory, "data", "new"));
  for (const auto* gone : {"incoming", "discarded", "scratch", "adopting", "requests/reseed"})
    CHECK_FALSE(fs::exists(directory.path() / gone));
  if (fs::exists(directory.path() / "trash")) CHECK(fs::is_empty(directory.path() / "trash"));
  const auto identity = read_identity(directory.path());
  REQUIRE(std::holds_alternative<Identity>(identity));
  CHECK(std::get<Identity>(identity).state == VolumeState::provisioned);
}

/// Kills a start of `before` at every passing of every point, and each time the starts that follow at the same point, as a crash loop
/// would; the points passed.
std::set<std::string_view> kill_everywhere(Before before) {
  std::set<std::string_view> passed;
  for (const auto point : fail_points()) {
    for (int n = 1;; ++n) {
      CAPTURE(point);
      CAPTURE(n);
      const test::Directory directory(memory());
      make(directory, before);
      if (!killed(directory, point, n)) break;
      passed.insert(point);
      check_while_killed(directory, before);
      for (int again = 0; again < 3 && killed(directory, point, 1); ++again) check_while_killed(directory, before);
      CHECK(start(directory));
      check_started(directory);
    }
  }
  return passed;
}

}  // namespace

TEST_CASE("volume: killed anywhere, once or in a loop, the next start converges, and every fail point was passed") {
  std::set<std::string_view> passed;
  for (const auto before : {Before::empty, Before::reseed_requested, Before::foreign}) {
    CAPTURE(static_cast<int>(before));
    passed.merge(kill_everywhere(before));
  }
  for (const auto point : fail_points()) {
    CAPTURE(point);
    CHECK(passed.contains(point));
  }
}

}  // namespace ordinal::volume

#endif
