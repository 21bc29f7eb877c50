// What becomes of a service whose loop hangs, throws, or just ends. It ends the process, so each is one of its own.
#include "app/service.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <stdexcept>
#include <thread>

#include "base/text.hpp"
#include "support/child.hpp"

namespace ordinal::app {

namespace {

namespace asio = boost::asio;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto watchdog = 2s;

/// A pod alone, whose endpoints have any port.
test::Ended serve(asio::awaitable<int> (*main)(Service&), config::LogFormat format = config::LogFormat::text) {
  return test::in_child([main, format] {
    Setup setup;
    setup.config.cluster.discovery = config::Discovery::fixed;
    setup.config.agent.watchdog = watchdog;
    setup.config.log.format = format;
    setup.config.http.listen = {.address = "127.0.0.1", .port = 0};
    setup.policy.owner = {.name_space = "shop", .pod = {"db", 0}, .first_ordinal = 0};
    setup.policy.replicas = 1;
    Service service(setup);
    return service.run([&] { return main(service); });
  });
}

}  // namespace

TEST_CASE(
    "service: a loop that hangs for longer than agent.watchdog ends the agent, and its last line, in the log's format, names the step") {
  const auto hang = [](Service& service) -> asio::awaitable<int> {
    co_await service.pause(0ms);
    service.entering("a step that never ends");
    std::this_thread::sleep_for(1h);
    co_return exit_ok;
  };
  const auto began = std::chrono::steady_clock::now();
  const auto as_text = serve(hang);
  CHECK(std::chrono::steady_clock::now() - began >= watchdog);
  CHECK(as_text.code == exit_failed);
  CHECK(as_text.said.ends_with("Z error event=hangs in=\"a step that never ends\" reason=\"the loop has not turned for too long\"\n"));
  CHECK(split(as_text.said, '\n').size() == 2);

  const auto as_json = serve(hang, config::LogFormat::json);
  CHECK(as_json.code == exit_failed);
  CAPTURE(as_json.said);
  const auto line = boost::json::parse(as_json.said).as_object();
  CHECK(line.at("level").as_string() == "error");
  CHECK(line.at("event").as_string() == "hangs");
  CHECK(line.at("in").as_string() == "a step that never ends");
  CHECK(line.at("time").as_string().ends_with("Z"));
}

TEST_CASE("service: a loop that turns lives for longer than agent.watchdog, and its code is the agent's") {
  const auto ended = serve([](Service& service) -> asio::awaitable<int> {
    for (auto passed = 0ms; passed < 2 * watchdog; passed += 250ms) co_await service.pause(250ms);
    co_return 7;
  });
  CHECK(ended.code == 7);
  CHECK(ended.said == "");
}

TEST_CASE("service: what the loop throws is logged, and ends the agent with a failure") {
  const auto ended = serve([](Service&) -> asio::awaitable<int> {
    throw std::runtime_error("no such thing");
    co_return exit_ok;
  });
  CHECK(ended.code == exit_failed);
  CHECK(ended.said.contains("event=exception where=loop what=\"no such thing\""));
}

}  // namespace ordinal::app
