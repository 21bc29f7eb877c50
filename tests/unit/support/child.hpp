// Runs a part of the program that ends the process, or that sets what is global, in a process of its own. The caller must have no threads.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <iostream>
#include <stdexcept>
#include <string>

namespace ordinal::test {

struct Ended {
  int code = 0;      ///< of the exit; -1 when a signal ended it
  std::string said;  ///< on standard error
};

/// Runs `body` in a child, which ends with the exit code that it returns. Throws when it has not ended after `limit`.
template <class Body>
Ended in_child(Body body, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  std::cout.flush();  // else the child would write it once more
  const auto child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::_exit(body());
  }
  ::close(ends[1]);
  Ended ended;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::array<char, 4096> bytes{};
  bool late = false;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd end{.fd = ends[0], .events = POLLIN, .revents = 0};
    late = left <= 0 || ::poll(&end, 1, static_cast<int>(left)) == 0;
    const auto got = late ? 0 : ::read(ends[0], bytes.data(), bytes.size());
    if (got <= 0) break;
    ended.said.append(bytes.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  if (late) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (late) throw std::runtime_error("the child did not end within its limit; it said: " + ended.said);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

}  // namespace ordinal::test
