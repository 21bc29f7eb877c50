// Tests of peers/peers: a DNS server and scripted peers on loopback addresses of their own, all on one port, as pods have it.
#include "peers/peers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <format>
#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "peers/dns_server.hpp"
#include "peers/scripted_peer.hpp"
#include "support/run.hpp"
#include "wire/status_json.hpp"

namespace ordinal {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::DnsServer;
using test::http_reply;
using test::ScriptedPeer;
using Then = ScriptedPeer::Then;

namespace {

constexpr auto enough = 1s;
constexpr auto service_name = "_ordinal._tcp.db.shop.svc.cluster.local";

PodName pod(std::uint32_t ordinal) { return {"db", ordinal}; }
std::string host(std::uint32_t ordinal) { return std::format("db-{}.db.shop.svc.cluster.local", ordinal); }
std::string address(std::uint32_t ordinal) { return std::format("127.0.1.{}", ordinal + 1); }

/// The reply of that pod's agent.
ScriptedPeer::Script status_of(const Owner& owner) {
  Status status;
  status.owner = owner;
  return {http_reply(to_json(status))};
}
ScriptedPeer::Script status_of(std::uint32_t ordinal) { return status_of(Owner{"shop", pod(ordinal), 0}); }

/// The world as db-1 of shop/db sees it.
class World {
 public:
  explicit World(asio::any_io_executor executor) : executor_(executor), dns(executor) {}

  /// Starts the pod's agent and gives it its name and, unless it is `unnamed`, its SRV record.
  ScriptedPeer& start(std::uint32_t ordinal) {
    auto& agent = agents_[ordinal];
    agent = std::make_unique<ScriptedPeer>(executor_, address(ordinal), port_, status_of(ordinal));
    port_ = agent->port();
    dns[host(ordinal)].addresses = {address(ordinal)};
    name(host(ordinal));
    return *agent;
  }
  void name(const std::string& target) { dns[service_name].services.push_back({target, 8008}); }
  void unname(const std::string& target) {
    std::erase_if(dns[service_name].services, [&](const SrvRecord& record) { return record.target == target; });
  }
  ScriptedPeer& agent(std::uint32_t ordinal) { return *agents_.at(ordinal); }
  std::uint16_t port() const { return port_; }

  Peers::Options options() const {
    Peers::Options options;
    options.self = {"shop", pod(1), 0};
    options.service = "db";
    options.domain = "cluster.local";
    options.port = port_;
    options.resolver = dns.options();
    return options;
  }

 private:
  asio::any_io_executor executor_;
  std::uint16_t port_ = 0;
  std::map<std::uint32_t, std::unique_ptr<ScriptedPeer>> agents_;

 public:
  DnsServer dns;
};

/// Runs a test in a world where db-0, db-1 and db-2 run and are named.
void with_world(const std::function<asio::awaitable<void>(World&)>& test) {
  const auto body = [&]() -> asio::awaitable<void> {
    World world(co_await asio::this_coro::executor);
    for (std::uint32_t ordinal = 0; ordinal < 3; ++ordinal) world.start(ordinal);
    co_await test(world);
  };
  test::run(body(), 10s);
}

std::vector<PodName> pods_of(const std::vector<PeerView>& views) {
  std::vector<PodName> pods;
  for (const auto& view : views) pods.push_back(view.pod);
  return pods;
}

const PeerView& view_of(const std::vector<PeerView>& views, std::uint32_t ordinal) {
  const auto found = std::ranges::find(views, pod(ordinal), &PeerView::pod);
  REQUIRE(found != views.end());
  return *found;
}

}  // namespace

TEST_CASE("peers: all other pods answer in the first round, in ascending order") {
  with_world([](World& world) -> asio::awaitable<void> {
    Peers peers(co_await asio::this_coro::executor, world.options());
    const auto before = std::chrono::steady_clock::now();
    const auto views = co_await peers.gather(enough);
    CHECK(pods_of(views) == std::vector{pod(0), pod(2)});
    for (const auto& view : views) {
      CAPTURE(view.why_silent);
      REQUIRE(view.answer);
      CHECK(view.answer->status.owner == Owner{"shop", view.pod, 0});
      CHECK(view.answer->sent_at >= before);
      CHECK(view.answer->received_at >= view.answer->sent_at);
      CHECK(view.last);
      CHECK(view.why_silent.empty());
      CHECK_FALSE(view.missing_since);
      CHECK(view.host == host(view.pod.ordinal));
    }
  });
}

TEST_CASE("peers: a name is looked up only once SRV names it, and is missing until then") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.unname(host(2));
    Peers peers(co_await asio::this_coro::executor, world.options());
    auto views = co_await peers.gather(enough);
    CHECK(view_of(views, 0).answer);
    CHECK_FALSE(view_of(views, 2).answer);
    CHECK(view_of(views, 2).why_silent == "the SRV records do not name it");
    const auto missing_since = view_of(views, 2).missing_since;
    CHECK(missing_since);
    views = co_await peers.gather(enough);
    CHECK(view_of(views, 2).missing_since == missing_since);
    CHECK(world.dns.asked(host(2), DnsServer::Type::a) == 0);

    world.name(host(2));
    views = co_await peers.gather(enough);
    CHECK_FALSE(view_of(views, 2).missing_since);
    views = co_await peers.gather(enough);
    CHECK(view_of(views, 2).answer);
  });
}

TEST_CASE("peers: an SRV answer that does not name ourselves says nothing about anybody") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.unname(host(1));
    world.unname(host(2));
    world.start(3);
    Peers peers(co_await asio::this_coro::executor, world.options());
    const auto views = co_await peers.gather(enough);
    CHECK(pods_of(views) == std::vector{pod(0), pod(2)});
    for (const auto& view : views) {
      CHECK_FALSE(view.answer);
      CHECK(view.why_silent == "the SRV records do not name this pod itself");
      CHECK_FALSE(view.missing_since);
    }
  });
}

TEST_CASE("peers: nobody is missing while DNS fails, and the time starts anew afterwards") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.unname(host(2));
    Peers peers(co_await asio::this_coro::executor, world.options());
    auto views = co_await peers.gather(enough);
    const auto first = view_of(views, 2).missing_since;
    CHECK(first);
    world.dns.behave(DnsServer::Behaviour::server_failure);
    views = co_await peers.gather(enough);
    CHECK_FALSE(view_of(views, 2).missing_since);
    world.dns.behave(DnsServer::Behaviour::answer);
    views = co_await peers.gather(enough);
    CHECK(view_of(views, 2).missing_since > first);
  });
}

TEST_CASE("peers: with DNS down from the start everybody is silent, and says why") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.dns.behave(DnsServer::Behaviour::server_failure);
    Peers peers(co_await asio::this_coro::executor, world.options());
    auto views = co_await peers.gather(enough);
    CHECK(pods_of(views) == std::vector{pod(0), pod(2)});
    CHECK(view_of(views, 0).why_silent.contains("SERVFAIL"));
    world.dns.behave(DnsServer::Behaviour::answer);
    views = co_await peers.gather(enough);
    CHECK(view_of(views, 0).answer);
  });
}

TEST_CASE("peers: while DNS is silent the pods whose addresses are known are asked all the same") {
  with_world([](World& world) -> asio::awaitable<void> {
    auto options = world.options();
    options.lookup_interval = 0ms;
    Peers peers(co_await asio::this_coro::executor, options);
    std::ignore = co_await peers.gather(enough);
    world.dns.behave(DnsServer::Behaviour::silent);
    const auto begun = std::chrono::steady_clock::now();
    const auto views = co_await peers.gather(500ms);
    CHECK(elapsed(begun, std::chrono::steady_clock::now()) < 1s);
    for (const auto& view : views) {
      REQUIRE(view.answer);
      CHECK(elapsed(begun, view.answer->received_at) < 400ms);
    }
  });
}

TEST_CASE("peers: SRV targets of other forms name nobody") {
  with_world([](World& world) -> asio::awaitable<void> {
    for (const auto target : {"other-4.db.shop.svc.cluster.local", "db-5.other.shop.svc.cluster.local", "db-6.db.bank.svc.cluster.local",
                              "db-07.db.shop.svc.cluster.local", "10-244-0-8.db.shop.svc.cluster.local", "db-9",
                              "db-10.db.shop.svc.cluster.local.example.org"}) {
      world.name(target);
    }
    Peers peers(co_await asio::this_coro::executor, world.options());
    CHECK(pods_of(co_await peers.gather(enough)) == std::vector{pod(0), pod(2)});
  });
}

TEST_CASE("peers: a pod beyond the configured number is one while SRV names it") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.start(3);
    auto options = world.options();
    options.lookup_interval = 0ms;
    Peers peers(co_await asio::this_coro::executor, options);
    auto views = co_await peers.gather(enough);
    CHECK(pods_of(views) == std::vector{pod(0), pod(2), pod(3)});
    CHECK(view_of(views, 3).answer);

    world.unname(host(3));
    world.agent(3).stop();
    std::ignore = co_await peers.gather(enough);
    CHECK(pods_of(co_await peers.gather(enough)) == std::vector{pod(0), pod(2)});
  });
}

TEST_CASE("peers: a pod that is named later is shown in that round and asked in the next") {
  with_world([](World& world) -> asio::awaitable<void> {
    auto options = world.options();
    options.lookup_interval = 0ms;
    Peers peers(co_await asio::this_coro::executor, options);
    std::ignore = co_await peers.gather(enough);
    world.start(3);
    auto views = co_await peers.gather(enough);
    CHECK(view_of(views, 3).why_silent == "it was not asked yet");
    views = co_await peers.gather(enough);
    CHECK(view_of(views, 3).answer);
  });
}

TEST_CASE("peers: however many SRV names, only so many are believed in, and the configured ones always are") {
  with_world([](World& world) -> asio::awaitable<void> {
    for (std::uint32_t ordinal = 3; ordinal < 300; ++ordinal) world.name(host(ordinal));
    Peers peers(co_await asio::this_coro::executor, world.options());
    const auto views = co_await peers.gather(enough);
    CHECK(views.size() == Peers::peers_max);
    CHECK(view_of(views, 0).answer);
    CHECK(view_of(views, 2).answer);
  });
}

TEST_CASE("peers: an answer from another pod, namespace or first ordinal is none") {
  with_world([](World& world) -> asio::awaitable<void> {
    Peers peers(co_await asio::this_coro::executor, world.options());
    auto views = co_await peers.gather(enough);
    const auto last = view_of(views, 2).last;
    REQUIRE(last);

    for (const auto& [owner, why] : std::vector<std::pair<Owner, std::string>>{
             {{"shop", pod(3), 0}, "it answered as shop/db-3 (first ordinal 0): the address was reused"},
             {{"bank", pod(2), 0}, "it answered as bank/db-2 (first ordinal 0): the address was reused"},
             {{"shop", {"mail", 2}, 0}, "it answered as shop/mail-2 (first ordinal 0): the address was reused"},
             {{"shop", pod(2), 1}, "it answered as shop/db-2 (first ordinal 1): not with our first ordinal 0"}}) {
      world.agent(2).answer(status_of(owner));
      views = co_await peers.gather(enough);
      const auto& view = view_of(views, 2);
      CHECK_FALSE(view.answer);
      CHECK(view.why_silent == why);
      REQUIRE(view.last);
      CHECK(view.last->received_at == last->received_at);
      CHECK(view.silent_since == last->received_at);
    }
  });
}

TEST_CASE("peers: what is no status is silence with a reason") {
  with_world([](World& world) -> asio::awaitable<void> {
    Peers peers(co_await asio::this_coro::executor, world.options());
    for (const auto& script : {ScriptedPeer::Script{http_reply("hello")}, ScriptedPeer::Script{http_reply("{}")},
                               ScriptedPeer::Script{http_reply("no", "503 Service Unavailable")},
                               ScriptedPeer::Script{"HTTP/1.1 200 OK\r\n\r\n", Then::repeat, std::string(4096, 'x')}}) {
      world.agent(0).answer(script);
      const auto views = co_await peers.gather(enough);
      CHECK_FALSE(view_of(views, 0).answer);
      CHECK_FALSE(view_of(views, 0).why_silent.empty());
      CHECK(view_of(views, 2).answer);
    }
  });
}

TEST_CASE("peers: however many stall, a round takes its limit, no more, and the others' answers count") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.agent(0).answer({"", Then::stall});
    world.start(3).answer({"HTTP/1.1 200 OK\r\n", Then::stall});
    Peers peers(co_await asio::this_coro::executor, world.options());
    const auto begun = std::chrono::steady_clock::now();
    const auto views = co_await peers.gather(500ms);
    const auto took = elapsed(begun, std::chrono::steady_clock::now());
    CHECK(took >= 490ms);
    CHECK(took < 900ms);  // two limits would be 1 s
    CHECK_FALSE(view_of(views, 0).answer);
    CHECK_FALSE(view_of(views, 3).answer);
    REQUIRE(view_of(views, 2).answer);
    CHECK(elapsed(begun, view_of(views, 2).answer->received_at) < 400ms);
  });
}

TEST_CASE("peers: a cancelled round ends at once, and the next one is whole") {
  with_world([](World& world) -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    world.agent(0).answer({"", Then::stall});
    Peers peers(executor, world.options());
    const auto begun = std::chrono::steady_clock::now();
    co_await asio::co_spawn(executor, peers.gather(5s), asio::cancel_after(50ms, asio::as_tuple(asio::use_awaitable)));
    CHECK(elapsed(begun, std::chrono::steady_clock::now()) < 1s);
    world.agent(0).answer(status_of(0));
    const auto views = co_await peers.gather(enough);
    CHECK(view_of(views, 0).answer);
    CHECK(view_of(views, 2).answer);
  });
}

TEST_CASE("peers: silence lasts since the last answer, and ends with the next") {
  with_world([](World& world) -> asio::awaitable<void> {
    Peers peers(co_await asio::this_coro::executor, world.options());
    auto views = co_await peers.gather(enough);
    const auto answered_at = view_of(views, 0).answer->received_at;
    world.agent(0).stop();
    for (int round = 0; round < 3; ++round) {
      views = co_await peers.gather(enough);
      CHECK_FALSE(view_of(views, 0).answer);
      CHECK(view_of(views, 0).silent_since == answered_at);
      CHECK(view_of(views, 0).why_silent.contains("refused"));
      CHECK(view_of(views, 0).last->received_at == answered_at);
    }
    world.start(0);
    views = co_await peers.gather(enough);
    CHECK(view_of(views, 0).answer);
    CHECK(view_of(views, 0).last->received_at > answered_at);
  });
}

TEST_CASE("peers: a re-created pod is found at its new address in the round after the old one failed") {
  with_world([](World& world) -> asio::awaitable<void> {
    Peers peers(co_await asio::this_coro::executor, world.options());
    std::ignore = co_await peers.gather(enough);
    world.agent(2).stop();
    ScriptedPeer successor(co_await asio::this_coro::executor, "127.0.1.102", world.port(), status_of(2));
    world.dns[host(2)].addresses = {"127.0.1.102"};
    CHECK_FALSE(view_of(co_await peers.gather(enough), 2).answer);
    CHECK(view_of(co_await peers.gather(enough), 2).answer);
    CHECK(successor.requests() == 1);
  });
}

TEST_CASE("peers: when another pod answers at the old address, the name is looked up anew") {
  with_world([](World& world) -> asio::awaitable<void> {
    Peers peers(co_await asio::this_coro::executor, world.options());
    std::ignore = co_await peers.gather(enough);
    world.agent(2).answer(status_of(3));
    CHECK_FALSE(view_of(co_await peers.gather(enough), 2).answer);
    ScriptedPeer successor(co_await asio::this_coro::executor, "127.0.1.102", world.port(), status_of(2));
    world.dns[host(2)].addresses = {"127.0.1.102"};
    CHECK(view_of(co_await peers.gather(enough), 2).answer);
  });
}

TEST_CASE("peers: a pod that moved while its old self still answers is found, too") {
  with_world([](World& world) -> asio::awaitable<void> {
    auto options = world.options();
    options.lookup_interval = 0ms;
    Peers peers(co_await asio::this_coro::executor, options);
    std::ignore = co_await peers.gather(enough);
    ScriptedPeer successor(co_await asio::this_coro::executor, "127.0.1.102", world.port(), status_of(2));
    world.dns[host(2)].addresses = {"127.0.1.102"};
    CHECK(view_of(co_await peers.gather(enough), 2).answer);
    CHECK(view_of(co_await peers.gather(enough), 2).answer);
    CHECK(successor.requests() == 1);
  });
}

TEST_CASE("peers: while all is well DNS is left alone and connections are kept") {
  with_world([](World& world) -> asio::awaitable<void> {
    Peers peers(co_await asio::this_coro::executor, world.options());
    for (int round = 0; round < 5; ++round) std::ignore = co_await peers.gather(enough);
    CHECK(world.dns.asked(service_name, DnsServer::Type::srv) == 1);
    CHECK(world.dns.asked(host(0), DnsServer::Type::a) == 1);
    CHECK(world.agent(0).requests() == 5);
    CHECK(world.agent(0).connections() == 1);
  });
}

TEST_CASE("peers: of several addresses of a name the next one is tried when one does not answer") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.dns[host(0)].addresses = {"127.0.1.200", "127.0.1.201", address(0)};
    Peers peers(co_await asio::this_coro::executor, world.options());
    CHECK_FALSE(view_of(co_await peers.gather(enough), 0).answer);
    CHECK_FALSE(view_of(co_await peers.gather(enough), 0).answer);
    CHECK(view_of(co_await peers.gather(enough), 0).answer);
    CHECK(view_of(co_await peers.gather(enough), 0).answer);
  });
}

TEST_CASE("peers: fixed discovery looks up the configured pods and no service") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.start(3);
    auto options = world.options();
    options.discovery = Peers::Discovery::fixed;
    Peers peers(co_await asio::this_coro::executor, options);
    const auto views = co_await peers.gather(enough);
    CHECK(pods_of(views) == std::vector{pod(0), pod(2)});
    CHECK(view_of(views, 0).answer);
    CHECK(view_of(views, 2).answer);
    CHECK_FALSE(view_of(views, 2).missing_since);
    CHECK(world.dns.asked(service_name, DnsServer::Type::srv) == 0);
  });
}

TEST_CASE("peers: without a Service pods are known by their bare names") {
  with_world([](World& world) -> asio::awaitable<void> {
    world.dns["db-0"].addresses = {address(0)};
    auto options = world.options();
    options.discovery = Peers::Discovery::fixed;
    options.service.clear();
    options.replicas = 2;
    Peers peers(co_await asio::this_coro::executor, options);
    const auto views = co_await peers.gather(enough);
    CHECK(view_of(views, 0).answer);
    CHECK(view_of(views, 0).host == "db-0");
  });
}

TEST_CASE("peers: the first ordinal moves the range of pods") {
  with_world([](World& world) -> asio::awaitable<void> {
    auto options = world.options();
    options.self = {"shop", pod(5), 4};
    options.discovery = Peers::Discovery::fixed;
    Peers peers(co_await asio::this_coro::executor, options);
    CHECK(pods_of(co_await peers.gather(enough)) == std::vector{pod(4), pod(6)});
  });
}

TEST_CASE("peers: a cluster of one has nobody to ask") {
  with_world([](World& world) -> asio::awaitable<void> {
    auto options = world.options();
    options.self = {"shop", pod(0), 0};
    options.replicas = 1;
    options.discovery = Peers::Discovery::fixed;
    Peers peers(co_await asio::this_coro::executor, options);
    CHECK((co_await peers.gather(enough)).empty());
  });
}

}  // namespace ordinal
