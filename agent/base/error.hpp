// The one error type of the agent, and Result<T>. It must not know where an error came from beyond what its fields say.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace ordinal {

/// What kind of thing went wrong: the only part of an Error that code may branch on.
enum class Kind : std::uint8_t {
  timeout,      ///< the limit passed before an answer came
  cancelled,    ///< the agent is stopping
  unreachable,  ///< nobody answers there: connection refused, no such name
  denied,       ///< an answer came, and it was no: credentials, privileges, file modes
  protocol,     ///< an answer came that must not be trusted: malformed, too large, from the wrong pod
  bad_config,   ///< what a person wrote is wrong
  conflict,     ///< the world is in another state than the call needs
  unexpected,   ///< everything else, above all what should be impossible
};

/// The kind's name as it stands in logs: "timeout", "bad_config", …
[[nodiscard]] std::string_view to_string(Kind kind);

/// An expected failure: normal input for this program, and therefore a value.
struct Error {
  Kind kind = Kind::unexpected;
  std::string where;   ///< the step that failed, for example "connect /run/ordinal/mysql/mysqld.sock"
  std::string detail;  ///< what happened, as a sentence part; server text in it is untrusted and is quoted when logged
  int code = 0;        ///< errno or the MySQL error number where there is one, else 0

  /// "where: detail (code)", for a person.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for a failed Result: `return fail(Kind::denied, "open " + path, "permission denied", EACCES);`
[[nodiscard]] std::unexpected<Error> fail(Kind kind, std::string where, std::string detail, int code = 0);

/// The Error for the errno value `code` of a failed system call: EACCES, EPERM and EROFS are `denied`, ENOSPC and EDQUOT are `conflict`,
/// ETIMEDOUT is `timeout`, ECONNREFUSED and EHOSTUNREACH are `unreachable`, all else is `unexpected`.
[[nodiscard]] std::unexpected<Error> fail_errno(std::string where, int code);

}  // namespace ordinal
