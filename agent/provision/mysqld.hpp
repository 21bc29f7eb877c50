// The mysqld program of the image that the agent runs in: where it is and which. It must not start a server.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ordinal::provision {

/// The first `mysqld` that can be executed in PATH or in the places where MySQL's packages put it. Fails with bad_config.
[[nodiscard]] Result<std::filesystem::path> find_mysqld();

/// "9.7.4", as `mysqld --version` says it; blocks for as long as that takes (25 ms seen), 10 s at most. Fails with bad_config when the
/// program fails, protocol when it does not say a version, timeout, or as fail_errno() says.
[[nodiscard]] Result<std::string> mysqld_version(const std::filesystem::path& mysqld);

/// "9.7.4" of "/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))". Fails with protocol.
[[nodiscard]] Result<std::string> parse_mysqld_version(std::string_view text);

}  // namespace ordinal::provision
