// Ages are added up here, on this host's steady clock only.
#include "http/freshness.hpp"

#include <format>

#include "base/text.hpp"

namespace ordinal::http {

namespace {

/// What was so much older when the status was made. The lag bound grows with its age: nothing newer is known.
void add_age(Status& status, Milliseconds age) {
  const auto age_seconds = std::chrono::duration<double>(age).count();
  status.agent.loop_age_ms += age.count();
  status.agent.sample_age_ms += age.count();
  status.agent.uptime_seconds += age_seconds;
  if (!status.replication) return;
  for (auto* span : {&status.replication->lag_seconds, &status.replication->source_silence_seconds}) {
    if (span->has_value()) **span += age_seconds;
  }
}

}  // namespace

std::optional<Reason> staleness(const Board& board, Instant now, const Limits& limits) {
  const auto snapshot = board.latest();
  if (!snapshot) return reason(Code::AGENT_STARTING);
  const auto age = elapsed(snapshot->taken_at, now);
  if (age <= limits.snapshot_age_max) return std::nullopt;
  return reason(Code::SNAPSHOT_STALE, std::format("The agent's loop last saw the world {} ago; {} is the limit.", format_duration(age),
                                                  format_duration(limits.snapshot_age_max)));
}

Status status_at(const Board& board, Instant now, const Limits& limits) {
  const auto snapshot = board.latest();
  auto status = snapshot->status;
  add_age(status, elapsed(snapshot->taken_at, now));
  status.agent.loop_age_ms = elapsed(board.last_beat(), now).count();
  if (auto stale = staleness(board, now, limits); stale && status.ready) {
    status.ready = false;
    status.reason = *std::move(stale);
  }
  return status;
}

Status status_at(const PeerAnswer& answer, Instant now) {
  auto status = answer.status;
  add_age(status, elapsed(answer.sent_at, now));
  return status;
}

}  // namespace ordinal::http
