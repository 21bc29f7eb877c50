// The agent's way into its own mysqld: one connection that lasts and is made again when it breaks. It owns the logging in and the
// translation of every MySQL failure into an Error. It must not know what the statements mean, and must not talk to any server but the one
// in this pod.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/mysql/any_connection.hpp>
#include <boost/mysql/diagnostics.hpp>
#include <boost/mysql/error_code.hpp>
#include <boost/mysql/results.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "core/time.hpp"

namespace ordinal::mysql {

/// The Error for a failure of Boost.MySQL; `where` names the step. 1040, 1044, 1045, 1142, 1143 and 1227 are denied; a refused or missing
/// socket, an ended connection and 1053 are unreachable; 1205, 3024 and a wait that was cut short are timeout (only the caller knows
/// whether the agent is stopping); all else is unexpected. The code is MySQL's error number or the errno. The detail holds the server's
/// words: untrusted.
[[nodiscard]] Error from(boost::mysql::error_code ec, const boost::mysql::diagnostics& diagnostics, std::string where);

/// Where the server of this pod is.
struct Endpoint {
  std::string socket;                ///< path of the unix socket, 107 bytes at most (unix(7))
  std::uint16_t admin_port = 33062;  ///< on 127.0.0.1; used when the ordinary connections are used up
};

/// The agent's passwords, the likeliest first. Asked at every login, so that a changed file needs no restart.
using Passwords = std::function<std::vector<Secret>()>;

/// A session of the account `ordinal`, made when it is first needed and made again when it broke.
class Connection {
 public:
  Connection(boost::asio::any_io_executor executor, Endpoint endpoint, Passwords passwords);

  /// A closed connection to the same server, for a statement that may block.
  [[nodiscard]] Connection another() const;

  /// The answer to `text`, one or several statements; logs in first where there is no session. `limit` spans both; when it has passed, the
  /// session is given up, and the statement may still run in the server. `where` names the step in an Error. Kinds: those of `from`;
  /// cancelled; bad_config for a path that cannot be a socket's.
  boost::asio::awaitable<Result<boost::mysql::results>> execute(std::string text, Milliseconds limit, std::string where);

  /// Whether the server takes `password` for `account`, by a login of its own: over the socket, or where a port is given over TLS on
  /// 127.0.0.1, as an account with REQUIRE SSL wants it. Kinds: those of `execute`; a refused password (1045) is no error.
  boost::asio::awaitable<Result<bool>> takes_password(std::string account, Secret password, std::optional<std::uint16_t> port,
                                                      Milliseconds limit) const;

  /// Ends the session politely, so that the server does not count it as aborted.
  boost::asio::awaitable<void> close(Milliseconds limit);

  /// The server's number for the last session, for KILL; none before the first login.
  [[nodiscard]] std::optional<std::uint32_t> session() const { return session_; }

  /// How many logins have succeeded: it grows whenever the session is a new one.
  [[nodiscard]] std::uint64_t logins() const { return logins_; }

  /// Which of the passwords was right at the last login, counted from 0.
  [[nodiscard]] std::size_t password_used() const { return password_used_; }

 private:
  boost::asio::awaitable<Result<void>> log_in(Instant deadline);
  boost::asio::awaitable<Result<void>> try_passwords(boost::mysql::any_address address, Instant deadline, std::string where);
  boost::asio::awaitable<Result<boost::mysql::results>> run(std::string text, Instant deadline, std::string where);

  boost::asio::any_io_executor executor_;
  Endpoint endpoint_;
  Passwords passwords_;
  boost::mysql::any_connection connection_;
  bool open_ = false;
  std::optional<std::uint32_t> session_;
  std::uint64_t logins_ = 0;
  std::size_t password_used_ = 0;
};

}  // namespace ordinal::mysql
