// The files in /run/ordinal.
#include "app/settings_files.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/file.hpp"
#include "provision/statements.hpp"

namespace ordinal::app {
namespace {

std::filesystem::path run_directory(const Setup& setup) { return setup.config.agent.run_directory; }

std::filesystem::path boot_file(const Setup& setup) { return run_directory(setup) / "boot.sql"; }

std::filesystem::path boot_password_file(const Setup& setup) { return run_directory(setup) / "boot_password"; }

constexpr std::size_t password_bytes_max = 4096;

/// Only the pod's own user may reach the socket: whoever can connect can try passwords.
Result<void> make_socket_directory(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST) return fail_errno("make " + directory.string(), errno);
  return {};
}

}  // namespace

Result<void> write_boot_file(const Setup& setup, const config::Credentials& credentials, const Identity& identity) {
  std::optional<provision::AdoptedCluster> adopted;
  const bool made_here =
      setup.policy.owner.role() == Role::primary && identity.provisioned && identity.provisioned->how == ProvisionedHow::adopt;
  if (made_here && identity.cluster_id) {
    adopted = provision::AdoptedCluster{.cluster_id = *identity.cluster_id,
                                        .made_at = identity.provisioned->at,
                                        .replication = credentials.replication,
                                        .clone = credentials.clone};
  }
  return replace_file(boot_file(setup), provision::boot_statements(credentials.agent, adopted), 0600);
}

Result<void> write_boot_password(const Setup& setup, const Secret& password) {
  return replace_file(boot_password_file(setup), password.reveal(), 0600);
}

std::optional<Secret> boot_password(const Setup& setup) {
  const auto text = read_file(boot_password_file(setup), password_bytes_max);
  if (!text || !*text) return std::nullopt;
  return Secret(**text);
}

provision::ServerSettings server_settings(const Setup& setup, const volume::Paths& paths) {
  const auto& config = setup.config;
  provision::ServerSettings settings;
  settings.user_directory = config.mysql.settings_directory;
  settings.datadir = paths.data;
  settings.tmpdir = paths.tmp;
  settings.socket = config.mysql.socket;
  settings.pid_file = std::filesystem::path(config.mysql.socket).parent_path() / "mysqld.pid";
  settings.init_file = boot_file(setup);
  if (!config.tls.directory.empty()) settings.tls_directory = config.tls.directory;
  settings.port = config.mysql.port;
  settings.server_id = setup.policy.server_id;
  settings.report_host = setup.host();
  settings.semi_sync = config.replication.semi_sync;
  settings.semi_sync_timeout = config.replication.semi_sync_timeout;
  return settings;
}

Result<void> write_settings_files(const Setup& setup, const config::Credentials& credentials, const volume::Paths& paths,
                                  const Identity& identity) {
  const auto settings = server_settings(setup, paths);
  if (auto made = make_socket_directory(settings.socket.parent_path()); !made) return made;
  if (auto written = write_boot_password(setup, credentials.agent); !written) return written;
  if (auto written = write_boot_file(setup, credentials, identity); !written) return written;
  return replace_file(run_directory(setup) / "my.cnf", provision::my_cnf(settings), 0640);
}

}  // namespace ordinal::app
