// The scaffolding of init and run.
#include "app/service.hpp"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <format>
#include <mutex>
#include <string_view>

#include "app/log.hpp"
#include "app/stop_signals.hpp"

namespace ordinal::app {
namespace {

namespace asio = boost::asio;
using std::chrono_literals::operator""ms;

constexpr auto ask_limit = 1'000ms;
constexpr auto watch_interval = 500ms;

http::ServerOptions server_options(const config::Config& config) {
  http::ServerOptions options;
  options.address = config.http.listen.address;
  options.port = config.http.listen.port;
  return options;
}

Peers::Options peer_options(const Setup& setup) {
  return {.self = setup.policy.owner,
          .service = setup.domain.service,
          .domain = setup.domain.domain,
          .replicas = setup.policy.replicas,
          .discovery = setup.config.cluster.discovery == config::Discovery::srv ? Peers::Discovery::srv : Peers::Discovery::fixed,
          .port = setup.config.http.listen.port,
          .resolver = {}};
}

}  // namespace

void report_exception(std::string_view where, const std::exception_ptr& exception) {
  if (!exception) return;
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    log::error("exception", {{"where", where}, {"what", e.what()}});
  }
}

Service::Service(const Setup& setup, Milliseconds first_question_after)
    : setup_(setup),
      started_at_(std::chrono::steady_clock::now()),
      board_(started_at_),
      server_(io_.get_executor(), server_options(setup.config), board_),
      peers_(io_.get_executor(), peer_options(setup)),
      first_question_after_(setup.config.cluster.discovery == config::Discovery::srv ? first_question_after : Milliseconds(0)),
      signals_(io_, SIGTERM, SIGINT),
      pause_(io_) {
  release_stop_signals();
}

Service::~Service() = default;

int Service::run(std::function<asio::awaitable<int>()> main) {
  if (const auto listening = server_.listen(); !listening) {
    log::error("cannot_start", {{"error", listening.error().to_string()}});
    return exit_failed;
  }
  watchdog_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  // The endpoints end last: answers under way are finished, and no session outlives the server.
  asio::co_spawn(io_, server_.run(), [this](const std::exception_ptr& e) {
    report_exception("http", e);
    io_.stop();
  });
  // Without either of them the loop would go on with what was true once: the agent ends, and starts anew.
  const auto vital = [this](const char* where) {
    return [this, where](const std::exception_ptr& e) {
      if (!e) return;
      report_exception(where, e);
      io_.stop();
    };
  };
  asio::co_spawn(io_, ask_peers(), vital("peers"));
  asio::co_spawn(io_, await_signals(), vital("signals"));
  int code = exit_failed;
  asio::co_spawn(io_, main(), [&](const std::exception_ptr& e, int result) {
    report_exception("loop", e);
    if (!e) code = result;
    server_.stop();
  });
  io_.run();
  return code;
}

asio::awaitable<void> Service::pause(Milliseconds interval) {
  board_.beat(std::chrono::steady_clock::now());
  if (!woken_) {
    pause_.expires_after(interval);
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  woken_ = false;
  board_.beat(std::chrono::steady_clock::now());
}

void Service::wake() {
  woken_ = true;
  pause_.cancel();
}

asio::awaitable<void> Service::ask_peers() {
  asio::steady_timer timer(io_);
  timer.expires_after(first_question_after_);
  co_await timer.async_wait(asio::use_awaitable);
  for (;;) {
    auto views = co_await peers_.gather(ask_limit);
    for (const auto& view : views) answers_.errors_total += view.answer ? 0U : 1U;
    answers_.views = std::move(views);
    if (!answers_.asked) wake();
    answers_.asked = true;
    timer.expires_after(ask_every_);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> Service::await_signals() {
  for (;;) {
    const auto signal = co_await signals_.async_wait(asio::use_awaitable);
    log::info("signal", {{"number", signal}});
    stopping_ = true;
    wake();
  }
}

void Service::watch(const std::stop_token& stop) {
  const auto limit = setup_.config.agent.watchdog;
  // The mutex is this thread's own: it must depend on nothing that may hang.
  std::mutex mutex;
  std::condition_variable_any tick;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    tick.wait_for(lock, stop, watch_interval, [] { return false; });
    const auto age = elapsed(board_.last_beat(), std::chrono::steady_clock::now());
    if (age < limit) continue;
    // The logger belongs to the other thread, which hangs, perhaps in it: this goes past it.
    const std::string_view step = step_.load();
    const auto time = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto words =
        setup_.config.log.format == config::LogFormat::json
            ? std::format(R"({{"time":"{:%FT%T}Z","level":"error","event":"hangs","in":"{}"}})"
                          "\n",
                          time, step)
            : std::format("{:%FT%T}Z error event=hangs in=\"{}\" reason=\"the loop has not turned for too long\"\n", time, step);
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words.data(), words.size());
    ::_exit(exit_failed);
  }
}

}  // namespace ordinal::app
