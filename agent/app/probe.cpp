// One request to an agent.
#include "app/probe.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <format>
#include <iostream>
#include <optional>
#include <utility>

#include "app/setup.hpp"
#include "base/text.hpp"
#include "http/routes.hpp"

namespace ordinal::app {
namespace {

namespace asio = boost::asio;
using std::chrono_literals::operator""s;

constexpr std::uint16_t default_port = 8008;

std::optional<asio::ip::tcp::endpoint> endpoint(std::string_view text) {
  boost::system::error_code ec;
  if (const auto whole = asio::ip::make_address(text, ec); !ec) return asio::ip::tcp::endpoint(whole, default_port);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = asio::ip::make_address(host, ec);
  const auto port = parse_unsigned(text.substr(colon + 1));
  if (ec || !port || *port == 0 || *port > 65535) return std::nullopt;
  return asio::ip::tcp::endpoint(address, static_cast<std::uint16_t>(*port));
}

}  // namespace

Result<HttpClient::Reply> ask(const std::string& address, const std::string& target, std::string user_agent) {
  const auto where = endpoint(address);
  if (!where) return fail(Kind::bad_config, address, "not an IP address with an optional port, such as 10.0.0.7:8008");
  asio::io_context io{1};
  Result<HttpClient::Reply> reply = fail(Kind::unexpected, address, "no reply");
  HttpClient client(io.get_executor(), *where, std::move(user_agent));
  const auto exchange = [&]() -> asio::awaitable<void> { reply = co_await client.exchange(target, 5s); };
  asio::co_spawn(io, exchange(), [](const std::exception_ptr& e) {
    if (e) std::rethrow_exception(e);
  });
  io.run();
  return reply;
}

std::string own_address(const config::Listen& listen) {
  const auto address = asio::ip::make_address(listen.address);
  const auto host = !address.is_unspecified() ? address.to_string() : address.is_v6() ? "::1" : "127.0.0.1";
  return address.is_v6() ? std::format("[{}]:{}", host, listen.port) : std::format("{}:{}", host, listen.port);
}

int probe(const std::string& path, bool unreachable_ok) {
  const auto config = load_config();
  if (!config) {
    print_errors(config.error());
    return exit_config;
  }
  const auto reply = ask(own_address(config->http.listen), path, std::string(http::probe_agent) + ORDINAL_VERSION);
  if (!reply) {
    std::cout << reply.error().to_string() << '\n';
    return unreachable_ok ? exit_ok : exit_failed;
  }
  if (reply->status == 200) return exit_ok;
  std::cout << reply->body << '\n';
  return exit_failed;
}

}  // namespace ordinal::app
