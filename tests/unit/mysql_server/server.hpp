// A real mysqld for a test: data of its own under /tmp, accounts as the first pod makes them, gone when the test ends. It needs mysqld in
// the PATH and a user other than root, as in the image that the pod tests use.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/run_decision.hpp"
#include "mysql/connection.hpp"

namespace ordinal::test {

inline constexpr std::string_view agent_password = "agent's \\ \"password";
inline constexpr std::string_view replication_password = "replication's password";
inline constexpr std::string_view cluster_id = "5f0c0000-0000-4000-8000-000000000001";

class Server {
 public:
  /// Data of one common origin, never started. `number` tells servers of one test apart: port 3305 + number, admin port 33061 + number.
  explicit Server(std::uint16_t number = 1);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Starts mysqld with these settings on top and returns when it has said READY=1; at once, when its words go to another `notify_socket`.
  void start(const std::vector<std::string>& settings = {}, const std::string& notify_socket = {});
  /// SIGKILL, and waits for the end.
  void kill();
  /// SIGTERM, and waits for the end.
  void stop();
  /// SIGTERM, and does not wait: mysqld cannot end before somebody has heard its last words.
  void terminate();
  /// SIGSTOP and SIGCONT.
  void freeze();
  void thaw();

  [[nodiscard]] std::uint16_t port() const { return static_cast<std::uint16_t>(3305 + number_); }
  [[nodiscard]] mysql::Endpoint endpoint() const;
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  /// The agent's connection, in the running coroutine, with these passwords or with the right one.
  boost::asio::awaitable<mysql::Connection> connect(std::vector<std::string> passwords) const;
  boost::asio::awaitable<mysql::Connection> connect() const { return connect(std::vector{std::string(agent_password)}); }

  /// The first column of the first row of what root's statements answer last, or "". Throws when one fails.
  boost::asio::awaitable<std::string> root(std::string statements) const;

 private:
  void end(int signal);

  std::uint16_t number_;
  std::filesystem::path directory_;
  pid_t pid_ = -1;
};

/// The first observation that satisfies `wanted`; throws when none does within 40 seconds.
boost::asio::awaitable<run::MysqlFacts> observed(mysql::Connection& connection, std::function<bool(const run::MysqlFacts&)> wanted);

}  // namespace ordinal::test
