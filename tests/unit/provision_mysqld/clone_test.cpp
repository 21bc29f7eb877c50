// One-pass clones from a real donor by a real scratch server, and what can go wrong with them.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "provision/statements.hpp"
#include "provision_mysqld/pod.hpp"

using namespace ordinal;
using namespace ordinal::provision;
using namespace ordinal::test;
using Phase = init::ScratchFacts::Phase;

namespace {

constexpr std::uint64_t data_bytes = 80'000'000;
constexpr auto slowly = "[mysqld]\nloose_clone_max_data_bandwidth=10\n";  // MiB/s: long enough to be caught in the middle

std::string boot_file() { return boot_statements(password_of("agent"), std::nullopt); }
Instant now() { return std::chrono::steady_clock::now(); }

/// One donor for all tests of this file, running, with 80 MB in it.
Pod& donor() {
  static Pod shared(1);
  static const bool started = [] {
    shared.initialize();
    shared.start(boot_file());
    const auto filled = shared.query("root", password_of("root"),
                                     "SET sql_log_bin=0; SET GLOBAL super_read_only=OFF; "
                                     "CREATE TABLE shop_db.blobs (id INT AUTO_INCREMENT PRIMARY KEY, content LONGBLOB); "
                                     "INSERT INTO shop_db.blobs (content) VALUES (REPEAT('x', 10000000)); "
                                     "INSERT INTO shop_db.blobs (content) SELECT content FROM shop_db.blobs; "
                                     "INSERT INTO shop_db.blobs (content) SELECT content FROM shop_db.blobs; "
                                     "INSERT INTO shop_db.blobs (content) SELECT content FROM shop_db.blobs; COMMIT");
    REQUIRE(filled == "");
    return true;
  }();
  REQUIRE(started);
  return shared;
}

CloneSource source() { return {.host = "127.0.0.1", .port = donor().settings().port, .password = password_of("clone")}; }

bool copying(const init::ScratchFacts& facts) { return facts.phase != Phase::copying || facts.bytes > 1'000'000; }

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The process that runs on this pod's scratch settings; its settings' path is the only thing that tells it from the others.
pid_t scratch_process(const Pod& pod) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_all(entry.path() / "cmdline").contains((pod.run_directory() / "scratch.cnf").string())) return std::stoi(name);
  }
  return 0;
}

void check_no_secret(const Pod& pod) {
  for (const auto& line : pod.log) {
    CAPTURE(line);
    CHECK_FALSE(line.contains("sesame"));
  }
}

/// A TLS directory of this pod whose authority is that file of the donor.
std::filesystem::path authority(const Pod& pod, const char* certificate) {
  const auto directory = pod.volume() / "tls";
  std::filesystem::create_directories(directory);
  std::filesystem::copy_file(donor().settings().datadir / certificate, directory / "ca.crt");
  return directory;
}

void check_cleared(const Pod& pod) {
  CHECK_FALSE(std::filesystem::exists(pod.volume() / "incoming"));
  CHECK_FALSE(std::filesystem::exists(pod.volume() / "scratch"));
  CHECK(std::filesystem::is_empty(pod.run_directory()));
}

}  // namespace

TEST_CASE("clone: a server started before there is a task waits for it, then copies, and the copy runs") {
  Pod pod(2);
  Scratch scratch(pod.scratch_options());
  REQUIRE(scratch.start(now()));
  CHECK(scratch.facts().phase == Phase::initializing);
  // Its own certificates are the last files that initialising makes.
  poll_until(scratch, [&](const auto&) { return std::filesystem::exists(pod.volume() / "scratch/public_key.pem"); });
  const auto given_at = now();
  auto verified = source();
  verified.tls_directory = authority(pod, "ca.pem");
  REQUIRE(scratch.clone(given_at, "db-0", verified));
  CHECK(scratch.facts().donor == "db-0");
  CHECK(scratch.facts().donor_host == "127.0.0.1");
  const auto& facts = poll_to_end(scratch);
  REQUIRE_MESSAGE(facts.phase == Phase::complete, facts.error);
  CHECK(facts.failures == 0);
  CHECK(facts.bytes > data_bytes);
  CHECK(facts.estimated_bytes > data_bytes);
  CHECK(facts.last_progress_at > given_at);
  CHECK_FALSE(std::filesystem::exists(pod.volume() / "scratch"));
  CHECK(std::filesystem::is_empty(pod.run_directory()));

  const auto logged = [&](std::string_view code) {
    return std::ranges::any_of(pod.log, [&](const auto& line) { return line.contains(code); });
  };
  CHECK(logged("[MY-010138]"));        // its statements have ended,
  CHECK_FALSE(logged("[MY-012980]"));  // and its shutdown was not waited for

  pod.start(boot_file(), "incoming");
  CHECK(pod.query("root", password_of("root"), "SELECT SUM(LENGTH(content)) FROM shop_db.blobs") == "80000000");
  CHECK(pod.query("ordinal", password_of("agent"), "SELECT cluster_id FROM ordinal.cluster") == new_cluster().cluster_id.to_string());
  CHECK(pod.query("ordinal", password_of("agent"), "SELECT @@gtid_executed") ==
        donor().query("ordinal", password_of("agent"), "SELECT @@gtid_executed"));
  check_no_secret(pod);
}

TEST_CASE("clone: a task given at the start is kept until the server reads it, and no secret shows while it runs") {
  Pod pod(3, slowly);
  Scratch scratch(pod.scratch_options());
  REQUIRE(scratch.clone(now(), "db-0", source()));
  CHECK(scratch.clone(now(), "db-0", source()).error().kind == Kind::conflict);
  CHECK(scratch.start(now()).error().kind == Kind::conflict);
  poll_until(scratch, copying);
  REQUIRE(scratch.facts().phase == Phase::copying);
  const auto process = "/proc/" + std::to_string(scratch_process(pod));
  CHECK_FALSE(read_all(process + "/cmdline").contains("sesame"));
  CHECK_FALSE(read_all(process + "/environ").contains("sesame"));
  CHECK_FALSE(read_all(pod.run_directory() / "scratch.cnf").contains("sesame"));
  scratch.stop("enough seen");
  CHECK(poll_to_end(scratch).error == "enough seen");
  check_cleared(pod);
}

TEST_CASE("clone: killed in the middle nothing is left, the donor is free at once, and the next attempt succeeds") {
  Pod pod(4, slowly);
  Scratch scratch(pod.scratch_options());
  REQUIRE(scratch.clone(now(), "db-0", source()));
  poll_until(scratch, copying);
  REQUIRE(scratch.facts().phase == Phase::copying);
  const auto process = scratch_process(pod);
  REQUIRE(process > 0);
  REQUIRE(::kill(process, SIGKILL) == 0);
  const auto& facts = poll_to_end(scratch);
  CHECK(facts.phase == Phase::failed);
  CHECK(facts.error == "mysqld was killed by signal 9");
  CHECK(facts.failures == 1);
  check_cleared(pod);

  std::ofstream(pod.settings().user_directory / "user.cnf").close();
  REQUIRE(scratch.clone(now(), "db-0", source()));
  poll_to_end(scratch);
  CHECK_MESSAGE(facts.phase == Phase::complete, facts.error);
  CHECK(facts.failures == 0);
}

TEST_CASE("clone: a donor that serves another clone is busy, which is no failure; a frozen copy makes no progress") {
  Pod first(5, slowly);
  Scratch holder(first.scratch_options());
  REQUIRE(holder.clone(now(), "db-0", source()));
  poll_until(holder, copying);
  REQUIRE(holder.facts().phase == Phase::copying);
  REQUIRE(::kill(scratch_process(first), SIGSTOP) == 0);

  Pod second(6);
  Scratch scratch(second.scratch_options());
  REQUIRE(scratch.clone(now(), "db-0", source()));
  const auto& facts = poll_to_end(scratch);
  CHECK(facts.phase == Phase::failed);
  CHECK_MESSAGE(facts.donor_busy, facts.error);
  CHECK(facts.failures == 0);

  holder.poll(now() + std::chrono::seconds(1));  // sees what was written before it froze
  const auto settled = holder.facts().last_progress_at;
  holder.poll(now() + std::chrono::seconds(100));
  CHECK(holder.facts().last_progress_at == settled);
  holder.stop("no byte came");
  CHECK(poll_to_end(holder).failures == 1);
  check_cleared(first);
}

TEST_CASE("clone: a wrong password, a silent port, an unknown donor and a wrong authority end with one line that says so") {
  struct Row {
    const char* what;
    std::function<void(CloneSource&, const Pod&)> change;
    const char* error;
  };
  for (const auto& [what, change, error] : {
           Row{"password", [](CloneSource& s, const Pod&) { s.password = Secret("wrong-sesame"); }, "Access denied"},
           Row{"port", [](CloneSource& s, const Pod&) { s.port = 1; }, "Can't connect"},
           Row{"host", [](CloneSource& s, const Pod&) { s.host = "db-7.invalid"; }, "Unknown MySQL server host"},
           Row{"authority", [](CloneSource& s, const Pod& pod) { s.tls_directory = authority(pod, "client-cert.pem"); },
               "certificate verify failed"},
       }) {
    CAPTURE(what);
    Pod pod(7);
    Scratch scratch(pod.scratch_options());
    auto changed = source();
    change(changed, pod);
    REQUIRE(scratch.clone(now(), "db-0", changed));
    const auto& facts = poll_to_end(scratch);
    CHECK(facts.phase == Phase::failed);
    CHECK_MESSAGE(facts.error.contains(error), facts.error);
    CHECK_FALSE(facts.donor_busy);
    CHECK(facts.failures == 1);
    check_cleared(pod);
    check_no_secret(pod);
  }
}

TEST_CASE("clone: data of another page size, an image without the plugin, an unknown setting end with a line that names them") {
  for (const auto& [settings, error] :
       {std::pair{"innodb_page_size=8k", "innodb_page_size"}, std::pair{"plugin_dir=/tmp", "this MySQL image has no clone plugin"},
        std::pair{"no_such_setting=1", "no_such_setting"}}) {
    CAPTURE(settings);
    Pod pod(8, std::string("[mysqld]\nlog_error=mine.err\nlog_error_verbosity=1\n") + settings + "\n");
    Scratch scratch(pod.scratch_options());
    REQUIRE(scratch.clone(now(), "db-0", source()));
    const auto& facts = poll_to_end(scratch);
    CHECK(facts.phase == Phase::failed);
    CHECK_MESSAGE(facts.error.contains(error), facts.error);
    CHECK(facts.no_clone_plugin == std::string_view(settings).starts_with("plugin_dir"));
    check_cleared(pod);
  }
}

TEST_CASE("clone: an incoming/ that is there already is neither overwritten nor removed") {
  Pod pod(9);
  std::filesystem::create_directories(pod.volume() / "incoming/precious");
  Scratch scratch(pod.scratch_options());
  CHECK(scratch.clone(now(), "db-0", source()).error().kind == Kind::conflict);
  REQUIRE(scratch.start(now()));
  CHECK(scratch.initialize(now(), new_cluster()).error().kind == Kind::conflict);
  scratch.stop("over");
  CHECK(poll_to_end(scratch).phase == Phase::failed);
  CHECK(std::filesystem::exists(pod.volume() / "incoming/precious"));
}

TEST_CASE("clone: a server without a task is stopped without a trace") {
  Pod pod(10);
  Scratch scratch(pod.scratch_options());
  scratch.stop("nothing runs");
  CHECK(scratch.facts().phase == Phase::none);
  REQUIRE(scratch.start(now()));
  scratch.stop("not needed");
  const auto& facts = poll_to_end(scratch);
  CHECK(facts.error == "not needed");
  check_cleared(pod);
}

TEST_CASE("clone: the server dies with the agent, and the donor is free again") {
  Pod pod(11, slowly);
  const auto agent = ::fork();
  REQUIRE(agent >= 0);
  if (agent == 0) {
    Scratch scratch(pod.scratch_options());
    if (scratch.clone(now(), "db-0", source())) poll_until(scratch, copying);
    ::kill(::getpid(), SIGKILL);
  }
  REQUIRE(::waitpid(agent, nullptr, 0) == agent);
  const auto until = now() + step_limit;
  while (scratch_process(pod) != 0 && now() < until) ::sched_yield();
  CHECK(scratch_process(pod) == 0);

  std::filesystem::remove_all(pod.volume() / "incoming");  // what the volume does at the next start
  std::ofstream(pod.settings().user_directory / "user.cnf").close();
  Scratch scratch(pod.scratch_options());
  REQUIRE(scratch.clone(now(), "db-0", source()));
  const auto& facts = poll_to_end(scratch);
  CHECK_MESSAGE(facts.phase == Phase::complete, facts.error);
}
