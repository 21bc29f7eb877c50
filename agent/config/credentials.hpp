// The passwords, each from a file of its own, as a mounted Secret has them. It must not put any content into an error, and looks at no
// file's mode: fsGroup turns 0400 into 0440, and some provisioners do not apply it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace ordinal::config {

/// The application's account, made once by the first pod.
struct Application {
  std::string user;
  Secret password;
  std::string database;  ///< "": none is made
};

struct Credentials {
  Secret root;
  Secret agent;
  Secret replication;
  Secret clone;
  std::optional<Application> application;
};

/// The credentials in `directory`: the files `root`, `agent`, `replication` and `clone`, and optionally `application_user`,
/// `application_password` and `application_database`. One newline at the end of a file is not part of its content. Fails with bad_config
/// and a sentence that names the file when one is missing, empty, not UTF-8, longer than MySQL takes (`replication`: 32
/// bytes), or has a line break, a NUL or, in `replication` and `clone`, a character of four bytes in it; with denied when
/// it cannot be read.
[[nodiscard]] Result<Credentials> read_credentials(const std::filesystem::path& directory);

}  // namespace ordinal::config
