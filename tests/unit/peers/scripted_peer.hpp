// A peer that answers every request with the bytes that the test has laid down, and then does what a broken or hostile one would.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ordinal::test {

class ScriptedPeer {
 public:
  enum class Then : std::uint8_t { keep, close, stall, repeat };

  struct Script {
    std::string bytes;
    Then then = Then::keep;
    std::string repeated = {};  ///< what `repeat` sends for ever
  };

  /// Listens on that loopback address; on any port when it is 0.
  ScriptedPeer(boost::asio::any_io_executor executor, const std::string& address, std::uint16_t port, Script script);
  /// As `stop`.
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  [[nodiscard]] boost::asio::ip::tcp::endpoint endpoint() const;
  [[nodiscard]] std::uint16_t port() const { return endpoint().port(); }

  void answer(Script script);
  /// Closes the open connections, as a server does with idle ones.
  void close_connections();
  /// Sends bytes that nobody asked for over the open connections.
  void send_unasked(const std::string& bytes);
  /// Closes everything: connections are refused from then on.
  void stop();

  [[nodiscard]] std::size_t connections() const;  ///< accepted ever
  [[nodiscard]] std::size_t requests() const;     ///< read ever
  [[nodiscard]] std::string last_request() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// A whole reply with this body, as a server that keeps the connection sends it.
[[nodiscard]] std::string http_reply(std::string_view body, std::string_view status = "200 OK");

}  // namespace ordinal::test
