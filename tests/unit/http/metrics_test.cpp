// The Prometheus text, from snapshots made by hand.
#include "http/metrics.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/text.hpp"
#include "http/board_fixture.hpp"

using namespace ordinal;
using namespace ordinal::http;
using namespace ordinal::http::test;
using namespace std::chrono_literals;

namespace {

/// Every optional part of a snapshot at once.
Snapshot everything() {
  auto snapshot = serving_replica();
  auto& status = snapshot.status;
  status.clone = CloneStatus{.donor = "db-0", .bytes_done = 12, .bytes_estimated = 34, .bytes_per_second = 1, .eta_seconds = 2.0};
  status.replication->source_silence_seconds = 0.25;
  status.replication->io = ThreadState::connecting;
  status.replication->sql = ThreadState::on;
  status.alerts = {{Code::FORKED, "db-1"}, {Code::FORKED, "db-2"}};
  status.checks.push_back({"odd\"name\\\n", false, reason(Code::LAG_TOO_HIGH)});
  snapshot.counters.cycles_total = 7;
  snapshot.counters.actions_total = {{"start_io", 2}, {"write_mark", 3}};
  snapshot.counters.clone_seconds = 3.5;
  snapshot.peers = {{.pod = {"db", 2}, .host = "", .answer = {}, .last = {}, .why_silent = "silent", .missing_since = {}}};
  return snapshot;
}

std::string text_of(const Snapshot& snapshot, Milliseconds after = 0ms) {
  Board board(start);
  publish(board, snapshot);
  return metrics_text(board, start + after, Limits{});
}

bool has_line(const std::string& text, const std::string& line) { return ("\n" + text).contains("\n" + line + "\n"); }

}  // namespace

TEST_CASE("metrics: the values of a snapshot") {
  const auto text = text_of(everything(), 500ms);
  for (const auto* line : {"ordinal_build_info{version=\"" ORDINAL_VERSION "\"} 1",
                           "ordinal_state{state=\"serving\"} 1",
                           "ordinal_state{state=\"cloning\"} 0",
                           "ordinal_ready 1",
                           "ordinal_role{role=\"primary\"} 0",
                           "ordinal_role{role=\"replica\"} 1",
                           "ordinal_loop_age_seconds 0.5",
                           "ordinal_replication_lag_seconds 1",
                           "ordinal_replication_source_silence_seconds 0.75",
                           "ordinal_clone_bytes 12",
                           "ordinal_clone_seconds 3.5",
                           "ordinal_http_connections 0",
                           "ordinal_cycles_total 7",
                           "ordinal_actions_total{action=\"start_io\"} 2",
                           "ordinal_alert{code=\"FORKED\"} 1",
                           "ordinal_reason_info{code=\"OK\"} 1",
                           "ordinal_mysql_up 1",
                           "ordinal_mysql_open 0",
                           "ordinal_replication_thread_running{thread=\"io\"} 0",
                           "ordinal_replication_thread_running{thread=\"sql\"} 1",
                           "ordinal_check_ok{check=\"odd\\\"name\\\\\\n\"} 0",
                           "ordinal_peer_up{pod=\"db-2\"} 0",
                           "ordinal_semi_sync{state=\"off\"} 1",
                           "ordinal_sample_age_seconds 0.54"}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("metrics: a stale snapshot is not ready") { CHECK(has_line(text_of(everything(), 4s), "ordinal_ready 0")); }

TEST_CASE("metrics: without a snapshot only the agent's own are there") {
  const auto text = metrics_text(Board(start), start + 2s, Limits{});
  CHECK(has_line(text, "ordinal_loop_age_seconds 2"));
  CHECK_FALSE(text.contains("ordinal_ready"));
}

TEST_CASE("metrics: what is unknown is left out") {
  auto snapshot = everything();
  snapshot.status.replication->lag_seconds.reset();
  snapshot.status.mysql.reset();
  CHECK_FALSE(text_of(snapshot).contains("lag_seconds"));
  CHECK(has_line(text_of(snapshot), "ordinal_mysql_up 0"));
}

TEST_CASE("metrics: every family is declared once, before its samples, which are one block of distinct lines") {
  const auto text = text_of(everything());
  CHECK(text.ends_with('\n'));
  std::set<std::string, std::less<>> families;
  std::set<std::string, std::less<>> series;
  std::string current;
  for (const auto line : split(std::string_view(text).substr(0, text.size() - 1), '\n')) {
    CAPTURE(line);
    if (line.starts_with("# HELP ")) {
      current = split(line, ' ')[2];
      CHECK(current.starts_with("ordinal_"));
      CHECK(families.insert(current).second);
      CHECK(line.ends_with('.'));
    } else if (line.starts_with("# TYPE ")) {
      const auto words = split(line, ' ');
      REQUIRE(words.size() == 4);
      CHECK(words[2] == current);
      CHECK(words[3] == (current.ends_with("_total") ? "counter" : "gauge"));
    } else {
      const auto name_end = line.find_first_of("{ ");
      CHECK(line.substr(0, name_end) == current);
      CHECK(series.insert(std::string(line.substr(0, line.rfind(' ')))).second);
    }
  }
}
