// The HTTP server: sockets, sessions, their limits and their end. What is answered is routes.hpp; this must not look into a snapshot.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "http/board.hpp"
#include "http/freshness.hpp"
#include "http/routes.hpp"

namespace ordinal::http {

struct ServerOptions {
  std::string address = "0.0.0.0";  ///< numeric; "::" takes IPv4 as well
  std::uint16_t port = 8008;        ///< 0 lets the kernel choose
  std::size_t connections_max = 256;
  std::chrono::milliseconds idle_limit{5'000};      ///< from an answer, or the connection, to the first byte of a request
  std::chrono::milliseconds request_limit{5'000};   ///< from the first byte of a request to the last one of its answer
  std::chrono::milliseconds shutdown_limit{1'000};  ///< for answers under way when the server stops
  Limits limits{};
};

class Server {
 public:
  /// `board` must outlive the server.
  Server(boost::asio::any_io_executor executor, ServerOptions options, Board& board);

  /// Opens the port. Fails with bad_config for an address that is none, with conflict where the port is taken, denied where it is
  /// forbidden.
  [[nodiscard]] Result<void> listen();
  /// The port that is listened on; 0 before `listen`.
  [[nodiscard]] std::uint16_t port() const;

  /// Serves until `stop`, then lets the answers under way end within `shutdown_limit`, and returns when every session is gone. Being
  /// cancelled is the same as `stop`. The server must live until this returns, or until its execution context is destroyed.
  boost::asio::awaitable<void> run();

  /// Closes the port and the idle connections. May be called more than once, and from within the executor only.
  void stop();

  /// The connections that are open now.
  [[nodiscard]] std::size_t connections() const { return sessions_.size(); }

 private:
  enum class Phase : std::uint8_t {
    idle,       ///< no answer is owed
    answering,  ///< a request was read
    closed,     ///< by us; its coroutine is about to notice
  };
  struct Session {
    explicit Session(boost::asio::ip::tcp::socket socket) : stream(std::move(socket)) {}
    void close();

    boost::beast::tcp_stream stream;
    Phase phase = Phase::idle;
    Instant idle_since{};
  };

  void admit(boost::asio::ip::tcp::socket socket);
  bool make_room();
  boost::asio::awaitable<void> join_sessions();
  boost::asio::awaitable<void> serve(Session& session);
  boost::asio::awaitable<bool> request_begins(Session& session, boost::beast::flat_buffer& buffer);
  Response respond(const Request& request);

  ServerOptions options_;
  Board& board_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer session_ended_;  ///< a wait on it is cancelled when a session ends
  std::list<Session> sessions_;
  bool stopping_ = false;
};

}  // namespace ordinal::http
