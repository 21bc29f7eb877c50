// The text of MySQL's settings files: what the agent owns, what it gives as defaults, and where the user's stand between the two. Pure: it
// must not read the user's files, nor write any.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ordinal::provision {

/// What differs from pod to pod in `my.cnf`. All paths are absolute.
struct ServerSettings {
  std::filesystem::path
      user_directory{};  ///< of the user's *.cnf; empty when there is none, for mysqld refuses to start where it is missing
  std::filesystem::path datadir{};
  std::filesystem::path tmpdir{};                        ///< a default: the user may move it
  std::filesystem::path socket{};                        ///< its directory must exist
  std::filesystem::path pid_file{};                      ///< its directory must exist
  std::filesystem::path init_file{};                     ///< holds boot_statements()
  std::optional<std::filesystem::path> tls_directory{};  ///< ca.crt, tls.crt, tls.key; without it MySQL makes its own certificates
  std::uint16_t port = 3306;
  std::uint32_t server_id = 0;
  std::string report_host{};  ///< the pod's own stable name
  /// Loads the semi-synchronous plugins. Given also while there is no replica: gaining the first one must not take a restart of mysqld.
  bool semi_sync = true;
  std::chrono::milliseconds semi_sync_timeout{2'000};
};

/// Where the agent finds the server when ordinary connections are used up: `admin_port` at 127.0.0.1.
inline constexpr std::uint16_t admin_port = 33062;

/// The text of `my.cnf`: defaults, the user's directory, then what the agent owns, all in [mysqld]; of two equal keys mysqld takes the
/// later one, in whichever of its sections they stand (MySQL manual, "Using Option Files"). The server starts super_read_only, with
/// replication stopped and semi-synchronous waiting off; the agent opens what is to be open.
[[nodiscard]] std::string my_cnf(const ServerSettings& settings);

/// The keys that my_cnf() sets after the user's files, with underscores. Not plugin_load_add, which adds to the user's instead of replacing
/// it.
[[nodiscard]] std::vector<std::string> owned_keys(const ServerSettings& settings);

/// What a scratch server needs to know. All paths are absolute.
struct ScratchSettings {
  std::filesystem::path user_directory{};  ///< as in ServerSettings
  std::filesystem::path datadir{};
  std::filesystem::path tmpdir{};
  std::filesystem::path run_directory{};  ///< in memory: for the names of the socket and the pid file, neither of which it makes
  std::filesystem::path init_file{};      ///< a FIFO
  std::uint32_t server_id = 0;
};

/// The text of a scratch server's settings file. The user's are read too, because the page size and the letter case of the data come from
/// them; memory, logging and networking are its own, and its log goes to standard error.
[[nodiscard]] std::string scratch_cnf(const ScratchSettings& settings);

}  // namespace ordinal::provision
