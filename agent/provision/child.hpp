// One child process whose output is read without blocking. It must not know what the program does.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"

namespace ordinal::provision {

/// A child that dies with us: SIGKILL comes to it when the thread that spawned it ends (prctl(2), PR_SET_PDEATHSIG), so spawn from the main
/// thread. It has a process group of its own, none of our descriptors, and of our environment only PATH, TZ, LD_LIBRARY_PATH and
/// LD_PRELOAD: a NOTIFY_SOCKET would let it speak for the real server, and any other may hold a secret.
class Child {
 public:
  using LineSink = std::function<void(std::string_view line)>;
  /// A longer line is given in pieces of this size.
  static constexpr std::size_t line_bytes_max = 4096;

  /// Starts `program` with `arguments`, both of its outputs into one pipe. Fails as fail_errno() says when there can be no process; a
  /// program that cannot be executed is a child that ends with 127.
  [[nodiscard]] static Result<Child> spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  /// Kills a child that still runs and waits for its end, 5 s at most.
  ~Child();

  /// Gives the output that is there to `sink`, line by line, and learns whether the child has ended. Never blocks.
  void poll(const LineSink& sink);

  /// Waits until there is something to poll(), `limit` at most.
  void wait(std::chrono::milliseconds limit) const;

  /// Sends SIGKILL to the child's process group. The end shows in a later poll().
  void kill() const;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// How it ended, in the form of waitpid(2): from the poll() on that saw its end and gave the last of its output.
  [[nodiscard]] std::optional<int> wait_status() const { return wait_status_; }

 private:
  Child(pid_t pid, Fd output) : pid_(pid), output_(std::move(output)) {}
  void read_output(const LineSink& sink);
  [[nodiscard]] std::optional<int> reap() const;

  pid_t pid_ = -1;  ///< -1 after a move
  Fd output_;
  std::string partial_line_;
  std::optional<int> wait_status_;
};

/// How a process ended, as a sentence part: "ended with status 1", "was killed by signal 9".
[[nodiscard]] std::string describe_wait_status(int wait_status);

}  // namespace ordinal::provision
