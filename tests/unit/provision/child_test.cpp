// Child processes, with the shell as the program.
#include "provision/child.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "provision/mysqld.hpp"

using namespace ordinal;
using namespace ordinal::provision;
using namespace std::chrono_literals;

namespace {

struct Ended {
  int wait_status = 0;
  std::vector<std::string> lines;
};

/// Polls until the child has ended, 10 s at most.
Ended run_to_end(Child& child) {
  Ended ended;
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!child.wait_status()) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    child.wait(100ms);
    child.poll([&](std::string_view line) { ended.lines.emplace_back(line); });
  }
  ended.wait_status = *child.wait_status();
  return ended;
}

Ended run_shell(const std::string& script) {
  auto child = Child::spawn("/bin/sh", {"-c", script});
  REQUIRE(child);
  return run_to_end(*child);
}

/// Fails the test when the process, which is not a child of ours, still runs after 5 s. A zombie has ended: nobody may be there to reap it.
void wait_until_gone(pid_t process) {
  const auto runs = [&] {
    std::string stat;
    std::getline(std::ifstream("/proc/" + std::to_string(process) + "/stat"), stat);
    return !stat.empty() && !stat.contains(") Z ");
  };
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (runs() && std::chrono::steady_clock::now() < until) ::sched_yield();
  CHECK_FALSE(runs());
}

}  // namespace

TEST_CASE("child: both outputs come line by line, the last one without its newline too") {
  const auto ended = run_shell("echo one; echo two >&2; printf three; exit 7");
  CHECK(ended.lines == std::vector<std::string>{"one", "two", "three"});
  CHECK(WEXITSTATUS(ended.wait_status) == 7);
  CHECK(describe_wait_status(ended.wait_status) == "ended with status 7");
}

TEST_CASE("child: more output than a pipe holds is neither lost nor blocking, and a line without end is cut") {
  const auto ended = run_shell("head -c 300000 /dev/zero | tr '\\0' x");
  std::size_t size = 0;
  for (const auto& line : ended.lines) {
    CHECK(line.size() <= Child::line_bytes_max);
    size += line.size();
  }
  CHECK(size == 300000);
}

TEST_CASE("child: kill ends it and what it started") {
  auto child = Child::spawn("/bin/sh", {"-c", "sleep 60 & echo $!; wait"});
  REQUIRE(child);
  pid_t grandchild = 0;
  while (grandchild == 0) {
    child->wait(10s);
    child->poll([&](std::string_view line) { grandchild = std::stoi(std::string(line)); });
  }
  child->kill();
  const auto ended = run_to_end(*child);
  CHECK(describe_wait_status(ended.wait_status) == "was killed by signal 9");
  wait_until_gone(grandchild);
}

TEST_CASE("child: the end of its owner's life is its own") {
  pid_t pid = 0;
  {
    const auto child = Child::spawn("/bin/sleep", {"60"});
    REQUIRE(child);
    pid = child->pid();
    CHECK(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("child: it inherits neither descriptors nor secrets") {
  ::setenv("ORDINAL_SECRET", "sesame", 1);
  ::setenv("NOTIFY_SOCKET", "/run/x", 1);
  const auto leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as libraries open theirs
  const auto ended = run_shell("env | grep -E 'SECRET|NOTIFY'; ls /proc/self/fd | tr '\\n' ' '");
  ::close(leaked);
  ::unsetenv("ORDINAL_SECRET");
  ::unsetenv("NOTIFY_SOCKET");
  REQUIRE(ended.lines.size() == 1);
  CHECK(ended.lines.front() == "0 1 2 3 ");  // 3 is the directory that ls reads
}

TEST_CASE("child: it dies with the process that spawned it") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const auto parent = ::fork();
  if (parent == 0) {
    const auto child = Child::spawn("/bin/sleep", {"60"});
    const auto pid = child ? child->pid() : -1;
    const auto written = ::write(ends[1], &pid, sizeof pid);
    ::kill(::getpid(), SIGKILL);
    ::_exit(static_cast<int>(written));
  }
  pid_t grandchild = -1;
  REQUIRE(::read(ends[0], &grandchild, sizeof grandchild) == sizeof grandchild);
  ::waitpid(parent, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  REQUIRE(grandchild > 0);
  wait_until_gone(grandchild);
}

TEST_CASE("child: a program that is not there ends with 127") {
  auto child = Child::spawn("/no/such/program", {});
  REQUIRE(child);
  CHECK(WEXITSTATUS(run_to_end(*child).wait_status) == 127);
}

TEST_CASE("mysqld: the version is found in what it says of itself") {
  CHECK(parse_mysqld_version("/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))").value() == "9.7.4");
  CHECK(parse_mysqld_version("mysqld  Ver 8.4.10 for Linux on x86_64 (MySQL Community Server - GPL)").value() == "8.4.10");
  CHECK_FALSE(parse_mysqld_version("mysqld: not found"));
  CHECK_FALSE(parse_mysqld_version("mysqld  Ver 9"));
}

TEST_CASE("mysqld: a program that fails or says nothing is an error that names it") {
  CHECK(mysqld_version("/bin/false").error().to_string().contains("/bin/false"));
  CHECK(mysqld_version("/no/such/mysqld").error().kind == Kind::bad_config);
}
