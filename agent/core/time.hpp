// The two kinds of time. The core is told what time it is; it must never ask a clock.
#pragma once

#include <chrono>

namespace ordinal {

/// A point on this host's steady clock: for ages and limits. It means nothing on another host.
using Instant = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::milliseconds;

/// The span in milliseconds, rounded down.
[[nodiscard]] constexpr Milliseconds elapsed(Instant from, Instant to) { return std::chrono::duration_cast<Milliseconds>(to - from); }

}  // namespace ordinal
