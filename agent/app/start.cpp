// The common beginning of init and run.
#include "app/start.hpp"

#include <chrono>
#include <cstdlib>

#include "app/log.hpp"
#include "app/refusal.hpp"
#include "app/stop_signals.hpp"
#include "base/fail_point.hpp"

namespace ordinal::app {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto lock_patience = 60s;

std::unexpected<int> cannot_start(const Error& error, int exit_code) {
  log::error("cannot_start", {{"error", error.to_string()}});
  return std::unexpected(exit_code);
}

Result<volume::Volume> wait_for_lock(const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + lock_patience;
  bool told = false;
  for (;;) {
    auto opened = volume::Volume::open(path);
    if (opened || opened.error().kind != Kind::conflict || std::chrono::steady_clock::now() >= deadline) return opened;
    if (!told) log::info("waiting_for_lock", {{"reason", opened.error().to_string()}});
    told = true;
    // The lock tells nobody when it is released without a blocking call, which SIGTERM could not end cleanly.
    if (stop_signal_within(50ms)) return fail(Kind::cancelled, "wait for the lock of " + path, "the agent is told to stop");
  }
}

/// A volume that cannot be written is shown as such, for as long as it is so.
Result<volume::Volume> open_volume(const Setup& setup) {
  const auto& path = setup.config.volume.path;
  const auto denied = [](const Result<volume::Volume>& opened) { return !opened && opened.error().kind == Kind::denied; };
  for (;;) {
    hold_stop_signals();
    auto opened = wait_for_lock(path);
    if (!denied(opened)) return opened;
    const auto why = reason(Code::VOLUME_NOT_WRITABLE, opened.error().to_string());
    if (!refuse_until(setup, why, [&] { return !denied(volume::Volume::open(path)); })) return opened;
  }
}

}  // namespace

std::expected<Start, int> begin() {
  auto setup = load_setup();
  if (!setup) {
    print_errors(setup.error());
    return std::unexpected(exit_config);
  }
  log::configure(setup->config.log.level, setup->config.log.format);
  if (const char* point = std::getenv("ORDINAL_FAIL_POINT"); point != nullptr && *point != '\0') {
    if (const auto armed = arm_fail_point(point); !armed) {
      return cannot_start(armed.error(), exit_config);
    }
  }
  auto credentials = config::read_credentials(setup->config.credentials.directory);
  if (!credentials) return cannot_start(credentials.error(), exit_config);
  auto volume = open_volume(*setup);
  if (!volume) return cannot_start(volume.error(), exit_failed);
  return Start{std::move(*setup), std::move(*credentials), std::move(*volume)};
}

}  // namespace ordinal::app
