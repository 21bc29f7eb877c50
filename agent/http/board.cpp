// Keeps the board's lists bounded.
#include "http/board.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace ordinal::http {

void Board::publish(std::shared_ptr<const Snapshot> snapshot) {
  if (!is_draining(snapshot->status)) drain_told_ = 0;
  latest_ = std::move(snapshot);
}

void Board::append_history(std::string json_line) {
  if (json_line.size() > history_event_bytes_max) return;
  boost::system::error_code error;
  if (!boost::json::parse(json_line, error).is_object()) return;
  history_.push_back(std::move(json_line));
  if (history_.size() > history_events_max) history_.pop_front();
}

bool is_draining(const Status& status) {
  const auto drains = [](const Check& check) { return !check.ok && check.reason.code == Code::DRAINING; };
  return !status.ready && (status.reason.code == Code::DRAINING || std::ranges::any_of(status.checks, drains));
}

}  // namespace ordinal::http
