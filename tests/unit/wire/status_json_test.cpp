// The JSON of /status, there and back, and from liars.
#include "wire/status_json.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <format>
#include <limits>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace ordinal;

namespace {

constexpr auto uuid_text = "5f0c1111-2222-3333-4444-555566667777";

/// A status in which every field differs from its default.
Status full_status() {
  const auto set = [](const char* text) { return GtidSet::parse(text).value(); };
  Status status;
  status.owner = {.name_space = "shop", .pod = {"db", 11}, .first_ordinal = 10};
  status.pod_ip = "10.1.2.3";
  status.state = State::catching_up;
  status.ready = true;
  status.reason = {Code::LAG_TOO_HIGH, "The data may be 12 s old \"at most\".\n\t\xe2\x82\xac"};
  status.cluster_id = Uuid::parse(uuid_text);
  status.volume = {.answer = VolumeAnswer::has_data,
                   .state = "provisioned",
                   .how = ProvisionedHow::clone,
                   .donor = "db-10",
                   .bytes = 958'398'464,
                   .provisioned_at = "2026-11-22T11:20:59Z",
                   .data_bytes = std::numeric_limits<std::uint64_t>::max(),
                   .free_bytes = 7};
  status.mysql = MysqlStatus{.version = "9.7.4",
                             .server_uuid = *Uuid::parse(uuid_text),
                             .gtid_executed = set("5f0c1111-2222-3333-4444-555566667777:1-5:tag:1-9223372036854775806"),
                             .gtid_received = set("5f0c1111-2222-3333-4444-555566667777:6"),
                             .gtid_purged = set("5f0c1111-2222-3333-4444-555566667777:1"),
                             .open = true,
                             .donor_ready = true,
                             .read_only = false,
                             .super_read_only = false,
                             .clone_plugin = true};
  status.replication = ReplicationStatus{.source = "db-10",
                                         .io = ThreadState::connecting,
                                         .sql = ThreadState::on,
                                         .lag_seconds = 0.4,
                                         .behind_transactions = 3,
                                         .source_silence_seconds = 1.25,
                                         .errant = "5f0c1111-2222-3333-4444-555566667777:9",
                                         .error = "\"quoted\""};
  status.clone = CloneStatus{.donor = "db-10", .bytes_done = 1, .bytes_estimated = 2, .bytes_per_second = 3, .eta_seconds = 4.5};
  status.credentials = CredentialStatus{.replication = 65'535, .clone = 1};
  status.semi_sync = SemiSync::degraded;
  status.alerts = {{Code::PEER_ERRANT, "db-12 has transactions of its own."}, {Code::SEMI_SYNC_DEGRADED, "Nobody acknowledges."}};
  status.checks = {{"replication", true, {}}, {"lag", false, {Code::LAG_TOO_HIGH, "12 s"}}};
  status.agent = {.version = "0.1.0", .uptime_seconds = 3.5, .loop_age_ms = 120, .sample_age_ms = 90};
  return status;
}

/// The JSON of `full_status` after `change`.
template <class Change>
std::string changed(Change change) {
  auto value = json::parse(to_json(full_status())).as_object();
  change(value);
  return json::serialize(value);
}

/// The JSON of `full_status` with the text `old` replaced.
std::string with_text(std::string_view old, std::string_view replacement) {
  auto text = to_json(full_status());
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), replacement);
}

/// The sentence with which `text` is refused.
std::string refusal_of(std::string_view text) {
  const auto status = parse_status(text);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().kind == Kind::protocol);
  return status.error().detail;
}

/// Every path to a member of an object: {"mysql","open"}, …
void collect_paths(const json::object& object, std::vector<std::string>& path, std::vector<std::vector<std::string>>& paths) {
  for (const auto& [key, value] : object) {
    path.emplace_back(key);
    paths.push_back(path);
    if (value.is_object()) collect_paths(value.get_object(), path, paths);
    path.pop_back();
  }
}

std::vector<std::vector<std::string>> all_paths() {
  std::vector<std::string> path;
  std::vector<std::vector<std::string>> paths;
  collect_paths(json::parse(to_json(full_status())).as_object(), path, paths);
  return paths;
}

json::object& parent_of(json::object& object, const std::vector<std::string>& path) {
  auto* parent = &object;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) parent = &parent->at(path[i]).as_object();
  return *parent;
}

}  // namespace

TEST_CASE("status_json: a status with everything in it survives a round trip") {
  const auto text = to_json(full_status());
  const auto status = parse_status(text);
  REQUIRE(status.has_value());
  CHECK(to_json(*status) == text);
  CHECK(status->owner == full_status().owner);
  CHECK(status->state == State::catching_up);
  CHECK(status->ready);
  CHECK(status->reason == full_status().reason);
  CHECK(status->cluster_id == full_status().cluster_id);
  CHECK(status->volume.how == ProvisionedHow::clone);
  CHECK(status->volume.data_bytes == std::numeric_limits<std::uint64_t>::max());
  CHECK(status->mysql->gtid_executed == full_status().mysql->gtid_executed);
  CHECK_FALSE(status->mysql->super_read_only);
  CHECK(status->replication->io == ThreadState::connecting);
  CHECK(status->replication->lag_seconds == 0.4);
  CHECK(status->replication->errant == full_status().replication->errant);
  CHECK(status->clone->eta_seconds == 4.5);
  CHECK(status->credentials->replication == 65'535);
  CHECK(status->credentials->clone == 1);
  CHECK(status->semi_sync == SemiSync::degraded);
  CHECK(status->alerts == full_status().alerts);
  REQUIRE(status->checks.size() == 2);
  CHECK(status->checks[1].reason.code == Code::LAG_TOO_HIGH);
  CHECK(status->agent.sample_age_ms == 90);
}

TEST_CASE("status_json: what is unknown stays unknown in a round trip") {
  Status empty;
  empty.owner = {.name_space = "shop", .pod = {"db", 0}, .first_ordinal = 0};
  const auto text = to_json(empty);
  const auto status = parse_status(text);
  REQUIRE(status.has_value());
  CHECK(to_json(*status) == text);
  CHECK_FALSE(status->cluster_id);
  CHECK_FALSE(status->mysql);
  CHECK_FALSE(status->replication);
  CHECK_FALSE(status->clone);
  CHECK_FALSE(status->credentials);
  CHECK_FALSE(status->volume.how);
  CHECK(status->volume.answer == VolumeAnswer::unknown);
}

TEST_CASE("status_json: the keys are those of the design") {
  const auto value = json::parse(to_json(full_status())).as_object();
  CHECK(value.at("schema") == 1);
  CHECK(value.at("namespace") == "shop");
  CHECK(value.at("statefulset") == "db");
  CHECK(value.at("first_ordinal") == 10);
  CHECK(value.at("pod") == "db-11");
  CHECK(value.at("ordinal") == 11);
  CHECK(value.at("role") == "replica");
  CHECK(value.at("state") == "catching_up");
  CHECK(value.at("reason").at("code") == "LAG_TOO_HIGH");
  CHECK(value.at("volume").at("answer") == "has_data");
  CHECK(value.at("replication").at("io") == "CONNECTING");
  CHECK(value.at("alerts").at(0).at("code") == "PEER_ERRANT");
  CHECK(value.at("checks").at(0) == json::object{{"name", "replication"}, {"ok", true}});
}

TEST_CASE("status_json: each missing key is refused by name, or means that the thing is unknown") {
  const std::vector<std::string> optional{"cluster_id",
                                          "mysql",
                                          "replication",
                                          "clone",
                                          "volume.how",
                                          "replication.lag_seconds",
                                          "replication.source_silence_seconds",
                                          "clone.eta_seconds",
                                          "credentials"};
  for (const auto& path : all_paths()) {
    std::string name;
    for (const auto& part : path) name += (name.empty() ? "" : ".") + part;
    CAPTURE(name);
    const auto text = changed([&](json::object& value) { parent_of(value, path).erase(path.back()); });
    if (std::ranges::find(optional, name) != optional.end()) {
      CHECK(parse_status(text).has_value());
    } else {
      CHECK(refusal_of(text).starts_with(name));
    }
  }
}

TEST_CASE("status_json: a key of another type is refused by name") {
  const std::vector<json::value> values{
      nullptr, true, -1, 1.5, 1e300, "x", json::array{}, json::array{1}, json::object{}, json::object{{"x", 1}}};
  for (const auto& path : all_paths()) {
    for (const auto& replacement : values) {
      CAPTURE(path.back());
      CAPTURE(json::serialize(replacement));
      bool same_kind = false;
      const auto text = changed([&](json::object& value) {
        auto& member = parent_of(value, path).at(path.back());
        same_kind = member.kind() == replacement.kind() || (member.is_number() && replacement.is_number());
        member = replacement;
      });
      if (!same_kind) CHECK(refusal_of(text).find(path.back()) != std::string::npos);
      if (same_kind) static_cast<void>(parse_status(text));  // must not crash, whatever it says
    }
  }
}

TEST_CASE("status_json: numbers out of bounds are refused") {
  for (const auto* number : {"-1", "1.5", "1e400", "-1e400", "18446744073709551616", "99999999999999999999999999", "1000000000001"}) {
    CAPTURE(number);
    CHECK(refusal_of(with_text(R"("sample_age_ms":90)", std::format(R"("sample_age_ms":{})", number))).starts_with("agent.sample_age_ms"));
  }
  for (const auto* number : {"-0.1", "1e400", "1e11", "18446744073709551615"}) {
    CAPTURE(number);
    CHECK(
        refusal_of(with_text(R"("lag_seconds":4E-1)", std::format(R"("lag_seconds":{})", number))).starts_with("replication.lag_seconds"));
  }
  CHECK(refusal_of(with_text(R"("ordinal":11)", R"("ordinal":1000000)")).starts_with("ordinal"));
  CHECK(refusal_of(with_text(R"("ordinal":11)", R"("ordinal":4294967307)")).starts_with("ordinal"));
  CHECK(refusal_of(with_text(R"("bytes":958398464)", R"("bytes":NaN)")).starts_with("it is not JSON"));
}

TEST_CASE("status_json: a status of another schema is refused, unknown keys are not") {
  CHECK(refusal_of(with_text(R"("schema":1)", R"("schema":2)")).find("schema is 2") != std::string::npos);
  CHECK(refusal_of(with_text(R"("schema":1)", R"("schema":"1")")).starts_with("schema"));
  CHECK(refusal_of(with_text(R"("schema":1)", R"("schema":0)")).starts_with("schema"));
  CHECK(parse_status(with_text(R"("schema":1)", R"("schema":1,"later":{"deep":[[1],{"x":null}]})")).has_value());
}

TEST_CASE("status_json: names that a newer agent may use are taken as the least certain ones") {
  CHECK(parse_status(with_text(R"("state":"catching_up")", R"("state":"levitating")")).value().state == State::starting);
  CHECK(parse_status(with_text(R"("answer":"has_data")", R"("answer":"perhaps")")).value().volume.answer == VolumeAnswer::unknown);
  CHECK_FALSE(parse_status(with_text(R"("how":"clone")", R"("how":"magic")")).value().volume.how);
  const auto reason = parse_status(with_text(R"("code":"LAG_TOO_HIGH")", R"("code":"NEWER")")).value().reason;
  CHECK(reason.code == Code::AGENT_STARTING);
  CHECK(reason.text.starts_with("NEWER: The data"));
  CHECK(refusal_of(with_text(R"("io":"CONNECTING")", R"("io":"connecting")")).starts_with("replication.io"));
  CHECK(refusal_of(with_text(R"("semi_sync":"degraded")", R"("semi_sync":"DEGRADED")")).starts_with("semi_sync"));
}

TEST_CASE("status_json: a pod that contradicts itself is refused") {
  CHECK(refusal_of(with_text(R"("pod":"db-11")", R"("pod":"db-12")")).starts_with("pod"));
  CHECK(refusal_of(with_text(R"("pod":"db-11")", R"("pod":"")")).starts_with("pod"));
  CHECK(refusal_of(with_text(R"("statefulset":"db")", R"("statefulset":"other")")).starts_with("pod"));
  CHECK(refusal_of(with_text(R"("role":"replica")", R"("role":"primary")")).starts_with("role"));
}

TEST_CASE("status_json: malformed sets and UUIDs are refused") {
  CHECK(refusal_of(with_text(R"("gtid_purged":"5f0c)", R"("gtid_purged":"zf0c)")).starts_with("mysql.gtid_purged"));
  CHECK(refusal_of(with_text(R"("errant":"5f0c)", R"("errant":"zf0c)")).starts_with("replication.errant"));
  CHECK(refusal_of(with_text(R"("cluster_id":"5f0c)", R"("cluster_id":"f0c)")).starts_with("cluster_id"));
}

TEST_CASE("status_json: lists and texts are bounded when read") {
  CHECK(refusal_of(changed([](json::object& value) { value["alerts"] = json::array(65, json::object()); })).starts_with("alerts"));
  CHECK(refusal_of(changed([](json::object& value) { value["checks"] = json::array{1}; })).starts_with("checks"));
  CHECK(refusal_of(changed([](json::object& value) { value["pod_ip"] = std::string(4097, 'x'); })).starts_with("pod_ip"));
  CHECK(refusal_of(std::string(wire::status_bytes_max + 1, ' ')).find("longer") != std::string::npos);
}

TEST_CASE("status_json: what is written keeps the bounds of what is read") {
  auto status = full_status();
  status.reason.text = std::string(4095, 'x') + "\xe2\x82\xac";
  status.replication->error = "caf\xe9 \xff\xc0\x80 \xed\xa0\x80";
  status.replication->lag_seconds = std::numeric_limits<double>::quiet_NaN();
  status.replication->source_silence_seconds = -1;
  status.agent.uptime_seconds = std::numeric_limits<double>::infinity();
  status.agent.loop_age_ms = -5;
  status.agent.sample_age_ms = std::numeric_limits<std::int64_t>::max();
  status.alerts.assign(100, {Code::FORKED, ""});
  const auto read = parse_status(to_json(status));
  REQUIRE(read.has_value());
  CHECK(read->reason.text == std::string(4095, 'x'));
  CHECK(read->replication->error.starts_with("caf\xef\xbf\xbd "));
  CHECK(read->replication->lag_seconds == wire::seconds_max);
  CHECK(read->replication->source_silence_seconds == 0);
  CHECK(read->agent.loop_age_ms == 0);
  CHECK(read->agent.sample_age_ms == wire::age_ms_max);
  CHECK(read->alerts.size() == wire::list_entries_max);
}

TEST_CASE("status_json: a status cut at any byte is refused") {
  const auto text = to_json(full_status());
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    REQUIRE_FALSE(parse_status(std::string_view(text).substr(0, length)).has_value());
  }
}

TEST_CASE("status_json: any byte may be any other without harm") {
  const auto text = to_json(full_status());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char byte : {'\0', '\xff', '"', '{', ']', '9', '-', '\\', 'e'}) {
      auto damaged = text;
      damaged[at] = byte;
      const auto status = parse_status(damaged);
      if (!status) REQUIRE(status.error().kind == Kind::protocol);
    }
  }
}

TEST_CASE("status_json: what is no JSON object is refused") {
  using namespace std::string_literals;
  for (const auto& text : {""s, " "s, "null"s, "[]"s, "1"s, "\"x\""s, "{}x"s, "{'a':1}"s, "{\"a\":1,}"s, "// c\n{}"s, "\0"s,
                           "{\"a\":\"\0\"}"s, "{\"a\":\"\xff\"}"s, "{\"a\":\"\\ud800\"}"s, "\xef\xbb\xbf{}"s, std::string(100'000, '['),
                           "{\"schema\":1,\"x\":" + std::string(1'000, '[') + std::string(1'000, ']') + "}"}) {
    CAPTURE(text.substr(0, 20));
    CHECK(refusal_of(text).starts_with("it is not"));
  }
  CHECK(refusal_of("{}").starts_with("schema is missing"));
}

TEST_CASE("status_json: json_text quotes anything into one valid string") {
  CHECK(json_text("a \"b\"\n") == R"("a \"b\"\n")");
  CHECK(json::parse(json_text("\xff")).as_string() == "\xef\xbf\xbd");
}
