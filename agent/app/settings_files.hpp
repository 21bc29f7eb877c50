// The files in memory that mysqld starts from: my.cnf, the boot init file, the directory of the socket. It must not touch the volume.
#pragma once

#include <optional>

#include "app/setup.hpp"
#include "base/secret.hpp"
#include "config/credentials.hpp"
#include "core/identity.hpp"
#include "provision/settings.hpp"
#include "volume/volume.hpp"

namespace ordinal::app {

/// What my.cnf is made from, in this pod.
[[nodiscard]] provision::ServerSettings server_settings(const Setup& setup, const volume::Paths& paths);

/// Writes them all into the run directory. Fails as fail_errno says.
[[nodiscard]] Result<void> write_settings_files(const Setup& setup, const config::Credentials& credentials, const volume::Paths& paths,
                                                const Identity& identity);

/// Writes the boot init file alone, for the next start of mysqld.
[[nodiscard]] Result<void> write_boot_file(const Setup& setup, const config::Credentials& credentials, const Identity& identity);

/// Notes the password that mysqld's agent's account has now, for an agent that starts when the Secret is another already.
[[nodiscard]] Result<void> write_boot_password(const Setup& setup, const Secret& password);

/// The password noted last; nothing when it cannot be read.
[[nodiscard]] std::optional<Secret> boot_password(const Setup& setup);

}  // namespace ordinal::app
