// Tests of peers/http_client against servers that misbehave.
#include "peers/http_client.hpp"

#include <doctest/doctest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>

#include "peers/scripted_peer.hpp"
#include "support/run.hpp"

namespace ordinal {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::http_reply;
using test::ScriptedPeer;
using Then = ScriptedPeer::Then;

namespace {

constexpr auto loopback = "127.0.0.1";
constexpr auto enough = 3s;

/// What a client makes of a server that answers so.
Result<std::string> fetch(ScriptedPeer::Script script, Milliseconds limit = enough) {
  const auto body = [&]() -> asio::awaitable<Result<std::string>> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, script);
    HttpClient client(executor, peer.endpoint());
    co_return co_await client.fetch("/status", limit);
  };
  return test::run(body());
}

void check_kind(const Result<std::string>& result, Kind kind) {
  REQUIRE_FALSE(result);
  CAPTURE(result.error().to_string());
  CHECK(result.error().kind == kind);
}

}  // namespace

TEST_CASE("http_client: a body is fetched, and the connection serves the next request, too") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, {http_reply("first")});
    HttpClient client(executor, peer.endpoint());
    CHECK(co_await client.fetch("/status", enough) == "first");
    CHECK(peer.last_request().starts_with("GET /status HTTP/1.1\r\n"));
    peer.answer({http_reply("second")});
    CHECK(co_await client.fetch("/status", enough) == "second");
    CHECK(peer.connections() == 1);
  };
  test::run(body());
}

TEST_CASE("http_client: says who asks where it is told to, and nothing otherwise") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, {http_reply("first")});
    HttpClient nobody(executor, peer.endpoint());
    CHECK(co_await nobody.fetch("/readyz", enough));
    CHECK_FALSE(peer.last_request().contains("User-Agent"));
    HttpClient somebody(executor, peer.endpoint(), "ordinal-probe/1");
    CHECK(co_await somebody.fetch("/readyz", enough));
    CHECK(peer.last_request().contains("User-Agent: ordinal-probe/1\r\n"));
  };
  test::run(body());
}

TEST_CASE("http_client: a connection that died while it was idle is replaced within the same request") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, {http_reply("first")});
    HttpClient client(executor, peer.endpoint());
    CHECK(co_await client.fetch("/status", enough) == "first");
    peer.close_connections();
    CHECK(co_await client.fetch("/status", enough) == "first");
    CHECK(peer.connections() == 2);

    peer.stop();
    check_kind(co_await client.fetch("/status", enough), Kind::unreachable);
  };
  test::run(body());
}

TEST_CASE("http_client: a server that closes every connection unanswered is asked once on a fresh one") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, {"", Then::close});
    HttpClient client(executor, peer.endpoint());
    check_kind(co_await client.fetch("/status", enough), Kind::unreachable);
    CHECK(peer.requests() == 1);
  };
  test::run(body());
}

TEST_CASE("http_client: bytes that nobody asked for are not taken for the next answer") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, {http_reply("first") + http_reply("too early")});
    HttpClient client(executor, peer.endpoint());
    CHECK(co_await client.fetch("/status", enough) == "first");
    peer.answer({http_reply("second")});
    CHECK(co_await client.fetch("/status", enough) == "second");
    peer.send_unasked(http_reply("too early"));
    CHECK(co_await client.fetch("/status", enough) == "second");
  };
  test::run(body());
}

TEST_CASE("http_client: a server that ends its body by closing is understood") {
  CHECK(fetch({"HTTP/1.0 200 OK\r\n\r\nbody", Then::close}) == "body");
}

TEST_CASE("http_client: every status has a reply, and only 200 a body that is fetched") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, {http_reply("not ready", "503 Service Unavailable")});
    HttpClient client(executor, peer.endpoint());
    const auto reply = co_await client.exchange("/readyz", enough);
    REQUIRE(reply);
    CHECK(reply->status == 503);
    CHECK(reply->body == "not ready");
    const auto fetched = co_await client.fetch("/status", enough);
    check_kind(fetched, Kind::protocol);
    CHECK(fetched.error().detail.contains("503"));
  };
  test::run(body());
}

TEST_CASE("http_client: what is not HTTP, too large, endless or cut off is a protocol error") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  check_kind(fetch({"SSH-2.0-OpenSSH_9.9\r\n", Then::close}), Kind::protocol);
  check_kind(fetch({head + "Content-Length: 1048577\r\n\r\n", Then::repeat, std::string(4096, 'x')}), Kind::protocol);
  check_kind(fetch({head + "Transfer-Encoding: chunked\r\n\r\n", Then::repeat, "1000\r\n" + std::string(4096, 'x') + "\r\n"}),
             Kind::protocol);
  check_kind(fetch({"HTTP/1.0 200 OK\r\n\r\n", Then::repeat, std::string(4096, 'x')}), Kind::protocol);
  check_kind(fetch({head, Then::repeat, "X-Endless: 0123456789\r\n"}), Kind::protocol);
  check_kind(fetch({head + "Content-Length: 100\r\n\r\nhalf of it", Then::close}), Kind::protocol);
  check_kind(fetch({head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", Then::close}), Kind::protocol);
}

TEST_CASE("http_client: a body of exactly the allowed size is fetched") {
  const std::string largest(HttpClient::body_bytes_max, 'x');
  CHECK(fetch({http_reply(largest)}) == largest);
}

TEST_CASE("http_client: a server that stalls before, within or after the header costs the limit, no more") {
  for (const std::string bytes : {"", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"}) {
    const auto begun = std::chrono::steady_clock::now();
    check_kind(fetch({bytes, Then::stall}, 100ms), Kind::timeout);
    const auto took = elapsed(begun, std::chrono::steady_clock::now());
    CHECK(took >= 100ms);
    CHECK(took < 1s);
  }
}

TEST_CASE("http_client: after a timeout the late answer is not taken for the next one") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, {"", Then::stall});
    HttpClient client(executor, peer.endpoint());
    check_kind(co_await client.fetch("/status", 50ms), Kind::timeout);
    peer.answer({http_reply("fresh")});
    CHECK(co_await client.fetch("/status", enough) == "fresh");
    CHECK(peer.connections() == 2);
  };
  test::run(body());
}

TEST_CASE("http_client: a cancelled request says so") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    ScriptedPeer peer(executor, loopback, 0, {"", Then::stall});
    HttpClient client(executor, peer.endpoint());
    std::optional<Kind> kind;
    const auto child = [&]() -> asio::awaitable<void> {
      const auto fetched = co_await client.fetch("/status", enough);
      if (!fetched) kind = fetched.error().kind;
    };
    co_await asio::co_spawn(executor, child(), asio::cancel_after(50ms, asio::as_tuple(asio::use_awaitable)));
    CHECK(kind == Kind::cancelled);
  };
  test::run(body());
}

}  // namespace ordinal
