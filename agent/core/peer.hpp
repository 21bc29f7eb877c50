// What we know of another pod: its last answer, or for how long it has been silent and why. Values only.
#pragma once

#include <optional>
#include <string>

#include "core/pod_name.hpp"
#include "core/status.hpp"
#include "core/time.hpp"

namespace ordinal {

/// A checked answer: its namespace, StatefulSet, pod and first ordinal are the expected ones.
struct PeerAnswer {
  Status status;
  Instant sent_at;      ///< when we sent the request
  Instant received_at;  ///< when the answer was complete

  /// The instant of our clock at or after which everything the answer says of MySQL was true: an answer to a request sent at t, whose facts
  /// were a old when it was written, was true at t - a or later.
  [[nodiscard]] Instant true_since() const { return sent_at - Milliseconds(status.agent.sample_age_ms); }
};

struct PeerView {
  PodName pod;
  std::string host;                  ///< its stable DNS name, without a final dot
  std::optional<PeerAnswer> answer;  ///< of this round of asking; absent when it did not answer
  std::optional<PeerAnswer> last;    ///< the last good answer ever, for what must not be forgotten when a peer falls silent
  std::string why_silent;            ///< one sentence part; "" when it answered
  Instant silent_since{};            ///< start of the present silence; meaningless when it answered
  std::optional<Instant>
      missing_since;  ///< since when SRV answers that name ourselves have not named it; absent when it is named or unknown
};

}  // namespace ordinal
