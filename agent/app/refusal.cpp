// A service with a loop that only waits.
#include "app/refusal.hpp"

#include <chrono>
#include <memory>
#include <optional>

#include "app/log.hpp"
#include "app/report.hpp"
#include "app/service.hpp"

namespace ordinal::app {
namespace {

using std::chrono_literals::operator""s;

constexpr auto ask_every = 1s;
constexpr auto tell_every = 60s;

boost::asio::awaitable<int> show(const Setup& setup, const Reason& why, const std::function<bool()>& over, Service& service) {
  std::optional<Instant> told_at;
  while (!service.stopping() && !over()) {
    const auto now = std::chrono::steady_clock::now();
    auto snapshot = std::make_shared<http::Snapshot>();
    snapshot->status = base_status(setup, service.started_at(), now);
    snapshot->status.state = State::refused;
    snapshot->status.reason = why;
    snapshot->status.checks.push_back({"volume", false, why});
    snapshot->peers = service.peers().views;
    snapshot->taken_at = now;
    service.board().publish(std::move(snapshot));
    if (!told_at || now - *told_at >= tell_every) {
      log::error("state", {{"state", to_string(State::refused)}, {"code", to_string(why.code)}, {"reason", why.text}});
      told_at = now;
    }
    co_await service.pause(ask_every);
  }
  co_return service.stopping() ? exit_failed : exit_ok;
}

}  // namespace

bool refuse_until(const Setup& setup, const Reason& why, const std::function<bool()>& over) {
  Service service(setup);
  return service.run([&] { return show(setup, why, over, service); }) == exit_ok;
}

}  // namespace ordinal::app
