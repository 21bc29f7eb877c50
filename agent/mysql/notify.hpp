// Hears what mysqld says of its own phases. It owns the datagram socket that NOTIFY_SOCKET names. What it hears must not be used for more
// than words and probes: whoever shares the directory can write here, and what is said while no agent listens is lost.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "core/run_decision.hpp"

namespace ordinal::mysql {

/// The phase after one datagram of sd_notify(3), lines of NAME=value. What mysqld 9.7 says at a start: STATUS=Server startup in progress,
/// STATUS=InnoDB initialization in progress, in which redo is applied, STATUS=InnoDB crash recovery in progress (at every start, the clean
/// one too), READY=1; and when it ends STOPPING=1. All else leaves the phase as it was.
[[nodiscard]] run::MysqldPhase phase_after(run::MysqldPhase before, std::string_view message);

class Notify {
 public:
  explicit Notify(boost::asio::any_io_executor executor) : socket_(std::move(executor)) {}

  /// Makes the socket at `path`, in the place of one that an earlier agent left. Kinds: bad_config for a path over 107 bytes, those of
  /// fail_errno.
  [[nodiscard]] Result<void> open(const std::string& path);

  /// Listens until it is cancelled. It must run as long as the socket is there: Linux keeps ten datagrams (net.unix.max_dgram_qlen), a
  /// start of mysqld takes ten and its end more, and mysqld waits for room, for ever (seen: its shutdown hung).
  boost::asio::awaitable<void> listen();

  /// What mysqld last said; unknown before its first word.
  [[nodiscard]] run::MysqldPhase phase() const { return phase_; }

 private:
  boost::asio::local::datagram_protocol::socket socket_;
  run::MysqldPhase phase_ = run::MysqldPhase::unknown;
};

}  // namespace ordinal::mysql
