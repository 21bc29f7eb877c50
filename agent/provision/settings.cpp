// The settings as tables of key and value, in the order in which they are written.
#include "provision/settings.hpp"

#include <algorithm>
#include <format>
#include <string_view>
#include <utility>

namespace ordinal::provision {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr auto binlog_expire = std::chrono::days(7);

/// `value` as the right side of a setting: in double quotes when it holds what mysqld would take for a comment, a quote, an escape or
/// space.
std::string quoted_value(std::string_view value) {
  if (value.find_first_of(" \t#;\"'\\") == std::string_view::npos) return std::string(value);
  std::string quoted = "\"";
  for (const auto c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

Settings defaults(const std::filesystem::path& tmpdir) {
  return {
      {"secure_file_priv", "NULL"},  // else mysqld aborts where its compiled-in directory is missing
      {"mysqlx", "OFF"},
      {"tmpdir", tmpdir},
      {"binlog_expire_logs_seconds", std::to_string(std::chrono::seconds(binlog_expire).count())},
  };
}

/// Binary and relay logs have relative names, and so lie in the data directory: the one rename that puts it in place carries them.
Settings owned(const ServerSettings& s) {
  Settings settings = {
      {"persisted_globals_load", "OFF"},  // SET PERSIST would beat everything below
      {"datadir", s.datadir},
      {"socket", s.socket},
      {"pid_file", s.pid_file},
      {"init_file", s.init_file},
      {"port", std::to_string(s.port)},
      {"bind_address", "*"},
      {"admin_address", "127.0.0.1"},
      {"admin_port", std::to_string(admin_port)},
      {"skip_networking", "OFF"},
      {"skip_name_resolve", "ON"},
      {"skip_grant_tables", "OFF"},
      {"report_host", s.report_host},
      {"report_port", std::to_string(s.port)},
      {"server_id", std::to_string(s.server_id)},
      {"super_read_only", "ON"},
      {"read_only", "ON"},
      {"skip_replica_start", "ON"},
      {"event_scheduler", "OFF"},
      {"log_raw", "OFF"},
      {"gtid_mode", "ON"},
      {"enforce_gtid_consistency", "ON"},
      {"log_bin", "binlog"},
      {"log_replica_updates", "ON"},
      {"relay_log", "relay"},
      {"relay_log_recovery", "OFF"},  // ON throws away what was received and not applied
      {"replicate_same_server_id", "ON"},
      {"replica_preserve_commit_order", "ON"},
      {"replica_net_timeout", "10"},
      {"rpl_stop_replica_timeout", "10"},
      {"sync_binlog", "1"},
      {"innodb_flush_log_at_trx_commit", "1"},
  };
  if (s.tls_directory) {
    settings.insert(
        settings.end(),
        {{"ssl_ca", *s.tls_directory / "ca.crt"}, {"ssl_cert", *s.tls_directory / "tls.crt"}, {"ssl_key", *s.tls_directory / "tls.key"}});
  }
  if (s.semi_sync) {
    settings.insert(settings.end(), {{"rpl_semi_sync_source_enabled", "OFF"},
                                     {"rpl_semi_sync_source_timeout", std::to_string(s.semi_sync_timeout.count())},
                                     {"rpl_semi_sync_source_wait_point", "AFTER_SYNC"},
                                     {"rpl_semi_sync_replica_enabled", "ON"}});
  }
  return settings;
}

/// A key that only a plugin knows is `loose_`, so that an image without the plugin still starts and the agent can say what is missing.
std::string line(const std::string& key, std::string_view value) {
  return std::format("{}{}={}\n", key.starts_with("rpl_semi_sync_") ? "loose_" : "", key, quoted_value(value));
}

std::string text(const Settings& settings) {
  std::string lines = "[mysqld]\n";
  for (const auto& [key, value] : settings) lines += line(key, value);
  return lines;
}

std::string include(const std::filesystem::path& user_directory) {
  return user_directory.empty() ? "" : std::format("!includedir {}\n", user_directory.string());
}

Settings scratch_owned(const ScratchSettings& s) {
  return {
      {"persisted_globals_load", "OFF"},
      {"datadir", s.datadir},
      {"tmpdir", s.tmpdir},
      {"socket", s.run_directory / "scratch.sock"},
      {"pid_file", s.run_directory / "scratch.pid"},
      {"init_file", s.init_file},
      {"server_id", std::to_string(s.server_id)},
      {"skip_networking", "ON"},
      {"skip_grant_tables", "OFF"},
      {"super_read_only", "OFF"},
      {"read_only", "OFF"},
      {"autocommit", "ON"},
      {"event_scheduler", "OFF"},
      {"log_raw", "OFF"},
      {"general_log", "OFF"},
      {"slow_query_log", "OFF"},
      {"log_error_services", "log_filter_internal; log_sink_internal"},
      {"log_error_verbosity", "3"},  // the end of the statements is a note
      {"log_error_suppression_list", ""},
      {"gtid_mode", "ON"},
      {"enforce_gtid_consistency", "ON"},
      {"log_bin", "binlog"},
      {"max_allowed_packet", "64M"},
      {"innodb_buffer_pool_size", "64M"},
      {"innodb_log_buffer_size", "16M"},
      {"innodb_redo_log_capacity", "100M"},
  };
}

}  // namespace

std::string my_cnf(const ServerSettings& settings) {
  std::string plugins = line("plugin_load_add", "mysql_clone.so");
  if (settings.semi_sync) plugins += line("plugin_load_add", "semisync_source.so") + line("plugin_load_add", "semisync_replica.so");
  return text(defaults(settings.tmpdir)) + include(settings.user_directory) + text(owned(settings)) + plugins;
}

std::vector<std::string> owned_keys(const ServerSettings& settings) {
  std::vector<std::string> keys;
  for (auto& [key, value] : owned(settings)) keys.push_back(std::move(key));
  return keys;
}

std::string scratch_cnf(const ScratchSettings& settings) {
  // Of all ways to send the log to standard error, whatever the user's log_error says, this is the only one that works: mysqld takes
  // "stderr" and "/dev/stderr" for names of files.
  return text(defaults(settings.tmpdir)) + include(settings.user_directory) + text(scratch_owned(settings)) + "skip_log_error\n";
}

}  // namespace ordinal::provision
