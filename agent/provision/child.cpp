// fork and exec. Between the two only async-signal-safe calls are made: another thread may hold any lock at the moment of the fork.
#include "provision/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <format>
#include <utility>

namespace ordinal::provision {
namespace {

constexpr std::chrono::milliseconds end_limit{5'000};
constexpr std::chrono::milliseconds reap_interval{10};
constexpr int not_executed = 127;  // what a shell says of a program that it cannot start

std::vector<std::string> child_environment() {
  std::vector<std::string> kept;
  for (auto** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    const auto name = variable.substr(0, variable.find('='));
    if (name == "PATH" || name == "TZ" || name == "LD_LIBRARY_PATH" || name == "LD_PRELOAD") kept.emplace_back(variable);
  }
  return kept;
}

/// The pointers that execve takes; valid as long as `strings` is.
std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

void pause_for(std::chrono::milliseconds time) { ::poll(nullptr, 0, static_cast<int>(time.count())); }

/// The child's side of the fork.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, int output, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(not_executed);  // the parent died before the line above
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const auto nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(output, STDERR_FILENO) >= 0 &&
      ::close_range(STDERR_FILENO + 1, UINT_MAX, 0) == 0) {
    ::execve(program, arguments, environment);
  }
  ::_exit(not_executed);
}

}  // namespace

Result<Child> Child::spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  const auto where = "run " + program.string();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(where, errno);
  Fd output(ends[0]);
  const Fd input(ends[1]);
  if (::fcntl(output.number(), F_SETFL, O_NONBLOCK) != 0) return fail_errno(where, errno);

  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto environment = child_environment();
  const auto word_pointers = pointers(words);
  const auto environment_pointers = pointers(environment);
  const auto parent = ::getpid();

  const auto pid = ::fork();
  if (pid < 0) return fail_errno(where, errno);
  if (pid == 0) become(words.front().c_str(), word_pointers.data(), environment_pointers.data(), input.number(), parent);
  ::setpgid(pid, pid);  // here too: kill() may come before the child gets that far
  return Child(pid, std::move(output));
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      partial_line_(std::move(other.partial_line_)),
      wait_status_(other.wait_status_) {}

Child::~Child() {
  if (pid_ < 0 || wait_status_) return;
  kill();
  for (auto waited = std::chrono::milliseconds{0}; !reap() && waited < end_limit; waited += reap_interval) pause_for(reap_interval);
}

void Child::poll(const LineSink& sink) {
  if (wait_status_) return;
  const auto ended = reap();  // before reading, so that what is read then is all there is
  read_output(sink);
  if (!ended) return;
  if (!partial_line_.empty()) sink(std::exchange(partial_line_, {}));
  wait_status_ = ended;
}

void Child::wait(std::chrono::milliseconds limit) const {
  pollfd output{.fd = output_.number(), .events = POLLIN, .revents = 0};
  ::poll(&output, 1, static_cast<int>(limit.count()));
  // A closed pipe is readable for ever, though the child behind it may take another moment to end.
  if ((output.revents & POLLHUP) != 0) pause_for(std::min(limit, reap_interval));
}

void Child::kill() const { ::kill(-pid_, SIGKILL); }

std::optional<int> Child::reap() const {
  int status = 0;
  return ::waitpid(pid_, &status, WNOHANG) == pid_ ? std::optional(status) : std::nullopt;
}

void Child::read_output(const LineSink& sink) {
  // A pipe holds 64 KiB: as much as that is taken at once, so that a child that never stops talking does not hold the caller.
  std::array<char, line_bytes_max> buffer;
  for (int reads = 0; reads < 16; ++reads) {
    const auto size = ::read(output_.number(), buffer.data(), buffer.size());
    if (size <= 0) return;
    for (const auto c : std::string_view(buffer.data(), static_cast<std::size_t>(size))) {
      if (c != '\n') partial_line_ += c;
      if (c == '\n' || partial_line_.size() == line_bytes_max) sink(std::exchange(partial_line_, {}));
    }
  }
}

std::string describe_wait_status(int wait_status) {
  if (WIFSIGNALED(wait_status)) return std::format("was killed by signal {}", WTERMSIG(wait_status));
  return std::format("ended with status {}", WEXITSTATUS(wait_status));
}

}  // namespace ordinal::provision
