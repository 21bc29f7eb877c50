// The board between the loop and the endpoints.
#include "http/board.hpp"

#include <doctest/doctest.h>

#include <format>
#include <string>

#include "http/board_fixture.hpp"

using namespace ordinal;
using namespace ordinal::http;
using namespace ordinal::http::test;

TEST_CASE("board: the beginning counts as a heartbeat, and there is no snapshot yet") {
  Board board(start);
  CHECK(board.last_beat() == start);
  CHECK(board.latest() == nullptr);
  board.beat(start + std::chrono::seconds(1));
  CHECK(board.last_beat() == start + std::chrono::seconds(1));
}

TEST_CASE("board: history is bounded and holds JSON objects only") {
  Board board(start);
  for (const auto* line : {"", "{\"torn\":", "[]", "1", "{} {}", "{\"x\":\"\xff\"}"}) board.append_history(line);
  board.append_history("{\"long\":\"" + std::string(Board::history_event_bytes_max, 'x') + "\"}");
  CHECK(board.history().empty());
  for (std::size_t i = 0; i <= Board::history_events_max; ++i) board.append_history(std::format("{{\"event\":{}}}", i));
  CHECK(board.history().size() == Board::history_events_max);
  CHECK(board.history().front() == R"({"event":1})");
}

TEST_CASE("board: a drain is seen when the kubelet counts enough failed probes, and forgotten once the pod drains no more") {
  Board board(start);
  const auto draining = unready(serving_replica(), reason(Code::DRAINING));
  publish(board, draining);
  CHECK_FALSE(board.drain_seen());
  board.note_drain_told();
  publish(board, draining);
  CHECK_FALSE(board.drain_seen());
  board.note_drain_told();
  CHECK(board.drain_seen());
  publish(board, serving_replica());
  CHECK_FALSE(board.drain_seen());
}

TEST_CASE("board: draining is a failed check or a reason of a pod that is not ready") {
  auto status = unready(serving_replica(), reason(Code::DRAINING)).status;
  CHECK(is_draining(status));
  status.reason = reason(Code::MYSQL_STOPPING);
  CHECK(is_draining(status));
  status.checks.clear();
  CHECK_FALSE(is_draining(status));
  status.reason = reason(Code::DRAINING);
  CHECK(is_draining(status));
  status.ready = true;
  CHECK_FALSE(is_draining(status));
}
