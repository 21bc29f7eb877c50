// The loop of init: look at volume, scratch server and peers, decide, act, show.
#include "app/init.hpp"

#include <cstdlib>
#include <format>
#include <memory>
#include <random>

#include "app/history.hpp"
#include "app/log.hpp"
#include "app/report.hpp"
#include "app/service.hpp"
#include "app/settings_files.hpp"
#include "app/setup.hpp"
#include "app/start.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "config/credentials.hpp"
#include "core/init_decision.hpp"
#include "provision/mysqld.hpp"
#include "provision/scratch.hpp"
#include "provision/user_settings.hpp"
#include "volume/volume.hpp"

namespace ordinal::app {
namespace {

namespace asio = boost::asio;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// The names of pods that start at once appear within this. Asked before, a DNS server that caches remembers that they are missing (RFC
/// 2308), and tells everybody: behind CoreDNS with `cache 30` and `ttl 30` three new pods were ready after 52 s instead of 25.
constexpr auto names_appear_within = 2s;
constexpr auto cycle_interval = 100ms;

Result<Uuid> new_uuid() {
  const auto bytes = random_bytes();
  if (!bytes) return std::unexpected(bytes.error());
  return Uuid::from_random_bytes(*bytes);
}

std::chrono::sys_seconds wall_now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

/// What one `ordinal init` holds while it works. The order of the steps is the decision's; what each step does is here.
class Provisioning {
 public:
  Provisioning(const Setup& setup, config::Credentials credentials, volume::Volume volume)
      : setup_(setup), credentials_(std::move(credentials)), volume_(std::move(volume)), started_at_(std::chrono::steady_clock::now()) {
    std::random_device device;
    jitter_ = std::uniform_real_distribution<>(0, 1)(device);
  }

  /// One look and one decision without any peer: true when that was enough, as it is for every volume that has its data.
  Result<bool> reattach_at_once();
  asio::awaitable<int> loop(Service& service);

 private:
  Result<init::Observation> observe(Instant now);
  Result<void> prepare_scratch();
  init::Plan plan_for(const init::Observation& observation) const;
  Result<void> begin_copy(const init::Observation& observation);
  void refresh_credentials();
  Result<void> act(const init::Rebind&, const init::Observation& observation);
  Result<void> act(const init::ClearLatch&, const init::Observation& observation);
  Result<void> act(const init::FinishRenames&, const init::Observation& observation);
  Result<void> act(const init::Adopt&, const init::Observation& observation);
  Result<void> act(const init::WriteProvisioning&, const init::Observation& observation);
  Result<void> act(const init::ThrowAway&, const init::Observation& observation);
  Result<void> act(const init::StartScratch&, const init::Observation& observation);
  Result<void> act(const init::Initialize&, const init::Observation& observation);
  Result<void> act(const init::Clone& clone, const init::Observation& observation);
  Result<void> act(const init::StopScratch& stop, const init::Observation& observation);
  Result<void> act(const init::Complete&, const init::Observation& observation);
  Result<void> act(const init::Done&, const init::Observation& observation);
  Result<void> apply(const init::Action& action, const init::Observation& observation) {
    return std::visit([&](const auto& step) { return act(step, observation); }, action);
  }
  void sweep(const init::Observation& observation);
  void publish(const init::Plan& plan, const init::Observation& observation);
  void tell(const init::Plan& plan, const init::Observation& observation);
  [[nodiscard]] Identity fresh_identity(VolumeState state) const;

  const Setup& setup_;
  config::Credentials credentials_;
  volume::Volume volume_;
  Instant started_at_;
  double jitter_ = 0;
  Service* service_ = nullptr;
  std::unique_ptr<provision::Scratch> scratch_;
  std::string mysql_version_;
  std::optional<Reason> unusable_;  ///< why the MySQL beside us, or its settings, cannot be used
  init::Clone copying_;             ///< the clone or restore under way
  Uuid new_cluster_id_;             ///< of the initialisation under way
  Instant copy_started_at_{};
  State told_state_ = State::starting;
  Reason told_reason_;
  Instant told_at_{};
  std::uint64_t cycles_ = 0;
};

Identity Provisioning::fresh_identity(VolumeState state) const {
  Identity identity;
  identity.owner = setup_.policy.owner;
  identity.server_id = setup_.policy.server_id;
  identity.state = state;
  return identity;
}

Result<init::Observation> Provisioning::observe(Instant now) {
  // Before the volume is looked at: a copy that the scratch server says is complete must be among what is found there.
  if (scratch_) scratch_->poll(now);
  auto facts = volume_.facts();
  if (!facts) return std::unexpected(facts.error());
  init::Observation observation;
  observation.now = now;
  observation.wall = wall_now();
  observation.started_at = started_at_;
  observation.volume = std::move(*facts);
  if (scratch_) observation.scratch = scratch_->facts();
  if (service_ != nullptr) {
    observation.peers = service_->peers().views;
    observation.peers_asked = service_->peers().asked;
  }
  observation.mysql_version = mysql_version_;
  observation.jitter = jitter_;
  return observation;
}

/// Finds the mysqld of this image; a volume that has its data never needs it here, and is reattached without this cost.
Result<void> Provisioning::prepare_scratch() {
  const auto mysqld = provision::find_mysqld();
  if (!mysqld) return std::unexpected(mysqld.error());
  auto version = provision::mysqld_version(*mysqld);
  if (!version) return std::unexpected(version.error());
  mysql_version_ = std::move(*version);
  provision::ScratchOptions options;
  options.mysqld = *mysqld;
  options.user_directory = setup_.config.mysql.settings_directory;
  options.run_directory = setup_.config.agent.run_directory;
  options.scratch = volume_.paths().scratch;
  options.incoming = volume_.paths().incoming;
  options.trash = volume_.paths().trash;
  options.tmpdir = volume_.paths().tmp;
  options.server_id = setup_.policy.server_id;
  options.on_line = [](std::string_view line) { log::debug("scratch_mysqld", {{"line", line}}); };
  scratch_ = std::make_unique<provision::Scratch>(std::move(options));
  return {};
}

init::Plan Provisioning::plan_for(const init::Observation& observation) const {
  if (unusable_) return {State::refused, *unusable_, {}};
  return init::decide(setup_.policy, observation);
}

Result<void> Provisioning::act(const init::Complete&, const init::Observation& observation) {
  const auto& scratch = observation.scratch;
  if (auto synced = volume_.complete_copy(); !synced) return synced;
  // Syncing may have taken long. What a person took back in that time is not done all the same.
  if (observation.volume.reseed_requested) {
    const auto facts = volume_.facts();
    if (!facts) return std::unexpected(facts.error());
    if (!facts->reseed_requested) return {};
  }
  auto identity = fresh_identity(VolumeState::clone_complete);
  const bool initialized = scratch.donor.empty();
  identity.cluster_id = initialized ? new_cluster_id_ : copying_.cluster_id;
  identity.replication_reset = initialized;
  identity.provisioned = Provisioned{.how = initialized ? ProvisionedHow::initialize : copying_.how,
                                     .donor = scratch.donor,
                                     .at = wall_now(),
                                     .seconds = static_cast<double>(elapsed(copy_started_at_, observation.now).count()) / 1000,
                                     .bytes = scratch.bytes};
  if (auto written = volume_.write_identity(identity); !written) return written;
  record(volume_.paths().history, service_->board(), "provisioned",
         {{"how", to_string(identity.provisioned->how)},
          {"donor", scratch.donor},
          {"seconds", identity.provisioned->seconds},
          {"bytes", scratch.bytes},
          {"cluster_id", identity.cluster_id->to_string()}});
  return {};
}

/// The last step: a new timeline for a first pod, and the files that mysqld starts from.
Result<void> Provisioning::act(const init::Done&, const init::Observation& observation) {
  const auto& identity = *observation.volume.identity_or_null();
  if (auto ready = volume_.prepare_for_server(); !ready) return ready;
  auto written = identity;
  if (setup_.policy.owner.role() == Role::primary) {
    const auto uuid = volume_.new_server_uuid();
    if (!uuid) return std::unexpected(uuid.error());
    written.server_uuid = *uuid;
  }
  written.server_id = setup_.policy.server_id;
  if (written != identity) {
    if (auto stored = volume_.write_identity(written); !stored) return stored;
  }
  return write_settings_files(setup_, credentials_, volume_.paths(), written);
}

/// A pod may have waited for days, in which the Secret changed. What cannot be read now stays as it was.
void Provisioning::refresh_credentials() {
  if (auto today = config::read_credentials(setup_.config.credentials.directory)) credentials_ = *std::move(today);
}

Result<void> Provisioning::begin_copy(const init::Observation& observation) {
  copy_started_at_ = observation.now;
  return volume_.begin_provisioning();
}

Result<void> Provisioning::act(const init::Rebind&, const init::Observation& observation) {
  auto identity = *observation.volume.identity_or_null();
  record(volume_.paths().history, service_->board(), "rebound",
         {{"from", identity.owner.to_string()}, {"to", setup_.policy.owner.to_string()}});
  identity.owner = setup_.policy.owner;
  identity.server_id = setup_.policy.server_id;
  if (observation.volume.data) {
    // The volume may be a copy of one that is in use, and of two servers with one server_uuid the source serves only one.
    const auto uuid = volume_.new_server_uuid();
    if (!uuid) return std::unexpected(uuid.error());
    identity.server_uuid = *uuid;
  }
  if (auto written = volume_.write_identity(identity); !written) return written;
  return volume_.remove_request(volume::Request::rebind);
}

Result<void> Provisioning::act(const init::ClearLatch&, const init::Observation& observation) {
  auto identity = *observation.volume.identity_or_null();
  identity.latched = Latch::none;
  if (auto written = volume_.write_identity(identity); !written) return written;
  return volume_.remove_request(volume::Request::clear);
}

Result<void> Provisioning::act(const init::FinishRenames&, const init::Observation& observation) {
  return volume_.finish_renames(*observation.volume.identity_or_null());
}

Result<void> Provisioning::act(const init::Adopt&, const init::Observation&) {
  const auto cluster_id = new_uuid();
  if (!cluster_id) return std::unexpected(cluster_id.error());
  auto identity = fresh_identity(VolumeState::provisioned);
  identity.cluster_id = *cluster_id;
  identity.replication_reset = false;
  identity.provisioned = Provisioned{.how = ProvisionedHow::adopt, .donor = {}, .at = wall_now(), .seconds = 0, .bytes = 0};
  record(volume_.paths().history, service_->board(), "adopted", {{"cluster_id", cluster_id->to_string()}});
  return volume_.adopt(std::move(identity));
}

Result<void> Provisioning::act(const init::WriteProvisioning&, const init::Observation&) {
  return volume_.write_identity(fresh_identity(VolumeState::provisioning));
}

Result<void> Provisioning::act(const init::ThrowAway&, const init::Observation&) { return volume_.throw_away_leftovers(); }

Result<void> Provisioning::act(const init::StartScratch&, const init::Observation& observation) {
  if (auto begun = begin_copy(observation); !begun) return begun;
  return scratch_->start(observation.now);
}

Result<void> Provisioning::act(const init::Initialize&, const init::Observation& observation) {
  if (auto begun = begin_copy(observation); !begun) return begun;
  refresh_credentials();
  const auto cluster_id = new_uuid();
  if (!cluster_id) return std::unexpected(cluster_id.error());
  new_cluster_id_ = *cluster_id;
  provision::NewCluster cluster{.cluster_id = new_cluster_id_,
                                .made_at = wall_now(),
                                .root = credentials_.root,
                                .agent = credentials_.agent,
                                .replication = credentials_.replication,
                                .clone = credentials_.clone,
                                .application = {}};
  if (const auto& given = credentials_.application)
    cluster.application = provision::Application{given->user, given->password, given->database};
  return scratch_->initialize(observation.now, cluster);
}

Result<void> Provisioning::act(const init::Clone& clone, const init::Observation& observation) {
  refresh_credentials();
  copying_ = clone;
  copy_started_at_ = observation.now;
  log::info("clone_started", {{"donor", clone.donor}, {"host", clone.host}, {"expected_bytes", clone.expected_bytes}});
  provision::CloneSource source;
  source.host = clone.host;
  source.port = setup_.config.mysql.port;
  source.password = credentials_.clone;
  source.destination = volume_.paths().incoming;
  source.require_tls = setup_.config.clone.require_tls;
  if (!setup_.config.tls.directory.empty()) source.tls_directory = setup_.config.tls.directory;
  source.compression = setup_.config.clone.compression;
  return scratch_->clone(observation.now, clone.donor, std::move(source));
}

Result<void> Provisioning::act(const init::StopScratch& stop, const init::Observation&) {
  log::warn("copy_stopped", {{"why", stop.why}});
  scratch_->stop(stop.why);
  return {};
}

/// Removing takes minutes for a large copy; what is left when init ends is removed by `run`.
void Provisioning::sweep(const init::Observation& observation) {
  const auto* identity = observation.volume.identity_or_null();
  if (identity == nullptr || identity->owner != setup_.policy.owner) return;
  if (observation.volume.trash) volume_.sweep();
  if (const auto error = volume_.take_sweep_error()) log::warn("trash_not_removed", {{"error", error->to_string()}});
}

void Provisioning::publish(const init::Plan& plan, const init::Observation& observation) {
  auto snapshot = std::make_shared<http::Snapshot>();
  auto& status = snapshot->status;
  status = base_status(setup_, started_at_, observation.now);
  status.state = plan.state;
  status.reason = plan.reason;
  status.volume = volume_status(observation.volume);
  if (const auto* identity = observation.volume.identity_or_null()) status.cluster_id = identity->cluster_id;
  const auto copy_seconds = static_cast<double>(elapsed(copy_started_at_, observation.now).count()) / 1000;
  status.clone = clone_status(observation.scratch, copy_seconds);
  status.checks.push_back({"provisioned", false, plan.reason});
  snapshot->counters.cycles_total = cycles_;
  snapshot->counters.peer_errors_total = service_->peers().errors_total;
  if (observation.scratch.phase == init::ScratchFacts::Phase::copying) snapshot->counters.clone_seconds = copy_seconds;
  snapshot->peers = observation.peers;
  snapshot->taken_at = observation.now;
  service_->board().publish(std::move(snapshot));
}

/// A state is logged when it changes, and once a minute. A refusal goes into the volume's history only where the volume is ours.
void Provisioning::tell(const init::Plan& plan, const init::Observation& observation) {
  const bool same = plan.state == told_state_ && plan.reason.code == told_reason_.code;
  if (same && observation.now - told_at_ < 60s) return;
  const auto level = plan.state == State::refused ? log::Level::error : log::Level::info;
  log::event(level, "state", {{"state", to_string(plan.state)}, {"code", to_string(plan.reason.code)}, {"reason", plan.reason.text}});
  const auto* identity = observation.volume.identity_or_null();
  if (!same && plan.state == State::refused && identity != nullptr && identity->owner == setup_.policy.owner) {
    record(volume_.paths().history, service_->board(), "refused", {{"code", to_string(plan.reason.code)}, {"reason", plan.reason.text}});
  }
  told_state_ = plan.state;
  told_reason_ = plan.reason;
  told_at_ = observation.now;
}

Result<bool> Provisioning::reattach_at_once() {
  auto observation = observe(started_at_);
  if (!observation) return std::unexpected(observation.error());
  const auto settings = provision::check_user_settings(server_settings(setup_, volume_.paths()));
  for (const auto& warning : settings.warnings) log::warn("setting_without_effect", {{"what", warning}});
  if (!settings.refused.empty()) {
    std::vector<std::string> sentences;
    for (const auto& error : settings.refused) sentences.push_back(error.where + ": " + error.detail);
    unusable_ = reason(Code::SETTINGS_REFUSED, join(sentences, "; "));
  }
  const auto plan = plan_for(*observation);
  if (plan.actions.empty() || !std::holds_alternative<init::Done>(plan.actions.front())) return false;
  if (auto done = apply(plan.actions.front(), *observation); !done) return std::unexpected(done.error());
  log::info("reattached", {{"pod", setup_.policy.owner.pod.to_string()},
                           {"code", to_string(plan.reason.code)},
                           {"reason", plan.reason.text},
                           {"milliseconds", elapsed(started_at_, std::chrono::steady_clock::now()).count()}});
  return true;
}

asio::awaitable<int> Provisioning::loop(Service& service) {
  service_ = &service;
  load_history(volume_.paths().history, service.board());
  if (auto prepared = prepare_scratch(); !prepared) {
    // An image without a usable mysqld stays what it is. All else may be better at the next start, which is tried by itself.
    if (prepared.error().kind != Kind::bad_config && prepared.error().kind != Kind::protocol) {
      log::error("step_failed", {{"error", prepared.error().to_string()}});
      co_return exit_failed;
    }
    if (!unusable_) unusable_ = reason(Code::MYSQL_VERSION_UNSUPPORTED, prepared.error().to_string());
  }
  while (!service.stopping()) {
    ++cycles_;
    service.entering("init: looking at the volume");
    auto observation = observe(std::chrono::steady_clock::now());
    if (!observation) {
      log::error("volume_unreadable", {{"error", observation.error().to_string()}});
      co_return exit_failed;
    }
    sweep(*observation);
    const auto plan = plan_for(*observation);
    publish(plan, *observation);
    tell(plan, *observation);
    for (const auto& action : plan.actions) {
      service.entering("init: acting");
      if (auto applied = apply(action, *observation); !applied) {
        log::error("step_failed", {{"state", to_string(plan.state)}, {"error", applied.error().to_string()}});
        co_return exit_failed;
      }
      if (std::holds_alternative<init::Done>(action)) co_return exit_ok;
    }
    service.entering("init: waiting");
    co_await service.pause(plan.actions.empty() ? cycle_interval : 0ms);
  }
  log::info("stopped", {{"reason", "SIGTERM"}});
  co_return exit_failed;
}

}  // namespace

int init() {
  auto start = begin();
  if (!start) return start.error();
  Provisioning provisioning(start->setup, std::move(start->credentials), std::move(start->volume));
  const auto reattached = provisioning.reattach_at_once();
  if (!reattached) {
    log::error("step_failed", {{"error", reattached.error().to_string()}});
    return exit_failed;
  }
  if (*reattached) return exit_ok;
  Service service(start->setup, names_appear_within);
  return service.run([&] { return provisioning.loop(service); });
}

}  // namespace ordinal::app
