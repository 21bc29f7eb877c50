// The life of one scratch server after the other.
#include "provision/scratch.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "provision/settings.hpp"
#include "volume/tree.hpp"

namespace ordinal::provision {
using Phase = init::ScratchFacts::Phase;

namespace {

constexpr mode_t settings_mode = 0640;  // mysqld ignores a settings file that others may write
constexpr mode_t fifo_mode = 0600;
constexpr std::string_view clone_plugin = "mysql_clone.so";               // MySQL names it when it cannot load it
constexpr std::string_view init_file_ended = "[MY-010138]";               // mysqld runs no more statements: all are done, or one failed
constexpr std::string_view too_many_clones = "Clone Donor Error: 3634 ";  // ER_CLONE_TOO_MANY_CONCURRENT_CLONES, of the donor

/// Walking a tree of a hundred thousand tables takes a while: it may take a twentieth of our time, and no more.
constexpr int pause_per_measure = 20;
constexpr Milliseconds measure_interval_min{200};

std::filesystem::path settings_path(const ScratchOptions& options) { return options.run_directory / "scratch.cnf"; }
std::filesystem::path fifo_path(const ScratchOptions& options) { return options.run_directory / "scratch.sql"; }

/// What mysqld's log says after "[ERROR] [MY-000061] [Server] ", or nothing for a line that is no error or only says that mysqld ends.
std::string_view error_of(std::string_view line) {
  constexpr std::array<std::string_view, 3> consequences = {"[MY-010119]", "[MY-013236]", "[MY-013455]"};
  const auto mark = line.find("[ERROR] ");
  if (mark == std::string_view::npos) return {};
  line.remove_prefix(mark);
  if (std::ranges::any_of(consequences, [&](std::string_view code) { return line.contains(code); })) return {};
  for (int word = 0; word < 3 && line.starts_with('['); ++word) line = trim(line.substr(std::min(line.find(']'), line.size() - 1) + 1));
  return line;
}

/// A syntax error repeats what follows it in the statement, where a password may be: ER_PARSE_ERROR, "… near '…' at line 1".
std::string_view without_statement(std::string_view line) { return line.substr(0, line.find(" near '")); }

std::string explain(std::string_view error) {
  if (error.contains(clone_plugin)) return "this MySQL image has no clone plugin: " + std::string(error);
  return std::string(error);
}

}  // namespace

Result<void> Scratch::start(Instant now) {
  if (child_) return fail(Kind::conflict, "start scratch server", "it is running");
  const auto failures = facts_.failures;
  facts_ = {};
  facts_.failures = failures;
  facts_.started_at = facts_.last_progress_at = now;
  task_ = Task::none;
  written_bytes_ = 0;
  measured_ = {};
  measure_at_ = now;
  statements_ended_ = copied_ = false;
  for (auto* text : {&unwritten_, &last_error_}) text->clear();
  auto launched = launch();
  if (!launched) {
    give_up(now, launched.error().to_string());
    return launched;
  }
  facts_.phase = Phase::initializing;
  return {};
}

Result<void> Scratch::launch() {
  if (auto thrown = volume::throw_away(options_.scratch, options_.trash); !thrown) return thrown;
  const ScratchSettings settings{.user_directory = options_.user_directory,
                                 .datadir = options_.scratch,
                                 .tmpdir = options_.tmpdir,
                                 .run_directory = options_.run_directory,
                                 .init_file = fifo_path(options_),
                                 .server_id = options_.server_id};
  if (auto written = replace_file(settings_path(options_), scratch_cnf(settings), settings_mode); !written) return written;

  const auto fifo = fifo_path(options_);
  std::error_code ignored;  // mkfifo says what is wrong with the place
  std::filesystem::remove(fifo, ignored);
  if (::mkfifo(fifo.c_str(), fifo_mode) != 0) return fail_errno("make FIFO " + fifo.string(), errno);
  // Open for both directions, which Linux allows (fifo(7)): no side waits for the other, what is written is kept until mysqld reads it, and
  // a mysqld that dies before that gives us neither SIGPIPE nor an end of file.
  auto opened = open_file(fifo, O_RDWR | O_NONBLOCK);
  if (!opened) return std::unexpected(opened.error());
  fifo_ = std::move(*opened);

  auto child = Child::spawn(options_.mysqld, {"--defaults-file=" + settings_path(options_).string(), "--initialize-insecure"});
  if (!child) return std::unexpected(child.error());
  child_.emplace(std::move(*child));
  return {};
}

Result<void> Scratch::clone(Instant now, std::string donor, CloneSource source) {
  source.destination = options_.incoming;
  auto given = give(now, Task::clone, clone_statements(source));
  if (!given) return given;
  facts_.donor = std::move(donor);
  facts_.donor_host = std::move(source.host);
  return {};
}

Result<void> Scratch::initialize(Instant now, const NewCluster& cluster) {
  return give(now, Task::initialize, initialize_statements(cluster));
}

Result<void> Scratch::give(Instant now, Task task, std::string statements) {
  if (task_ != Task::none && child_) return fail(Kind::conflict, "give statements", "the scratch server has its task already");
  const auto occupied = volume::entry_exists(options_.incoming);
  if (!occupied) return std::unexpected(occupied.error());
  if (*occupied) return fail(Kind::conflict, "give statements", options_.incoming.string() + " is in the way");
  if (!child_) {
    if (auto started = start(now); !started) return started;
  }
  task_ = task;
  unwritten_ = std::move(statements);
  facts_.phase = Phase::copying;
  facts_.last_progress_at = now;
  feed(now);
  return {};
}

void Scratch::stop(std::string why) {
  if (!child_) return;
  facts_.stopping = std::move(why);
  child_->kill();
}

void Scratch::poll(Instant now) {
  if (!child_) return;
  child_->poll([this](std::string_view line) { hear(line); });
  if (facts_.phase == Phase::copying) {
    feed(now);
    if (now >= measure_at_ || child_->wait_status()) measure(now);
    end_early();
  }
  if (const auto status = child_->wait_status()) finish(now, *status);
}

/// Writes what the FIFO has room for, and closes it once mysqld has read all: the end of the file is what lets mysqld end. Its first read
/// is also the first sign that it has done initialising.
void Scratch::feed(Instant now) {
  if (!fifo_) return;
  while (!unwritten_.empty()) {
    const auto written = ::write(fifo_->number(), unwritten_.data(), unwritten_.size());
    if (written < 0) break;  // full: mysqld has to read first
    unwritten_.erase(0, static_cast<std::size_t>(written));
    written_bytes_ += static_cast<std::size_t>(written);
  }
  int unread = 0;
  if (::ioctl(fifo_->number(), FIONREAD, &unread) != 0) return;
  if (!facts_.reads_statements && static_cast<std::size_t>(unread) < written_bytes_) {
    facts_.reads_statements = true;
    facts_.last_progress_at = now;
    if (task_ == Task::clone) measured_ = {};
  }
  if (unwritten_.empty() && unread == 0) fifo_.reset();
}

/// Once CLONE has returned, all of the copy is written and the donor is let go; what the server would still do is shut down its own data,
/// which nobody needs, in the steps of half a second that its threads wait for each other (seen with 9.7.4: 0.5 to 1.5 s).
void Scratch::end_early() {
  if (copied_ || task_ != Task::clone || !statements_ended_ || !last_error_.empty() || child_->wait_status()) return;
  if (!check_complete_clone(options_.incoming)) return;
  copied_ = true;
  child_->kill();
}

void Scratch::measure(Instant now) {
  const auto begin = std::chrono::steady_clock::now();
  const auto progress = measure_copy(receives_clone() ? options_.incoming : options_.scratch);
  const auto cost = elapsed(begin, std::chrono::steady_clock::now());
  measure_at_ = now + std::max(measure_interval_min, pause_per_measure * cost);
  if (progress.bytes > measured_.bytes || progress.newest_write > measured_.newest_write) facts_.last_progress_at = now;
  measured_ = progress;
  if (task_ == Task::clone && !facts_.reads_statements) return;  // what is in scratch/ is nothing of the copy
  facts_.bytes = progress.bytes;
  facts_.estimated_bytes = progress.estimated_bytes;
}

void Scratch::hear(std::string_view line) {
  const auto safe = without_statement(line);
  if (const auto error = error_of(safe); !error.empty()) last_error_ = error;
  if (safe.contains(init_file_ended)) statements_ended_ = true;
  if (options_.on_line) options_.on_line(safe);
}

void Scratch::finish(Instant now, int wait_status) {
  child_.reset();
  if (!facts_.stopping.empty()) return give_up(now, std::exchange(facts_.stopping, {}));
  if (wait_status != 0 && !copied_)
    return give_up(now, last_error_.empty() ? "mysqld " + describe_wait_status(wait_status) : explain(last_error_));
  if (auto accepted = accept_copy(); !accepted) return give_up(now, accepted.error().to_string());
  clear_away();
  facts_.phase = Phase::complete;
  facts_.failures = 0;
  facts_.ended_at = now;
}

/// Makes sure that incoming/ is there and complete.
Result<void> Scratch::accept_copy() const {
  if (!unwritten_.empty() || task_ == Task::none)
    return fail(Kind::conflict, "scratch server", "it ended before it had all of its statements");
  if (task_ == Task::clone) return check_complete_clone(options_.incoming);
  if (auto complete = check_complete_initialization(options_.scratch); !complete) return complete;
  return volume::rename_durably(options_.scratch, options_.incoming);
}

void Scratch::give_up(Instant now, std::string why) {
  facts_.phase = Phase::failed;
  facts_.ended_at = now;
  facts_.donor_busy = why.contains(too_many_clones);
  facts_.no_clone_plugin = why.contains(clone_plugin);
  facts_.error = std::move(why);
  if (!facts_.donor_busy) ++facts_.failures;
  // Before there is a task, incoming/ is none of ours.
  if (task_ != Task::none) throw_away(options_.incoming);
  clear_away();
}

void Scratch::clear_away() {
  fifo_.reset();
  unwritten_.clear();
  std::error_code ignored;  // both are in memory, and are replaced at the next start
  std::filesystem::remove(fifo_path(options_), ignored);
  std::filesystem::remove(settings_path(options_), ignored);
  throw_away(options_.scratch);
}

/// What cannot be moved stays in the way of the next attempt, which then says so.
void Scratch::throw_away(const std::filesystem::path& tree) {
  if (const auto thrown = volume::throw_away(tree, options_.trash); !thrown && options_.on_line)
    options_.on_line(thrown.error().to_string());
}

}  // namespace ordinal::provision
