// Asks one address over one kept-alive HTTP connection, one request at a time. It must not resolve names, know what an answer means, or
// trust its size or its end.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "core/time.hpp"

namespace ordinal {

class HttpClient {
 public:
  struct Reply {
    unsigned status = 0;  ///< 200, 503, …
    std::string body;
  };

  static constexpr std::uint32_t header_bytes_max = 8 * 1024;
  static constexpr std::uint64_t body_bytes_max = 1024 * 1024;

  /// `user_agent` says who asks; without one nothing is said.
  HttpClient(boost::asio::any_io_executor executor, const boost::asio::ip::tcp::endpoint& endpoint, std::string user_agent = {});

  [[nodiscard]] const boost::asio::ip::tcp::endpoint& endpoint() const { return endpoint_; }

  /// The reply to `GET target`, whatever its status, complete within `limit`, connecting included. Fails with timeout, unreachable
  /// (refused, no route, closed before an answer), protocol (not HTTP, too large, cut off), cancelled or unexpected.
  [[nodiscard]] boost::asio::awaitable<Result<Reply>> exchange(std::string target, Milliseconds limit);

  /// The body of the reply to `GET target`; any status but 200 is a protocol error. Fails as `exchange` does.
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> fetch(std::string target, Milliseconds limit);

 private:
  [[nodiscard]] boost::asio::awaitable<Result<Reply>> attempt(std::string target, Instant deadline);
  [[nodiscard]] std::unexpected<Error> failure(std::string_view step, boost::system::error_code ec, boost::asio::cancellation_state state);
  void close();

  boost::asio::ip::tcp::endpoint endpoint_;
  std::string address_;  ///< the endpoint as text
  std::string user_agent_;
  boost::asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace ordinal
