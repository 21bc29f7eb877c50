// Writing and reading /status with Boost.JSON. Reading collects the first thing that is wrong and goes on with defaults, so that each part
// of the status is read by straight-line code; what was read counts only when nothing was wrong.
#include "wire/status_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <concepts>
#include <format>
#include <utility>

#include "base/text.hpp"

namespace ordinal {

namespace {

namespace json = boost::json;
using namespace wire;

json::string text_value(std::string_view text, std::size_t bytes_max = text_bytes_max) { return json::string(valid_utf8(text, bytes_max)); }

json::string gtid_value(const GtidSet& set) { return json::string(set.to_string()); }

double seconds_value(double seconds) { return std::isfinite(seconds) ? std::clamp(seconds, 0.0, seconds_max) : seconds_max; }

std::int64_t age_value(std::int64_t age_ms) { return std::clamp<std::int64_t>(age_ms, 0, age_ms_max); }

json::object to_value(const Reason& reason) { return {{"code", to_string(reason.code)}, {"text", text_value(reason.text)}}; }

json::object to_value(const VolumeStatus& volume) {
  json::object value{{"answer", to_string(volume.answer)}, {"state", text_value(volume.state)}};
  if (volume.how) value["how"] = to_string(*volume.how);
  value["data_bytes"] = volume.data_bytes;
  value["donor"] = text_value(volume.donor);
  value["bytes"] = volume.bytes;
  value["provisioned_at"] = text_value(volume.provisioned_at);
  value["free_bytes"] = volume.free_bytes;
  return value;
}

json::object to_value(const MysqlStatus& mysql) {
  return {{"version", text_value(mysql.version)},
          {"server_uuid", mysql.server_uuid.to_string()},
          {"gtid_executed", gtid_value(mysql.gtid_executed)},
          {"gtid_received", gtid_value(mysql.gtid_received)},
          {"gtid_purged", gtid_value(mysql.gtid_purged)},
          {"open", mysql.open},
          {"donor_ready", mysql.donor_ready},
          {"read_only", mysql.read_only},
          {"super_read_only", mysql.super_read_only},
          {"clone_plugin", mysql.clone_plugin}};
}

json::object to_value(const ReplicationStatus& replication) {
  json::object value{{"source", text_value(replication.source)}, {"io", to_string(replication.io)}, {"sql", to_string(replication.sql)}};
  if (replication.lag_seconds) value["lag_seconds"] = seconds_value(*replication.lag_seconds);
  value["behind_transactions"] = replication.behind_transactions;
  if (replication.source_silence_seconds) value["source_silence_seconds"] = seconds_value(*replication.source_silence_seconds);
  value["errant"] = text_value(replication.errant, GtidSet::text_bytes_max);
  value["error"] = text_value(replication.error);
  return value;
}

json::object to_value(const CloneStatus& clone) {
  json::object value{{"donor", text_value(clone.donor)},
                     {"bytes_done", clone.bytes_done},
                     {"bytes_estimated", clone.bytes_estimated},
                     {"bytes_per_second", clone.bytes_per_second}};
  if (clone.eta_seconds) value["eta_seconds"] = seconds_value(*clone.eta_seconds);
  return value;
}

json::object to_value(const CredentialStatus& credentials) {
  return {{"replication", credentials.replication}, {"clone", credentials.clone}};
}

json::object to_value(const Check& check) {
  json::object value{{"name", text_value(check.name)}, {"ok", check.ok}};
  if (!check.ok) value["reason"] = to_value(check.reason);
  return value;
}

json::object to_value(const AgentStatus& agent) {
  return {{"version", text_value(agent.version)},
          {"uptime_seconds", seconds_value(agent.uptime_seconds)},
          {"loop_age_ms", age_value(agent.loop_age_ms)},
          {"sample_age_ms", age_value(agent.sample_age_ms)}};
}

template <class T>
json::array to_array(const std::vector<T>& entries) {
  json::array values;
  for (const auto& entry : entries) {
    if (values.size() == list_entries_max) break;
    values.push_back(to_value(entry));
  }
  return values;
}

/// The members of one JSON object. What is missing or wrong yields a default and is noted, once, in the problem that all readers share.
class Fields {
 public:
  Fields(const json::object& object, std::string path, std::string& problem) : object_(object), path_(std::move(path)), problem_(problem) {}

  /// Where a key is, for sentences: "mysql.open".
  [[nodiscard]] std::string name(std::string_view key) const { return path_.empty() ? std::string(key) : path_ + "." + std::string(key); }

  void note(std::string_view key, std::string_view what) {
    if (problem_.empty()) problem_ = name(key) + " " + std::string(what);
  }

  [[nodiscard]] bool has(std::string_view key) const { return object_.contains(key); }

  bool flag(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_bool()) note(key, "is not true or false");
    return value->is_bool() && value->get_bool();
  }

  std::string text(std::string_view key, std::size_t bytes_max = text_bytes_max) {
    const auto* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) {
      note(key, "is not a string");
      return {};
    }
    const std::string_view text = value->get_string();
    if (text.size() > bytes_max) {
      note(key, std::format("is longer than {} bytes", bytes_max));
      return {};
    }
    return std::string(text);
  }

  template <std::unsigned_integral Number>
  Number number(std::string_view key, Number max = std::numeric_limits<Number>::max()) {
    const auto* value = find(key);
    if (value == nullptr) return 0;
    const auto number = value->try_to_number<Number>();
    if (number.has_value() && *number <= max) return *number;
    note(key, std::format("is not a whole number from 0 to {}", max));
    return 0;
  }

  double seconds(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) return 0;
    const auto number = value->try_to_number<double>();
    // The comparison is written so that a NaN fails it.
    if (number.has_value() && *number >= 0 && *number <= seconds_max) return *number;
    note(key, "is not a span of seconds");
    return 0;
  }

  std::optional<double> optional_seconds(std::string_view key) { return has(key) ? std::optional(seconds(key)) : std::nullopt; }

  GtidSet gtid_set(std::string_view key) {
    auto set = GtidSet::parse(text(key, GtidSet::text_bytes_max));
    if (set.has_value()) return *std::move(set);
    note(key, "is not a GTID set: " + set.error().detail);
    return {};
  }

  Uuid uuid(std::string_view key) {
    const auto uuid = Uuid::parse(text(key));
    if (!uuid) note(key, "is not a UUID");
    return uuid.value_or(Uuid{});
  }

  /// The one of `values` that the text names; nothing for another name, which the caller judges.
  template <class Enum, std::size_t Count>
  std::optional<Enum> one_of(std::string_view key, const std::array<Enum, Count>& values) {
    const auto name_read = text(key);
    for (const auto value : values) {
      if (to_string(value) == name_read) return value;
    }
    return std::nullopt;
  }

  Fields object(std::string_view key) {
    static const json::object none;
    const auto* value = find(key);
    if (value != nullptr && !value->is_object()) note(key, "is not an object");
    return {value != nullptr && value->is_object() ? value->get_object() : none, name(key), problem_};
  }

  /// `read` applied to each object of the array.
  template <class Read>
  auto list(std::string_view key, Read read) {
    std::vector<decltype(read(std::declval<Fields&>()))> entries;
    const auto* value = find(key);
    if (value == nullptr) return entries;
    if (!value->is_array() || value->get_array().size() > list_entries_max) {
      note(key, std::format("is not a list of at most {} entries", list_entries_max));
      return entries;
    }
    for (const auto& entry : value->get_array()) {
      if (!entry.is_object()) {
        note(key, "has an entry that is not an object");
        break;
      }
      Fields fields(entry.get_object(), name(key) + "[]", problem_);
      entries.push_back(read(fields));
    }
    return entries;
  }

 private:
  const json::value* find(std::string_view key) {
    const auto* value = object_.if_contains(key);
    if (value == nullptr) note(key, "is missing");
    return value;
  }

  const json::object& object_;
  std::string path_;
  std::string& problem_;
};

ThreadState read_thread(Fields& fields, std::string_view key) {
  const auto state = fields.one_of(key, std::array{ThreadState::off, ThreadState::connecting, ThreadState::on});
  if (!state) fields.note(key, "is not OFF, CONNECTING or ON");
  return state.value_or(ThreadState::off);
}

Reason read_reason(Fields fields) {
  const auto code = fields.text("code");
  auto text = fields.text("text");
  for (const auto& entry : code_table()) {
    if (entry.name == code) return {entry.code, std::move(text)};
  }
  return {Code::AGENT_STARTING, code + ": " + text};
}

Owner read_owner(Fields& fields) {
  Owner owner;
  owner.name_space = fields.text("namespace");
  owner.pod.statefulset = fields.text("statefulset");
  owner.pod.ordinal = fields.number<std::uint32_t>("ordinal", PodName::ordinal_max);
  owner.first_ordinal = fields.number<std::uint32_t>("first_ordinal", PodName::ordinal_max);
  const auto pod = parse_pod_name(fields.text("pod"));
  if (!pod || *pod != owner.pod) fields.note("pod", "is not the name that statefulset and ordinal make");
  if (fields.text("role") != to_string(owner.role())) fields.note("role", "is not the one that ordinal and first_ordinal make");
  return owner;
}

VolumeStatus read_volume(Fields fields) {
  using enum ProvisionedHow;
  VolumeStatus volume;
  volume.answer = fields
                      .one_of("answer", std::array{VolumeAnswer::unknown, VolumeAnswer::never_provisioned, VolumeAnswer::has_data,
                                                   VolumeAnswer::lost_data})
                      .value_or(VolumeAnswer::unknown);
  volume.state = fields.text("state");
  if (fields.has("how")) volume.how = fields.one_of("how", std::array{initialize, clone, restore, adopt});
  volume.donor = fields.text("donor");
  volume.bytes = fields.number<std::uint64_t>("bytes");
  volume.provisioned_at = fields.text("provisioned_at");
  volume.data_bytes = fields.number<std::uint64_t>("data_bytes");
  volume.free_bytes = fields.number<std::uint64_t>("free_bytes");
  return volume;
}

MysqlStatus read_mysql(Fields fields) {
  MysqlStatus mysql;
  mysql.version = fields.text("version");
  mysql.server_uuid = fields.uuid("server_uuid");
  mysql.gtid_executed = fields.gtid_set("gtid_executed");
  mysql.gtid_received = fields.gtid_set("gtid_received");
  mysql.gtid_purged = fields.gtid_set("gtid_purged");
  mysql.open = fields.flag("open");
  mysql.donor_ready = fields.flag("donor_ready");
  mysql.read_only = fields.flag("read_only");
  mysql.super_read_only = fields.flag("super_read_only");
  mysql.clone_plugin = fields.flag("clone_plugin");
  return mysql;
}

ReplicationStatus read_replication(Fields fields) {
  ReplicationStatus replication;
  replication.source = fields.text("source");
  replication.io = read_thread(fields, "io");
  replication.sql = read_thread(fields, "sql");
  replication.lag_seconds = fields.optional_seconds("lag_seconds");
  replication.behind_transactions = fields.number<std::uint64_t>("behind_transactions");
  replication.source_silence_seconds = fields.optional_seconds("source_silence_seconds");
  replication.errant = fields.gtid_set("errant").to_string();
  replication.error = fields.text("error");
  return replication;
}

CloneStatus read_clone(Fields fields) {
  CloneStatus clone;
  clone.donor = fields.text("donor");
  clone.bytes_done = fields.number<std::uint64_t>("bytes_done");
  clone.bytes_estimated = fields.number<std::uint64_t>("bytes_estimated");
  clone.bytes_per_second = fields.number<std::uint64_t>("bytes_per_second");
  clone.eta_seconds = fields.optional_seconds("eta_seconds");
  return clone;
}

CredentialStatus read_credentials(Fields fields) {
  CredentialStatus credentials;
  credentials.replication = fields.number<PasswordCheck>("replication");
  credentials.clone = fields.number<PasswordCheck>("clone");
  return credentials;
}

Check read_check(Fields& fields) {
  Check check;
  check.name = fields.text("name");
  check.ok = fields.flag("ok");
  if (!check.ok) check.reason = read_reason(fields.object("reason"));
  return check;
}

AgentStatus read_agent(Fields fields) {
  AgentStatus agent;
  agent.version = fields.text("version");
  agent.uptime_seconds = fields.seconds("uptime_seconds");
  agent.loop_age_ms = static_cast<std::int64_t>(fields.number<std::uint64_t>("loop_age_ms", age_ms_max));
  agent.sample_age_ms = static_cast<std::int64_t>(fields.number<std::uint64_t>("sample_age_ms", age_ms_max));
  return agent;
}

Status read_status(Fields& fields) {
  Status status;
  status.owner = read_owner(fields);
  status.pod_ip = fields.text("pod_ip");
  status.state = parse_state(fields.text("state"), State::starting);
  status.ready = fields.flag("ready");
  status.reason = read_reason(fields.object("reason"));
  if (fields.has("cluster_id")) status.cluster_id = fields.uuid("cluster_id");
  status.volume = read_volume(fields.object("volume"));
  if (fields.has("mysql")) status.mysql = read_mysql(fields.object("mysql"));
  if (fields.has("replication")) status.replication = read_replication(fields.object("replication"));
  if (fields.has("clone")) status.clone = read_clone(fields.object("clone"));
  if (fields.has("credentials")) status.credentials = read_credentials(fields.object("credentials"));
  const auto semi_sync = fields.one_of("semi_sync", std::array{SemiSync::off, SemiSync::active, SemiSync::degraded});
  if (!semi_sync) fields.note("semi_sync", "is not off, active or degraded");
  status.semi_sync = semi_sync.value_or(SemiSync::off);
  status.alerts = fields.list("alerts", [](Fields& entry) { return read_reason(entry); });
  status.checks = fields.list("checks", [](Fields& entry) { return read_check(entry); });
  status.agent = read_agent(fields.object("agent"));
  return status;
}

}  // namespace

std::string to_json(const Status& status) {
  json::object value{{"schema", Status::schema},
                     {"namespace", text_value(status.owner.name_space)},
                     {"statefulset", text_value(status.owner.pod.statefulset)},
                     {"first_ordinal", status.owner.first_ordinal},
                     {"pod", text_value(status.owner.pod.to_string())},
                     {"pod_ip", text_value(status.pod_ip)},
                     {"ordinal", status.owner.pod.ordinal},
                     {"role", to_string(status.owner.role())},
                     {"state", to_string(status.state)},
                     {"ready", status.ready},
                     {"reason", to_value(status.reason)}};
  if (status.cluster_id) value["cluster_id"] = status.cluster_id->to_string();
  value["volume"] = to_value(status.volume);
  if (status.mysql) value["mysql"] = to_value(*status.mysql);
  if (status.replication) value["replication"] = to_value(*status.replication);
  if (status.clone) value["clone"] = to_value(*status.clone);
  if (status.credentials) value["credentials"] = to_value(*status.credentials);
  value["semi_sync"] = to_string(status.semi_sync);
  value["alerts"] = to_array(status.alerts);
  value["checks"] = to_array(status.checks);
  value["agent"] = to_value(status.agent);
  return json::serialize(value);
}

std::string json_text(std::string_view text) { return json::serialize(text_value(text)); }

Result<Status> parse_status(std::string_view text) {
  const auto refuse = [](std::string problem) { return fail(Kind::protocol, "read status", std::move(problem)); };
  if (text.size() > status_bytes_max) return refuse(std::format("it is longer than {} bytes", status_bytes_max));
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  if (error) return refuse("it is not JSON: " + error.message());
  if (!value.is_object()) return refuse("it is not a JSON object");

  std::string problem;
  Fields fields(value.get_object(), "", problem);
  const auto schema = fields.number<std::uint64_t>("schema");
  if (problem.empty() && schema != Status::schema) problem = std::format("schema is {}, and this agent speaks {}", schema, Status::schema);
  if (!problem.empty()) return refuse(std::move(problem));
  auto status = read_status(fields);
  if (!problem.empty()) return refuse(std::move(problem));
  return status;
}

}  // namespace ordinal
