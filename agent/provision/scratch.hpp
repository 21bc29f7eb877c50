// The throw-away mysqld that makes a complete copy in incoming/: a new, empty cluster, or a clone of a donor. While it works it owns
// scratch/, incoming/ and two files in the run directory. It must not touch data/, nor decide when to begin or to give up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/file.hpp"
#include "core/init_decision.hpp"
#include "core/time.hpp"
#include "provision/child.hpp"
#include "provision/copy.hpp"
#include "provision/statements.hpp"

namespace ordinal::provision {

struct ScratchOptions {
  std::filesystem::path mysqld{};          ///< the program
  std::filesystem::path user_directory{};  ///< of the user's *.cnf; empty when there is none
  std::filesystem::path run_directory{};   ///< in memory: holds the settings file and the FIFO that the statements go through
  std::filesystem::path scratch{};         ///< on the volume; what is there is thrown away at each start
  std::filesystem::path incoming{};        ///< beside `scratch`
  std::filesystem::path trash{};           ///< beside `scratch`: where what is thrown away goes
  std::filesystem::path tmpdir{};          ///< must exist
  std::uint32_t server_id = 0;
  Child::LineSink on_line{};  ///< gets each line of the server's log: untrusted, and without the statements' text
};

/// Start it, give it its task at any time, poll it each cycle. The server first initialises its own data directory, which takes 2 s, and
/// then reads statements from a FIFO; so this time can pass while a donor is awaited. One start makes one copy or fails. No call here waits
/// for it.
class Scratch {
 public:
  explicit Scratch(ScratchOptions options) : options_(std::move(options)) {}

  /// Starts a server on an empty scratch/. Fails with conflict when one is running, else as fail_errno() says.
  [[nodiscard]] Result<void> start(Instant now);

  /// Lets the server clone `source` into incoming/, whatever source.destination says, and starts one first when none is running. `donor` is
  /// the pod's name, for facts(). Fails with conflict when the server has its task already or incoming/ exists, else as start().
  [[nodiscard]] Result<void> clone(Instant now, std::string donor, CloneSource source);

  /// Lets the server make a new cluster; its data directory then becomes incoming/. Otherwise like clone().
  [[nodiscard]] Result<void> initialize(Instant now, const NewCluster& cluster);

  /// Kills the server. Once it is gone the phase is `failed`, with `why` as its error. Nothing when none is running.
  void stop(std::string why);

  /// Takes in what has happened since the last call. When the server has ended, incoming/ is complete, or thrown away.
  void poll(Instant now);

  /// What the decision needs to know. Phase `complete` does not mean synced: that is the volume's part.
  [[nodiscard]] const init::ScratchFacts& facts() const { return facts_; }

 private:
  enum class Task : std::uint8_t { none, clone, initialize };

  [[nodiscard]] Result<void> launch();
  [[nodiscard]] Result<void> give(Instant now, Task task, std::string statements);
  void feed(Instant now);
  [[nodiscard]] bool receives_clone() const { return task_ == Task::clone && facts_.reads_statements; }
  void end_early();
  void measure(Instant now);
  void hear(std::string_view line);
  void finish(Instant now, int wait_status);
  [[nodiscard]] Result<void> accept_copy() const;
  void give_up(Instant now, std::string why);
  void clear_away();
  void throw_away(const std::filesystem::path& tree);

  ScratchOptions options_;
  init::ScratchFacts facts_;
  std::optional<Child> child_;
  std::optional<Fd> fifo_;
  Task task_ = Task::none;
  std::string unwritten_;  ///< the statements, or what the FIFO had no room for
  std::size_t written_bytes_ = 0;
  bool statements_ended_ = false;  ///< as the server's log says
  bool copied_ = false;            ///< the clone is complete, and the server was killed for that
  std::string last_error_;
  CopyProgress measured_;  ///< of scratch/, or of incoming/ once a clone can move bytes
  Instant measure_at_{};
};

}  // namespace ordinal::provision
