// Tests of peers/resolver against a real DNS server on loopback.
#include "peers/resolver.hpp"

#include <doctest/doctest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <format>
#include <optional>
#include <tuple>

#include "peers/dns_server.hpp"
#include "support/run.hpp"

namespace ordinal {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::DnsServer;
using Addresses = std::vector<asio::ip::address>;

namespace {

constexpr auto name = "db-1.db.shop.svc.cluster.local";
constexpr auto enough = 3s;

Addresses addresses_of(std::initializer_list<const char*> texts) {
  Addresses addresses;
  for (const auto text : texts) addresses.push_back(asio::ip::make_address(text));
  return addresses;
}

/// The answer about `name` from a server that knows what `known` says.
Result<Addresses> look_up(DnsServer::Name known) {
  const auto body = [&]() -> asio::awaitable<Result<Addresses>> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    server[name] = known;
    Resolver resolver(executor, server.options());
    co_return co_await resolver.addresses(name, enough);
  };
  return test::run(body());
}

}  // namespace

TEST_CASE("resolver: a name's address is found") { CHECK(look_up({{"10.1.2.3"}, {}}) == addresses_of({"10.1.2.3"})); }

TEST_CASE("resolver: IPv6 addresses are asked for only when there are none of IPv4") {
  CHECK(look_up({{"fd00::3"}, {}}) == addresses_of({"fd00::3"}));
  CHECK(look_up({{"fd00::3", "10.1.2.3"}, {}}) == addresses_of({"10.1.2.3"}));
}

TEST_CASE("resolver: an answer too large for UDP comes whole over TCP") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    for (int i = 0; i < 250; ++i) server[name].addresses.push_back(std::format("10.0.0.{}", i));
    Resolver resolver(executor, server.options());
    const auto found = co_await resolver.addresses(name, enough);
    REQUIRE(found);
    CHECK(found->size() == 250);
    CHECK(server.asked_over_tcp() == 1);
  };
  test::run(body());
}

TEST_CASE("resolver: services are found with their targets and ports") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    const std::vector<SrvRecord> services{{"db-0.db.shop.svc.cluster.local", 8008}, {"db-1.db.shop.svc.cluster.local", 9}};
    server["_ordinal._tcp.db.shop.svc.cluster.local"].services = services;
    Resolver resolver(executor, server.options());
    CHECK(co_await resolver.services("_ordinal._tcp.db.shop.svc.cluster.local.", enough) == services);
    CHECK_FALSE(co_await resolver.services("_ordinal._tcp.other.shop.svc.cluster.local.", enough));
  };
  test::run(body());
}

TEST_CASE("resolver: no such name and no address are told apart from each other and from a failing server") {
  const auto body = []() -> asio::awaitable<Result<Addresses>> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    Resolver resolver(executor, server.options());
    co_return co_await resolver.addresses(name, enough);
  };
  const auto unknown = test::run(body());
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == Kind::unreachable);
  CHECK(unknown.error().detail.contains("NXDOMAIN"));
  CHECK(unknown.error().where == "look up db-1.db.shop.svc.cluster.local");

  const auto empty = look_up({});
  REQUIRE_FALSE(empty);
  CHECK(empty.error().kind == Kind::unreachable);
  CHECK(empty.error().detail.contains("NODATA"));

  const auto failing = look_up({{"10.1.2.3"}, {}, DnsServer::Behaviour::server_failure});
  REQUIRE_FALSE(failing);
  CHECK(failing.error().kind == Kind::protocol);
  CHECK(failing.error().detail.contains("SERVFAIL"));
}

TEST_CASE("resolver: an answer that is none is a protocol error") {
  const auto found = look_up({{"10.1.2.3"}, {}, DnsServer::Behaviour::garbage});
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == Kind::protocol);
}

TEST_CASE("resolver: a text that is no DNS name is refused without asking") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    Resolver resolver(executor, server.options());
    const auto found = co_await resolver.addresses(std::string(70, 'a') + ".local", enough);
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == Kind::bad_config);
  };
  test::run(body());
}

TEST_CASE("resolver: a server that is not there is unreachable") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    const auto options = DnsServer(executor).options();
    Resolver resolver(executor, options);
    const auto found = co_await resolver.addresses(name, enough);
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == Kind::unreachable);
    CHECK(found.error().detail.contains("DNS server"));
  };
  test::run(body());
}

TEST_CASE("resolver: a silent server costs the limit, no more, and the loop goes on turning") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    server.behave(DnsServer::Behaviour::silent);
    Resolver resolver(executor, server.options());

    int ticks = 0;
    const auto tick = [&]() -> asio::awaitable<void> {
      asio::steady_timer timer(executor);
      while (true) {
        timer.expires_after(10ms);
        co_await timer.async_wait(asio::use_awaitable);
        ++ticks;
      }
    };
    asio::co_spawn(executor, tick(), asio::detached);

    const auto begun = std::chrono::steady_clock::now();
    const auto found = co_await resolver.addresses(name, 200ms);
    const auto took = elapsed(begun, std::chrono::steady_clock::now());
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == Kind::timeout);
    CHECK(took >= 200ms);
    CHECK(took < 1s);
    CHECK(ticks > 5);

    // The question given up is still in flight, and the next one does not wait for it.
    server.behave(DnsServer::Behaviour::answer);
    server["other.local"].addresses = {"10.0.0.1"};
    CHECK(co_await resolver.addresses("other.local", enough));
  };
  test::run(body());
}

TEST_CASE("resolver: an address is never remembered") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    Resolver resolver(executor, server.options());
    CHECK_FALSE(co_await resolver.addresses(name, enough));
    server[name].addresses = {"10.0.0.1"};
    CHECK(co_await resolver.addresses(name, enough) == addresses_of({"10.0.0.1"}));
    server[name].addresses = {"10.0.0.2"};
    CHECK(co_await resolver.addresses(name, enough) == addresses_of({"10.0.0.2"}));
  };
  test::run(body());
}

TEST_CASE("resolver: a cancelled question says so") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    server.behave(DnsServer::Behaviour::silent);
    Resolver resolver(executor, server.options());
    std::optional<Kind> kind;
    const auto child = [&]() -> asio::awaitable<void> {
      const auto found = co_await resolver.addresses(name, enough);
      if (!found) kind = found.error().kind;
    };
    co_await asio::co_spawn(executor, child(), asio::cancel_after(50ms, asio::as_tuple(asio::use_awaitable)));
    CHECK(kind == Kind::cancelled);
  };
  test::run(body());
}

TEST_CASE("resolver: its end in the middle of a question is an answer, too") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    DnsServer server(executor);
    server.behave(DnsServer::Behaviour::silent);
    std::optional<Resolver> resolver(std::in_place, executor, server.options());
    asio::steady_timer timer(executor, 20ms);
    timer.async_wait([&](boost::system::error_code) { resolver.reset(); });
    const auto found = co_await resolver->addresses(name, enough);
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == Kind::cancelled);
  };
  test::run(body());
}

TEST_CASE("resolver: a context may end in the middle of a question") {
  const auto body = []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    const auto asker = [](asio::any_io_executor inner) -> asio::awaitable<void> {
      DnsServer server(inner);
      server.behave(DnsServer::Behaviour::silent);
      Resolver resolver(inner, server.options());
      std::ignore = co_await resolver.addresses(name, enough);
    };
    asio::co_spawn(executor, asker(executor), asio::detached);
    co_await asio::steady_timer(executor, 20ms).async_wait(asio::use_awaitable);
  };
  test::run(body());  // what was left behind is destroyed here; the sanitizers are the judges
}

}  // namespace ordinal
