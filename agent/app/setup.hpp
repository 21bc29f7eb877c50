// What every subcommand starts from: the configuration, and which pod this is. It must not touch the volume or MySQL.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"
#include "core/policy.hpp"
#include "peers/own_name.hpp"

namespace ordinal::app {

/// Exit codes of every subcommand.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_config = 78;  ///< EX_CONFIG of sysexits.h

/// The configuration from `/etc/ordinal/ordinal.toml`, or the file that ORDINAL_CONFIG names, and the environment. All errors at once.
[[nodiscard]] std::expected<config::Config, std::vector<Error>> load_config();

/// A pod's own view of itself.
struct Setup {
  config::Config config;
  Policy policy;
  PodDomain domain;  ///< service "" where the hosts file gives no full name and the configuration does not ask for DNS

  /// The pod's stable name, by which the others reach it.
  [[nodiscard]] std::string host() const;
};

/// The configuration, the host name and the hosts file as one. Fails with bad_config, every error at once, when they contradict each other.
[[nodiscard]] std::expected<Setup, std::vector<Error>> load_setup();

/// Writes the errors to standard error, a line each.
void print_errors(const std::vector<Error>& errors);

}  // namespace ordinal::app
