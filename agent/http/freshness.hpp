// How old what the loop left behind is, and what that does to what may be said. It must not decide anything else.
#pragma once

#include <chrono>
#include <optional>

#include "core/peer.hpp"
#include "core/status.hpp"
#include "core/time.hpp"
#include "http/board.hpp"

namespace ordinal::http {

/// How old the loop's signs of life may be.
struct Limits {
  std::chrono::milliseconds heartbeat_age_max{10'000};  ///< for /livez
  std::chrono::milliseconds snapshot_age_max{3'000};    ///< for everything that says "ready"
};

/// Why nothing can be said of the present: there is no snapshot yet, or it is too old. Nothing when it is fresh.
[[nodiscard]] std::optional<Reason> staleness(const Board& board, Instant now, const Limits& limits);

/// The status of the board's snapshot, which must be there, with the ages and the lag bound of `now`; not ready when it is stale.
[[nodiscard]] Status status_at(const Board& board, Instant now, const Limits& limits);

/// A peer's status with the ages and the lag bound of `now`, counted from when it was asked.
[[nodiscard]] Status status_at(const PeerAnswer& answer, Instant now);

}  // namespace ordinal::http
