// The loop of run: gather, decide, publish, act. Acts run beside the loop, one batch at a time, so that a blocked one never makes the
// snapshot stale.
#include "app/run.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <filesystem>
#include <format>
#include <memory>

#include "app/drain.hpp"
#include "app/history.hpp"
#include "app/log.hpp"
#include "app/passwords.hpp"
#include "app/report.hpp"
#include "app/service.hpp"
#include "app/settings_files.hpp"
#include "app/start.hpp"
#include "core/run_decision.hpp"
#include "mysql/acts.hpp"
#include "mysql/connection.hpp"
#include "mysql/notify.hpp"
#include "mysql/observe.hpp"

namespace ordinal::app {
namespace {

namespace asio = boost::asio;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto steady_interval = 500ms;
constexpr auto eager_interval = 100ms;  ///< while something is still to be done
constexpr auto observe_limit = 2'000ms;
constexpr auto look_every = 2s;  ///< at the volume and the files of the passwords
constexpr auto read_rarely_every = 60s;
constexpr auto prove_limit = 5'000ms;
constexpr auto measure_every = 60s;  ///< walking a large data directory is not free
/// How long a stopping agent answers for a mysqld that does not stop: then only the agent was meant.
constexpr auto linger = 10s;
/// kube-proxy hears of the unready endpoint within this after the kubelet does (seen: 0.15 s); with air.
constexpr auto service_drops_within = 1s;

/// The action's name in logs and metrics.
std::string_view name_of(const run::Action& action) {
  constexpr std::array<std::string_view, std::variant_size_v<run::Action>> names{"set_super_read_only",
                                                                                 "reset_replica_all",
                                                                                 "start_sql",
                                                                                 "stop_sql",
                                                                                 "start_io",
                                                                                 "stop_io",
                                                                                 "change_source",
                                                                                 "forget_source",
                                                                                 "write_mark",
                                                                                 "write_server_uuid",
                                                                                 "set_latch",
                                                                                 "open",
                                                                                 "close",
                                                                                 "end_fetching",
                                                                                 "restore_cluster_row",
                                                                                 "enable_semi_sync_source",
                                                                                 "enable_semi_sync_replica",
                                                                                 "prove_password",
                                                                                 "set_password",
                                                                                 "discard_old_password"};
  return names.at(action.index());
}

run::MysqlUnknown::Why why_unknown(Kind kind) {
  switch (kind) {
    case Kind::denied: return run::MysqlUnknown::Why::denied;
    case Kind::timeout: return run::MysqlUnknown::Why::silent;
    default: return run::MysqlUnknown::Why::unreachable;
  }
}

class Loop {
 public:
  Loop(Start& start, Identity identity)
      : setup_(start.setup),
        volume_(start.volume),
        identity_(std::move(identity)),
        passwords_(setup_, start.credentials, identity_.cluster_id.value_or(Uuid())),
        service_(setup_),
        mysql_(service_.io().get_executor(), {.socket = setup_.config.mysql.socket}, [this] { return passwords_.of_agent(); }),
        notify_(service_.io().get_executor()) {}

  int run();

 private:
  asio::awaitable<int> turn();
  asio::awaitable<void> observe_mysql();
  asio::awaitable<void> observe_rarely();
  void keep_boot_file();
  void note_login();
  void measure(Instant now);
  [[nodiscard]] run::Observation observation(Instant now);
  asio::awaitable<void> act(std::vector<run::Action> actions);
  asio::awaitable<Result<void>> apply(run::Action action);
  asio::awaitable<Result<void>> prove_password(Account account);
  asio::awaitable<Result<void>> change_password(Account account, run::Action action, mysql::ActContext context);
  Result<void> store(const Identity& identity);
  void publish(const run::Plan& plan, const run::Observation& observed);
  void tell(const run::Plan& plan, Instant now);
  [[nodiscard]] bool drained(Instant now);
  [[nodiscard]] bool may_end(Instant now) const;

  const Setup& setup_;
  volume::Volume& volume_;
  Identity identity_;
  Passwords passwords_;
  Service service_;
  mysql::Connection mysql_;
  mysql::Notify notify_;
  std::variant<run::MysqlUnknown, run::MysqlFacts> facts_ = run::MysqlUnknown{};
  std::optional<run::RareFacts> rare_;
  std::optional<Instant> read_rarely_at_;
  std::uint64_t read_rarely_login_ = 0;
  std::uint64_t noted_login_ = 0;
  Secret boot_file_password_;  ///< which the boot init file gives the agent's account
  run::Memory memory_;
  init::VolumeFacts volume_facts_;
  std::optional<Instant> looked_at_;
  std::optional<Instant> measured_at_;
  std::optional<Instant> stopping_since_;
  std::optional<Instant> drain_seen_at_;
  bool donated_last_ = false;
  std::string instance_;
  bool acting_ = false;
  http::Counters counters_;
  State told_state_ = State::starting;
  Reason told_reason_;
  bool told_ready_ = false;
  std::vector<Code> told_alerts_;
  Instant told_at_{};
};

asio::awaitable<void> Loop::observe_mysql() {
  const auto asked_at = std::chrono::steady_clock::now();
  auto facts = co_await mysql::observe(mysql_, observe_limit);
  if (facts) {
    donated_last_ = facts->donating;
    facts_ = std::move(*facts);
    note_login();
    co_return co_await observe_rarely();
  }
  ++counters_.mysql_errors_total;
  const auto why = why_unknown(facts.error().kind);
  const auto* before = std::get_if<run::MysqlUnknown>(&facts_);
  const auto since = before != nullptr && before->why == why && before->since != Instant{} ? before->since : asked_at;
  facts_ = run::MysqlUnknown{.why = why, .detail = facts.error().to_string(), .since = since};
}

/// The agent's own password changes when mysqld starts, by its boot init file: that has the Secret's of today.
void Loop::keep_boot_file() {
  const auto& today = passwords_.files();
  if (today.agent.reveal() == boot_file_password_.reveal()) return;
  if (const auto written = write_boot_file(setup_, today, identity_); !written) {
    log::warn("boot_file_unwritable", {{"error", written.error().to_string()}});
    return;
  }
  boot_file_password_ = today.agent;
}

/// A login with the file's password proves it to be the account's.
void Loop::note_login() {
  if (noted_login_ == mysql_.logins()) return;
  noted_login_ = mysql_.logins();
  if (mysql_.password_used() != 0) return;
  if (const auto written = write_boot_password(setup_, passwords_.files().agent); !written)
    log::warn("boot_password_unwritable", {{"error", written.error().to_string()}});
}

/// What it reads may be denied where an account of old lacks a right: then it is unknown, and nothing else is.
asio::awaitable<void> Loop::observe_rarely() {
  const auto now = std::chrono::steady_clock::now();
  const bool same_session = read_rarely_login_ == mysql_.logins();
  if (same_session && read_rarely_at_ && now - *read_rarely_at_ < read_rarely_every) co_return;
  read_rarely_at_ = now;
  auto facts = co_await mysql::observe_rarely(mysql_, observe_limit);
  read_rarely_login_ = mysql_.logins();
  rare_ = facts ? std::optional(*std::move(facts)) : std::nullopt;
  if (!facts) log::warn("rare_facts_unknown", {{"error", facts.error().to_string()}});
}

void Loop::measure(Instant now) {
  if (const auto bytes = volume_.take_data_bytes()) volume_facts_.data_bytes = *bytes;
  if (looked_at_ && now - *looked_at_ < look_every) return;
  looked_at_ = now;
  passwords_.refresh();
  keep_boot_file();
  auto facts = volume_.facts();
  if (!facts) {
    log::warn("volume_unreadable", {{"error", facts.error().to_string()}});
    return;
  }
  if (facts->trash) volume_.sweep();  // what init threw away
  if (const auto error = volume_.take_sweep_error()) log::warn("trash_not_removed", {{"error", error->to_string()}});
  facts->data_bytes = volume_facts_.data_bytes;
  volume_facts_ = std::move(*facts);
  if (measured_at_ && now - *measured_at_ < measure_every) return;
  measured_at_ = now;
  volume_.measure_data();
}

run::Observation Loop::observation(Instant now) {
  run::Observation observed;
  observed.now = now;
  observed.wall = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  observed.started_at = service_.started_at();
  observed.identity = identity_;
  observed.mysql = facts_;
  observed.phase = notify_.phase();
  observed.peers = service_.peers().views;
  observed.peers_asked = service_.peers().asked;
  observed.rare = rare_;
  observed.passwords = passwords_.facts();
  observed.passwords_error = passwords_.error();
  observed.draining = drain_requested(setup_.config, instance_);
  observed.drained = observed.draining && drained(now);
  observed.stopping = service_.stopping();
  observed.clear_requested = volume_facts_.clear_requested;
  observed.reseed_requested = volume_facts_.reseed_requested;
  return observed;
}

Result<void> Loop::store(const Identity& identity) {
  auto written = volume_.write_identity(identity);
  if (written) identity_ = identity;
  return written;
}

asio::awaitable<Result<void>> Loop::apply(run::Action action) {
  auto identity = identity_;
  if (const auto* mark = std::get_if<run::WriteMark>(&action)) {
    identity.mark = Mark{.gtid_executed = mark->executed,
                         .at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
                         .writable = mark->writable};
    co_return store(identity);
  }
  if (const auto* uuid = std::get_if<run::WriteServerUuid>(&action)) {
    identity.server_uuid = uuid->server_uuid;
    co_return store(identity);
  }
  if (const auto* latch = std::get_if<run::SetLatch>(&action)) {
    identity.latched = latch->latch;
    record(volume_.paths().history, service_.board(), "latched",
           {{"code", to_string(latch->latch)}, {"gtid_set", memory_.suspect.to_string()}});
    if (auto stored = store(identity); !stored) co_return stored;
    if (latch->latch != Latch::none) co_return Result<void>{};
    auto removed = volume_.remove_request(volume::Request::clear);
    if (removed) volume_facts_.clear_requested = false;  // else it would be done again in each cycle until the volume is looked at
    co_return removed;
  }
  if (const auto* prove = std::get_if<run::ProvePassword>(&action)) co_return co_await prove_password(prove->account);
  mysql::ActContext context;
  context.source_port = setup_.config.mysql.port;
  context.replication_passwords = passwords_.of_replication();
  context.tls_directory = setup_.config.tls.directory;
  context.cluster_id = identity_.cluster_id;
  context.semi_sync_timeout = setup_.config.replication.semi_sync_timeout;
  if (const auto* set = std::get_if<run::SetPassword>(&action)) {
    co_return co_await change_password(set->account, action, std::move(context));
  }
  if (const auto* discard = std::get_if<run::DiscardOldPassword>(&action)) {
    co_return co_await change_password(discard->account, action, std::move(context));
  }
  auto done = co_await mysql::apply(mysql_, action, std::move(context));
  if (done && std::holds_alternative<run::ResetReplicaAll>(action)) {
    identity = identity_;
    identity.replication_reset = true;
    co_return store(identity);
  }
  co_return done;
}

/// A refused password is an answer; the next cycle decides what it means.
asio::awaitable<Result<void>> Loop::prove_password(Account account) {
  const bool root = account == Account::root;
  const auto user = root ? std::string("root") : std::format("ordinal_{}", to_string(account));
  const auto port = root ? std::nullopt : std::optional(setup_.config.mysql.port);
  const auto tried = passwords_.now(account);
  const auto taken = co_await mysql_.takes_password(user, tried, port, prove_limit);
  passwords_.note_proof(account, tried, taken);
  co_return taken ? Result<void>{} : std::unexpected(taken.error());
}

asio::awaitable<Result<void>> Loop::change_password(Account account, run::Action action, mysql::ActContext context) {
  if (passwords_.facts().at(account).proof == run::PasswordFacts::Proof::none) {
    co_return fail(Kind::conflict, std::string(name_of(action)), "the file has changed meanwhile");
  }
  context.account_password = passwords_.now(account);
  auto done = co_await mysql::apply(mysql_, action, std::move(context));
  passwords_.note_act(account, done);
  read_rarely_at_.reset();
  if (done) record(volume_.paths().history, service_.board(), name_of(action), {{"account", to_string(account)}});
  co_return done;
}

asio::awaitable<void> Loop::act(std::vector<run::Action> actions) {
  for (const auto& action : actions) {
    const std::string name(name_of(action));
    ++counters_.actions_total[name];
    const auto done = co_await apply(action);
    if (!done) {
      ++counters_.action_errors_total;
      log::warn("act_failed", {{"act", name}, {"kind", to_string(done.error().kind)}, {"error", done.error().to_string()}});
      break;
    }
    if (!std::holds_alternative<run::WriteMark>(action)) log::info("act", {{"act", name}});
  }
  acting_ = false;
  service_.wake();
}

void Loop::publish(const run::Plan& plan, const run::Observation& observed) {
  auto snapshot = std::make_shared<http::Snapshot>();
  auto& status = snapshot->status;
  status = base_status(setup_, service_.started_at(), observed.now);
  status.state = plan.state;
  status.ready = plan.ready;
  status.reason = plan.reason;
  status.cluster_id = identity_.cluster_id;
  status.volume = volume_status(volume_facts_);
  if (const auto* mysql = std::get_if<run::MysqlFacts>(&facts_)) {
    status.mysql = mysql_status(*mysql, plan.donor_ready);
    status.agent.sample_age_ms = elapsed(mysql->taken_at, observed.now).count();
  }
  status.credentials = passwords_.status();
  status.replication = plan.replication;
  status.semi_sync = plan.semi_sync;
  status.alerts = plan.alerts;
  status.checks = plan.checks;
  if (auto why = run::stuck(observed, donated_last_, setup_.config.mysql.silence_limit)) snapshot->mysql_life = {false, std::move(*why)};
  counters_.peer_errors_total = service_.peers().errors_total;
  snapshot->counters = counters_;
  snapshot->peers = observed.peers;
  snapshot->taken_at = observed.now;
  service_.board().publish(std::move(snapshot));
}

void Loop::tell(const run::Plan& plan, Instant now) {
  std::vector<Code> alerts;
  for (const auto& alert : plan.alerts) alerts.push_back(alert.code);
  const bool same =
      plan.state == told_state_ && plan.reason.code == told_reason_.code && plan.ready == told_ready_ && alerts == told_alerts_;
  if (same && now - told_at_ < 60s) return;
  const bool person = plan.state == State::diverged || plan.state == State::blocked;
  log::event(person ? log::Level::error : log::Level::info, "state",
             {{"cycle", counters_.cycles_total},
              {"state", to_string(plan.state)},
              {"ready", plan.ready},
              {"code", to_string(plan.reason.code)},
              {"reason", plan.reason.text}});
  for (const auto& alert : plan.alerts) log::warn("alert", {{"code", to_string(alert.code)}, {"reason", alert.text}});
  told_state_ = plan.state;
  told_reason_ = plan.reason;
  told_ready_ = plan.ready;
  told_alerts_ = std::move(alerts);
  told_at_ = now;
}

/// Whether the Services have dropped the pod, as far as this agent has seen.
bool Loop::drained(Instant now) {
  if (!service_.board().drain_seen()) {
    drain_seen_at_.reset();
    return false;
  }
  if (!drain_seen_at_) drain_seen_at_ = now;
  return now - *drain_seen_at_ >= service_drops_within;
}

bool Loop::may_end(Instant now) const {
  if (!stopping_since_) return false;
  const auto* unknown = std::get_if<run::MysqlUnknown>(&facts_);
  const bool gone = unknown != nullptr && unknown->why == run::MysqlUnknown::Why::unreachable;
  return gone || (now - *stopping_since_ >= linger && notify_.phase() != run::MysqldPhase::stopping);
}

asio::awaitable<int> Loop::turn() {
  for (;;) {
    ++counters_.cycles_total;
    service_.entering("run: reading MySQL");
    co_await observe_mysql();
    service_.entering("run: looking at the volume");
    const auto now = std::chrono::steady_clock::now();
    measure(now);
    instance_ = mysqld_instance(setup_.config);
    service_.entering("run: deciding");
    const auto observed = observation(now);
    auto plan = run::decide(setup_.policy, observed, memory_);
    // What a running batch keeps from being done must not be remembered as done.
    if (acting_) {
      plan.memory.mark_written_at = memory_.mark_written_at;
      plan.memory.sql_retried_at = memory_.sql_retried_at;
      plan.memory.io_started_at = memory_.io_started_at;
      plan.memory.password_tried_at = memory_.password_tried_at;
    }
    memory_ = std::move(plan.memory);
    publish(plan, observed);
    tell(plan, now);
    if (plan.released) confirm_drain(setup_.config, instance_);
    if (service_.stopping() && !stopping_since_) stopping_since_ = now;
    if (may_end(now)) co_return exit_ok;
    const bool eager = !plan.ready || !plan.actions.empty();
    if (!acting_ && !plan.actions.empty()) {
      acting_ = true;
      asio::co_spawn(service_.io(), act(std::move(plan.actions)), [this](const std::exception_ptr& e) {
        if (!e) return;
        acting_ = false;
        report_exception("act", e);
      });
    }
    service_.ask_every(eager ? 200ms : steady_interval);
    service_.entering("run: waiting");
    co_await service_.pause(eager ? eager_interval : steady_interval);
  }
}

int Loop::run() {
  load_history(volume_.paths().history, service_.board());
  const auto path = (std::filesystem::path(setup_.config.agent.run_directory) / "notify").string();
  if (const auto opened = notify_.open(path); !opened) {
    log::warn("notify_unavailable", {{"error", opened.error().to_string()}});
  } else {
    asio::co_spawn(service_.io(), notify_.listen(), asio::detached);
  }
  return service_.run([this] { return turn(); });
}

}  // namespace

int run() {
  auto start = begin();
  if (!start) return start.error();
  const auto facts = start->volume.facts();
  if (!facts) {
    log::error("cannot_start", {{"error", facts.error().to_string()}});
    return exit_failed;
  }
  const auto* identity = facts->identity_or_null();
  if (identity == nullptr || identity->owner != start->setup.policy.owner || identity->state != VolumeState::provisioned || !facts->data) {
    log::error("cannot_start", {{"error", std::format("{}: the volume is not provisioned for {}; `ordinal init` must run first",
                                                      start->volume.paths().identity.string(), start->setup.policy.owner.to_string())}});
    return exit_failed;
  }
  Loop loop(*start, *identity);
  return loop.run();
}

}  // namespace ordinal::app
