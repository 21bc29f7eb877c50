// What the user's MySQL settings may not say, found before a server reads them. It must not change them, nor judge what is merely unwise.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "provision/settings.hpp"

namespace ordinal::provision {

struct UserSettingsCheck {
  std::vector<Error> refused;         ///< bad_config, each with "file:line" in `where` and a sentence in `detail`
  std::vector<std::string> warnings;  ///< "file:line: sentence": a key that the agent owns, and that therefore has no effect
};

/// What is wrong with the `*.cnf` files of `settings.user_directory`, which `!includedir` reads, in the order of their names. Only sections
/// that mysqld reads count; a key counts in each spelling that mysqld takes: dashes, `loose_`, `skip_`, `enable_`, `disable_` (MySQL
/// manual, "Specifying Program Options"). A directory that cannot be read is refused, an empty path is fine.
[[nodiscard]] UserSettingsCheck check_user_settings(const ServerSettings& settings);

}  // namespace ordinal::provision
