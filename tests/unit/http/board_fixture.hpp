// Boards for the tests of this folder: a fixed instant, and pods that serve. It must hold no checks.
#pragma once

#include <memory>

#include "http/board.hpp"

namespace ordinal::http::test {

/// The instant at which everything in these tests is measured.
inline constexpr Instant start{std::chrono::hours(5)};

/// A replica that serves, seen at `start`.
inline Snapshot serving_replica() {
  Snapshot snapshot;
  auto& status = snapshot.status;
  status.owner = {.name_space = "shop", .pod = {"db", 1}, .first_ordinal = 0};
  status.state = State::serving;
  status.ready = true;
  status.mysql = MysqlStatus{};
  status.replication = ReplicationStatus{};
  status.replication->lag_seconds = 0.5;
  status.checks = {{"mysql", true, {}}, {"replication", true, {}}};
  status.agent.sample_age_ms = 40;
  snapshot.taken_at = start;
  return snapshot;
}

/// A primary that serves and is open for writes, seen at `start`.
inline Snapshot serving_primary() {
  auto snapshot = serving_replica();
  snapshot.status.owner.pod.ordinal = 0;
  snapshot.status.replication.reset();
  snapshot.status.mysql->open = true;
  return snapshot;
}

/// The snapshot of a pod that is not ready for this reason, one of its checks being the one that fails.
inline Snapshot unready(Snapshot snapshot, const Reason& why) {
  snapshot.status.ready = false;
  snapshot.status.reason = why;
  snapshot.status.checks.back() = {"replication", false, why};
  return snapshot;
}

inline void publish(Board& board, const Snapshot& snapshot) { board.publish(std::make_shared<const Snapshot>(snapshot)); }

}  // namespace ordinal::http::test
