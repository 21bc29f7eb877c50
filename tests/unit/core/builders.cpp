// The builders of observations for the tests of decisions.
#include "core/builders.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace ordinal::test {

Uuid uuid(char digit) {
  std::string text = "00000000-0000-0000-0000-000000000000";
  std::ranges::replace(text, '0', digit);
  return Uuid::parse(text).value();
}

GtidSet gtids(std::string_view text) {
  std::vector<std::string> parts;
  for (const auto part : split(text, ',')) {
    if (!part.empty()) parts.push_back(uuid(part.front()).to_string() + std::string(part.substr(1)));
  }
  return GtidSet::parse(join(parts, ",")).value();
}

Policy policy(std::uint32_t n, std::uint32_t replicas) {
  Policy policy;
  policy.owner = {.name_space = "shop", .pod = {"db", n}, .first_ordinal = 0};
  policy.replicas = replicas;
  policy.server_id = 100 + n;
  return policy;
}

std::string host(std::uint32_t n) { return "db-" + std::to_string(n) + ".db.shop.svc.cluster.local"; }

namespace {

char digit_of(std::uint32_t n) { return static_cast<char>('0' + n); }

std::vector<PeerView> others(std::uint32_t n) {
  std::vector<PeerView> peers;
  for (std::uint32_t other = 0; other < 3; ++other) {
    if (other != n) peers.push_back(peer(other));
  }
  return peers;
}

}  // namespace

Peer::Peer(std::uint32_t n) {
  view_.pod = {"db", n};
  view_.host = host(n);
  view_.last = PeerAnswer{};
  status().owner = policy(n).owner;
  at(now);
  answers(VolumeAnswer::never_provisioned).in(n == 0 ? State::waiting_for_peers : State::waiting_for_donor, Code::DONOR_UNAVAILABLE);
}

Peer& Peer::holds(std::string_view executed) {
  answers(VolumeAnswer::has_data).cluster('c').in(State::serving, Code::OK);
  MysqlStatus mysql;
  mysql.version = "9.7.4";
  mysql.server_uuid = uuid(digit_of(view_.pod.ordinal));
  mysql.gtid_executed = gtids(executed);
  mysql.donor_ready = true;
  mysql.clone_plugin = true;
  status().mysql = std::move(mysql);
  status().volume.data_bytes = 1ULL << 30U;
  return *this;
}

Peer& Peer::received(std::string_view set) {
  mysql().gtid_received = gtids(set);
  return *this;
}

Peer& Peer::purged(std::string_view set) {
  mysql().gtid_purged = gtids(set);
  return *this;
}

Peer& Peer::open() {
  mysql().open = true;
  mysql().read_only = mysql().super_read_only = false;
  return *this;
}

Peer& Peer::fetches_from(std::uint32_t n) {
  status().replication = ReplicationStatus{.source = policy(n).owner.pod.to_string(), .io = ThreadState::on};
  return *this;
}

Peer& Peer::not_donor() {
  mysql().donor_ready = false;
  return *this;
}

Peer& Peer::answers(VolumeAnswer answer) {
  status().volume.answer = answer;
  status().mysql.reset();
  return *this;
}

Peer& Peer::in(State state, Code code) {
  status().state = state;
  status().reason = reason(code);
  return *this;
}

Peer& Peer::cluster(char digit) {
  status().cluster_id = uuid(digit);
  return *this;
}

Peer& Peer::silent(std::string why) {
  answers_ = false;
  view_.why_silent = std::move(why);
  return *this;
}

Peer& Peer::never_heard() {
  silent("no such host");
  view_.last.reset();
  return *this;
}

Peer& Peer::missing_for(Milliseconds span) {
  view_.missing_since = now - span;
  return *this;
}

Peer& Peer::at(Instant instant) {
  view_.last->sent_at = view_.last->received_at = instant;
  return *this;
}

Peer::operator PeerView() const {
  auto view = view_;
  if (answers_) view.answer = view.last;
  return view;
}

Identity identity(std::uint32_t n, VolumeState state) {
  Identity identity;
  identity.owner = policy(n).owner;
  identity.server_id = 100 + n;
  identity.state = state;
  if (state != VolumeState::provisioning) {
    identity.cluster_id = uuid('c');
    identity.provisioned = Provisioned{.how = n == 0 ? ProvisionedHow::initialize : ProvisionedHow::clone};
  }
  return identity;
}

std::string steps(const init::Plan& plan) {
  constexpr std::array<std::string_view, std::variant_size_v<init::Action>> names{
      "rebind",        "clear_latch", "finish_renames", "adopt",        "write_provisioning", "throw_away",
      "start_scratch", "initialize",  "clone",          "stop_scratch", "complete",           "done"};
  std::vector<std::string> words;
  for (const auto& action : plan.actions) {
    words.emplace_back(names.at(action.index()));
    if (const auto* clone = std::get_if<init::Clone>(&action)) words.back() += " " + clone->donor;
  }
  return join(words, ", ");
}

std::string steps(const run::Plan& plan) {
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
  std::vector<std::string> words;
  for (const auto& action : plan.actions) {
    words.emplace_back(names.at(action.index()));
    if (const auto* change = std::get_if<run::ChangeSource>(&action)) words.back() += " " + change->host.substr(0, change->host.find('.'));
  }
  return join(words, ", ");
}

std::string alerts(const run::Plan& plan) {
  std::vector<std::string> words;
  for (const auto& alert : plan.alerts) words.emplace_back(to_string(alert.code));
  return join(words, ", ");
}

std::string failed_checks(const run::Plan& plan) {
  std::vector<std::string> words;
  for (const auto& check : plan.checks) {
    if (!check.ok) words.push_back(check.name);
  }
  return join(words, ", ");
}

InitWorld::InitWorld(std::uint32_t n) : policy(test::policy(n)) {
  o.now = o.started_at = now;
  o.volume.free_bytes = 100ULL << 30U;
  o.peers = others(n);
  o.peers_asked = true;
  o.mysql_version = "9.7.4";
  o.jitter = 0.5;  // makes each wait the nominal one
}

InitWorld& InitWorld::with_data() {
  o.volume.identity = test::identity(policy.owner.pod.ordinal, VolumeState::provisioned);
  o.volume.data = true;
  return *this;
}

InitWorld& InitWorld::copying_from(std::uint32_t donor, Milliseconds ago) {
  if (std::holds_alternative<std::monostate>(o.volume.identity)) {
    o.volume.identity = test::identity(policy.owner.pod.ordinal, VolumeState::provisioning);
  }
  o.volume.incoming = true;
  o.scratch.phase = init::ScratchFacts::Phase::copying;
  o.scratch.donor = policy.pod(donor).to_string();
  o.scratch.reads_statements = true;
  o.scratch.last_progress_at = now - ago;
  return *this;
}

InitWorld& InitWorld::failed(std::string error, std::uint32_t failures, Milliseconds ago) {
  o.scratch.phase = init::ScratchFacts::Phase::failed;
  o.scratch.error = std::move(error);
  o.scratch.failures = failures;
  o.scratch.ended_at = now - ago;
  return *this;
}

RunWorld::RunWorld(std::uint32_t n) : policy(test::policy(n)) {
  o.now = now;
  o.started_at = now - 1h;
  o.identity = test::identity(n, VolumeState::provisioned);
  o.identity.server_uuid = uuid(digit_of(n));
  o.peers = others(n);
  o.peers_asked = true;
  o.phase = run::MysqldPhase::ready;
  run::MysqlFacts facts;
  facts.taken_at = now;
  facts.version = "9.7.4";
  facts.server_uuid = uuid(digit_of(n));
  facts.clone_plugin = true;
  facts.cluster = {.kind = run::ClusterRow::Kind::present, .cluster_id = uuid('c')};
  facts.semi_sync.replica_enabled = true;
  o.mysql = std::move(facts);
  memory.mark_written_at = now;
}

run::Plan RunWorld::decide() {
  auto plan = run::decide(policy, o, memory);
  memory = plan.memory;
  return plan;
}

run::Plan RunWorld::decide_after(Milliseconds span) {
  o.now += span;
  if (auto* facts = std::get_if<run::MysqlFacts>(&o.mysql)) facts->taken_at = o.now;
  for (auto& view : o.peers) {
    if (!view.answer) continue;
    view.answer->sent_at = view.answer->received_at = o.now;
    view.last = view.answer;
  }
  return decide();
}

PeerView& RunWorld::peer(std::uint32_t n) { return *std::ranges::find(o.peers, policy.pod(n), &PeerView::pod); }

RunWorld& RunWorld::executed(std::string_view set) {
  mysql().executed = gtids(set);
  return *this;
}

RunWorld& RunWorld::mark(std::string_view set) {
  o.identity.mark = Mark{.gtid_executed = gtids(set)};
  return *this;
}

RunWorld serving_replica() {
  RunWorld world(1);
  world.executed("a:1-5").mark("a:1-5");
  world.peer(0) = test::peer(0).holds("a:1-5").open();
  world.peer(2) = test::peer(2).holds("a:1-5");
  run::ReplicaFacts replica;
  replica.source_host = host(0);
  replica.source_user = "ordinal_replication";
  replica.auto_position = replica.ssl = true;
  replica.connect_retry_seconds = 1;
  replica.retry_count = 1;
  replica.io = replica.sql = ThreadState::on;
  world.mysql().replica = std::move(replica);
  world.memory.own.push_back({now - 1s, gtids("a:1-5")});
  return world;
}

RunWorld closed_primary() {
  RunWorld world(0);
  world.executed("a:1-5").mark("a:1-5");
  world.mysql().semi_sync = {.replica_enabled = true};
  world.peer(1) = test::peer(1).holds("a:1-5");
  world.peer(2) = test::peer(2).holds("a:1-5");
  return world;
}

RunWorld open_primary() {
  auto world = closed_primary();
  world.mysql().read_only = world.mysql().super_read_only = false;
  world.mysql().event_scheduler = true;
  world.mysql().semi_sync = {.source_enabled = true, .source_active = true, .clients = 2, .replica_enabled = true};
  return world;
}

}  // namespace ordinal::test
