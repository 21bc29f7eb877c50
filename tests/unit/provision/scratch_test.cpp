// The scratch server's life as its agent sees it, with a shell script in mysqld's place that does each thing when it is told to.
#include "provision/scratch.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <format>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "support/directory.hpp"

namespace ordinal::provision {

namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;
using Phase = init::ScratchFacts::Phase;

constexpr std::chrono::seconds step_limit{20};

/// It initializes, with a write now and then, until the file `initialized` is there; reads its statements to their end; and copies until
/// the file `copied` is there. A file `underway` leaves the copy marked so. With a file `lingers` it says that text, then that its
/// statements have ended, and shuts down for ever.
constexpr std::string_view script = R"(#!/bin/sh
cd '{}'
mkdir -p scratch
until [ -e initialized ]; do [ -e silent ] || echo x >> scratch/ibdata1; sleep 0.02; done
cat run/scratch.sql > /dev/null
mkdir -p incoming/#clone
until [ -e copied ]; do sleep 0.02; done
touch incoming/#clone/#status_fix
[ ! -e underway ] || touch incoming/#clone/#status_in_progress
[ -e lingers ] || exit 0
cat lingers
echo "0 [Note] [MY-010138] [Server] Execution of init_file ended."
touch lingering
while :; do sleep 0.02; done
)";

class Pretender {
 public:
  Pretender() {
    directory.write("mysqld", std::vformat(script, std::make_format_args(path_)));
    fs::permissions(directory.path() / "mysqld", fs::perms::owner_all);
    fs::create_directories(directory.path() / "run");
    ScratchOptions options;
    options.mysqld = directory.path() / "mysqld";
    options.run_directory = directory.path() / "run";
    options.scratch = directory.path() / "scratch";
    options.incoming = directory.path() / "incoming";
    options.trash = directory.path() / "trash";
    options.tmpdir = directory.path();
    scratch.emplace(std::move(options));
  }

  /// Lets a second pass, as the caller's clock shows it, between one look and the next, until `wanted` holds.
  const init::ScratchFacts& poll_until(const std::function<bool(const init::ScratchFacts&)>& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + step_limit;
    while (!wanted(scratch->facts())) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      now += 1s;
      scratch->poll(now);
    }
    return scratch->facts();
  }

  test::Directory directory;
  std::optional<Scratch> scratch;
  Instant now = std::chrono::steady_clock::now();

 private:
  std::string path_ = directory.path().string();
};

}  // namespace

TEST_CASE("scratch: what the server writes for itself is progress, and no byte of the copy") {
  Pretender pod;
  REQUIRE(pod.scratch->clone(pod.now, "db-0", {.host = "db-0"}));
  const auto given_at = pod.now;
  const auto& facts = pod.poll_until([&](const auto& seen) { return seen.last_progress_at > given_at + 2s; });
  CHECK(facts.phase == Phase::copying);
  CHECK_FALSE(facts.reads_statements);
  CHECK(facts.bytes == 0);
}

TEST_CASE("scratch: the clock of a copy starts when the server reads its statements, and what is written elsewhere does not stop it") {
  Pretender pod;
  pod.directory.write("silent", "");
  REQUIRE(pod.scratch->clone(pod.now, "db-0", {.host = "db-0"}));
  const auto given_at = pod.now;
  pod.poll_until([&](const auto&) { return pod.now > given_at + 10s; });
  CHECK(pod.scratch->facts().last_progress_at <= given_at + 2s);
  pod.directory.write("initialized", "");
  pod.poll_until([](const auto& seen) { return seen.reads_statements; });
  CHECK(pod.scratch->facts().last_progress_at == pod.now);

  pod.poll_until([&](const auto&) { return fs::exists(pod.directory.path() / "incoming"); });
  pod.poll_until([&, since = pod.now](const auto&) { return pod.now > since + 2s; });
  const auto before = pod.scratch->facts().last_progress_at;
  pod.directory.write("scratch/ibdata1", std::string(100'000, 'x'));
  pod.poll_until([&, since = pod.now](const auto&) { return pod.now > since + 2s; });
  CHECK(pod.scratch->facts().last_progress_at == before);
  pod.directory.write("incoming/ibdata1", std::string(100'000, 'x'));
  CHECK(pod.poll_until([&](const auto& seen) { return seen.last_progress_at > before; }).bytes >= 100'000);

  pod.directory.write("copied", "");
  CHECK(pod.poll_until([](const auto& seen) { return seen.phase != Phase::copying; }).phase == Phase::complete);
}

TEST_CASE("scratch: a complete clone does not wait for the shutdown of the server that made it") {
  Pretender pod;
  for (const auto* file : {"initialized", "copied", "lingers"}) pod.directory.write(file, "");
  REQUIRE(pod.scratch->clone(pod.now, "db-0", {.host = "db-0"}));
  const auto& facts = pod.poll_until([](const auto& seen) { return seen.phase != Phase::copying; });
  CHECK_MESSAGE(facts.phase == Phase::complete, facts.error);
  CHECK(fs::exists(pod.directory.path() / "incoming/#clone/#status_fix"));
}

TEST_CASE("scratch: a clone that is still marked as under way, or whose server named an error, waits for the server's own verdict") {
  for (const auto& [output, last] : {std::pair{"", "underway"}, std::pair{"0 [ERROR] [MY-000061] [Server] broken\n", "copied"}}) {
    CAPTURE(last);
    Pretender pod;
    pod.directory.write("lingers", output);
    for (const auto* file : {"initialized", last, "copied"}) pod.directory.write(file, "");
    REQUIRE(pod.scratch->clone(pod.now, "db-0", {.host = "db-0"}));
    pod.poll_until([&](const auto&) { return fs::exists(pod.directory.path() / "lingering"); });
    pod.poll_until([&, since = pod.now](const auto&) { return pod.now > since + 10s; });
    CHECK(pod.scratch->facts().phase == Phase::copying);
  }
}

TEST_CASE("scratch: a server that was stopped says why until its end, and then that it failed of that") {
  Pretender pod;
  REQUIRE(pod.scratch->clone(pod.now, "db-0", {.host = "db-0"}));
  pod.scratch->stop("no byte came");
  CHECK(pod.scratch->facts().stopping == "no byte came");
  CHECK(pod.scratch->facts().phase == Phase::copying);
  const auto& facts = pod.poll_until([](const auto& seen) { return seen.phase != Phase::copying; });
  CHECK(facts.phase == Phase::failed);
  CHECK(facts.error == "no byte came");
  CHECK(facts.stopping == "");
}

}  // namespace ordinal::provision
