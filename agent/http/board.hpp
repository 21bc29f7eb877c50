// What the loop publishes and the endpoints read. One thread writes and reads it; only the heartbeat is read by the watchdog's thread too.
// It must not compute anything: what a probe answers is routes.hpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/peer.hpp"
#include "core/status.hpp"
#include "core/time.hpp"

namespace ordinal::http {

/// What /mysql/livez says: false only when mysqld must be killed to be of use again.
struct MysqlLife {
  bool alive = true;
  Reason reason;
};

/// What /metrics shows and Status does not know. The totals count since the agent started.
struct Counters {
  std::uint64_t cycles_total = 0;
  std::map<std::string, std::uint64_t> actions_total;  ///< by the action's name in snake_case
  std::uint64_t action_errors_total = 0;
  std::uint64_t peer_errors_total = 0;
  std::uint64_t mysql_errors_total = 0;
  std::optional<double> clone_seconds;  ///< of the clone that runs, or of the last one
};

/// One cycle's result. Immutable once it is published.
struct Snapshot {
  Status status;  ///< its ages are those at `taken_at`; the endpoints add what has passed since
  MysqlLife mysql_life;
  Counters counters;
  std::vector<PeerView> peers;
  Instant taken_at{};
};

/// What the server counts of itself.
struct ServerCounters {
  std::uint64_t connections = 0;  ///< open now
  std::uint64_t requests_total = 0;
  std::uint64_t evictions_total = 0;  ///< idle connections closed to let a new one in
  std::uint64_t failures_total = 0;   ///< failed accepts, and sessions or requests that ended in an exception
};

class Board {
 public:
  /// Older events are forgotten.
  static constexpr std::size_t history_events_max = 256;
  /// Longer events are left out.
  static constexpr std::size_t history_event_bytes_max = 8 * 1024;

  /// `started_at` counts as the first heartbeat.
  explicit Board(Instant started_at) : last_beat_(started_at) {}

  /// The kubelet takes a pod out of service at so many failed probes in a row: the charts' readinessProbe.failureThreshold.
  static constexpr std::uint32_t probes_until_unready = 2;

  /// Replaces the snapshot. One that is not draining makes `drain_seen` false again: a later drain must be seen anew.
  void publish(std::shared_ptr<const Snapshot> snapshot);
  /// The last snapshot; null before the first.
  [[nodiscard]] std::shared_ptr<const Snapshot> latest() const { return latest_; }

  /// The loop is alive at `now`.
  void beat(Instant now) { last_beat_.store(now, std::memory_order_relaxed); }
  /// The last heartbeat. Any thread may ask.
  [[nodiscard]] Instant last_beat() const { return last_beat_.load(std::memory_order_relaxed); }

  /// Adds one event of the volume's life, a JSON object. Anything else, such as a line torn by a kill, is left out.
  void append_history(std::string json_line);
  /// The events, oldest first.
  [[nodiscard]] const std::deque<std::string>& history() const { return history_; }

  /// The server has told a readiness probe that this pod is draining; called once the answer is written.
  void note_drain_told() { ++drain_told_; }
  /// Whether enough probes have been told of the present drain for the pod to be out of service.
  [[nodiscard]] bool drain_seen() const { return drain_told_ >= probes_until_unready; }

  /// What the server counts; only the server changes it.
  ServerCounters server;

 private:
  std::shared_ptr<const Snapshot> latest_;
  std::atomic<Instant> last_beat_;
  std::deque<std::string> history_;
  std::uint32_t drain_told_ = 0;  ///< probes
};

/// Whether the pod is not ready because someone asked it to drain.
[[nodiscard]] bool is_draining(const Status& status);

}  // namespace ordinal::http
