// The text of /metrics, in Prometheus' exposition format 0.0.4. It must not count anything itself.
#pragma once

#include <string>

#include "core/time.hpp"
#include "http/board.hpp"
#include "http/freshness.hpp"

namespace ordinal::http {

/// Every metric that is known now; without a snapshot only those of the agent itself. Units are base units: seconds and bytes.
[[nodiscard]] std::string metrics_text(const Board& board, Instant now, const Limits& limits);

}  // namespace ordinal::http
