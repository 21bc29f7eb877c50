// The list of metrics. Names follow Prometheus' conventions: the prefix ordinal_, base units, _total for what only grows.
#include "http/metrics.hpp"

#include <array>
#include <format>
#include <initializer_list>
#include <set>
#include <string_view>
#include <utility>

namespace ordinal::http {

namespace {

/// A label's value as the exposition format wants it: backslash, quote and line feed escaped.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1);
  }
  return text;
}

class Page {
 public:
  /// Begins a family; its samples follow.
  Page& gauge(std::string_view name, std::string_view help) { return family(name, "gauge", help); }
  Page& counter(std::string_view name, std::string_view help) { return family(name, "counter", help); }

  /// One sample of the family begun last. Numbers may be of any arithmetic type; true is 1.
  template <class Number>
  Page& sample(Number value) {
    text_ += std::format("{} {}\n", name_, +value);
    return *this;
  }
  template <class Number>
  Page& sample(std::string_view label, std::string_view label_value, Number value) {
    text_ += std::format("{}{{{}=\"{}\"}} {}\n", name_, label, escaped(label_value), +value);
    return *this;
  }

  /// A gauge with one sample for each of `all`, of which the current one is 1 and the others are 0.
  template <class Enum, std::size_t Count>
  void one_hot(std::string_view name, std::string_view help, std::string_view label, const std::array<Enum, Count>& all, Enum current) {
    gauge(name, help);
    for (const auto value : all) sample(label, to_string(value), value == current);
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  Page& family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = std::format("ordinal_{}", name);
    text_ += std::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name_, help, type);
    return *this;
  }

  std::string name_;
  std::string text_;
};

constexpr auto all_states = [] {
  std::array<State, static_cast<std::size_t>(State::stopping) + 1> states{};
  for (std::size_t i = 0; i < states.size(); ++i) states.at(i) = static_cast<State>(i);
  return states;
}();

void add_agent(Page& page, const Board& board, Instant now) {
  page.gauge("build_info", "The agent's version.").sample("version", ORDINAL_VERSION, 1);
  const auto loop_age = std::chrono::duration<double>(now - board.last_beat()).count();
  page.gauge("loop_age_seconds", "How long ago the agent's loop last turned.").sample(loop_age);
  page.gauge("http_connections", "Open HTTP connections.").sample(board.server.connections);
  page.counter("http_requests_total", "HTTP requests that were answered.").sample(board.server.requests_total);
  page.counter("http_evictions_total", "Idle HTTP connections closed to let a new one in.").sample(board.server.evictions_total);
  page.counter("http_failures_total", "Failed accepts, and sessions that ended in an error of the agent's own.")
      .sample(board.server.failures_total);
}

void add_counters(Page& page, const Counters& counters) {
  page.counter("cycles_total", "Turns of the agent's loop.").sample(counters.cycles_total);
  page.counter("actions_total", "What the agent did, by action.");
  for (const auto& [action, count] : counters.actions_total) page.sample("action", action, count);
  page.counter("action_errors_total", "Actions that failed.").sample(counters.action_errors_total);
  page.counter("peer_errors_total", "Questions to other pods that were not answered.").sample(counters.peer_errors_total);
  page.counter("mysql_errors_total", "Questions to mysqld that were not answered.").sample(counters.mysql_errors_total);
  if (counters.clone_seconds)
    page.gauge("clone_seconds", "How long the present clone has run, or the last one ran.").sample(*counters.clone_seconds);
}

void add_status(Page& page, const Status& status) {
  page.one_hot("state", "The pod's state.", "state", all_states, status.state);
  page.gauge("reason_info", "The reason code of the pod's state.").sample("code", to_string(status.reason.code), 1);
  page.gauge("ready", "Whether the pod may serve.").sample(status.ready);
  page.one_hot("role", "The pod's role.", "role", std::array{Role::primary, Role::replica}, status.owner.role());
  page.gauge("check_ok", "Whether a check of /readyz passes.");
  for (const auto& check : status.checks) page.sample("check", check.name, check.ok);
  page.gauge("alert", "What a person should know, by reason code.");
  // Several pods or accounts may give cause for the same alert; a sample must be there once.
  std::set<Code> alerts;
  for (const auto& alert : status.alerts) alerts.insert(alert.code);
  for (const auto code : alerts) page.sample("code", to_string(code), 1);
  page.one_hot("semi_sync", "Semi-synchronous replication as the primary sees it.", "state",
               std::array{SemiSync::off, SemiSync::active, SemiSync::degraded}, status.semi_sync);
  page.gauge("volume_data_bytes", "What the data directory occupies.").sample(status.volume.data_bytes);
  page.gauge("volume_free_bytes", "What is free on the volume.").sample(status.volume.free_bytes);
  page.gauge("uptime_seconds", "How long the agent has run.").sample(status.agent.uptime_seconds);
  page.gauge("sample_age_seconds", "How old the facts about mysqld are.").sample(static_cast<double>(status.agent.sample_age_ms) / 1000);
}

void add_mysql(Page& page, const std::optional<MysqlStatus>& mysql) {
  page.gauge("mysql_up", "Whether mysqld answers.").sample(mysql.has_value());
  page.gauge("mysql_open", "Whether mysqld accepts writes.").sample(mysql && mysql->open);
  page.gauge("donor_ready", "Whether this pod can be cloned from.").sample(mysql && mysql->donor_ready);
}

void add_replication(Page& page, const ReplicationStatus& replication) {
  if (replication.lag_seconds) {
    page.gauge("replication_lag_seconds", "How stale a read on this replica can be at most.").sample(*replication.lag_seconds);
  }
  if (replication.source_silence_seconds) {
    page.gauge("replication_source_silence_seconds", "For how long the source has not answered.")
        .sample(*replication.source_silence_seconds);
  }
  page.gauge("replication_behind_transactions", "Transactions of the source that are not applied here.")
      .sample(replication.behind_transactions);
  page.gauge("replication_errant", "Whether this replica has transactions that its source lacks.").sample(!replication.errant.empty());
  page.gauge("replication_thread_running", "Whether a thread of replication is ON.")
      .sample("thread", "io", replication.io == ThreadState::on)
      .sample("thread", "sql", replication.sql == ThreadState::on);
}

void add_clone(Page& page, const CloneStatus& clone) {
  page.gauge("clone_bytes", "What the present clone has copied.").sample(clone.bytes_done);
  page.gauge("clone_estimated_bytes", "What the present clone will have copied.").sample(clone.bytes_estimated);
}

}  // namespace

std::string metrics_text(const Board& board, Instant now, const Limits& limits) {
  Page page;
  add_agent(page, board, now);
  const auto snapshot = board.latest();
  if (!snapshot) return std::move(page).text();
  const auto status = status_at(board, now, limits);
  add_counters(page, snapshot->counters);
  add_status(page, status);
  add_mysql(page, status.mysql);
  if (status.replication) add_replication(page, *status.replication);
  if (status.clone) add_clone(page, *status.clone);
  page.gauge("peer_up", "Whether another pod's agent answers.");
  for (const auto& peer : snapshot->peers) page.sample("pod", peer.pod.to_string(), peer.answer.has_value());
  return std::move(page).text();
}

}  // namespace ordinal::http
