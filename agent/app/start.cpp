// The common beginning of init and run.
#include "app/start.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "app/log.hpp"
#include "base/fail_point.hpp"

namespace ordinal::app {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto lock_patience = 60s;

Result<volume::Volume> open_volume(const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + lock_patience;
  bool told = false;
  for (;;) {
    auto opened = volume::Volume::open(path);
    if (opened || opened.error().kind != Kind::conflict || std::chrono::steady_clock::now() >= deadline) return opened;
    if (!told) log::info("waiting_for_lock", {{"reason", opened.error().to_string()}});
    told = true;
    // The lock tells nobody when it is released without a blocking call, which SIGTERM could not end cleanly.
    std::this_thread::sleep_for(50ms);
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
      print_errors({armed.error()});
      return std::unexpected(exit_config);
    }
  }
  auto credentials = config::read_credentials(setup->config.credentials.directory);
  if (!credentials) {
    print_errors({credentials.error()});
    return std::unexpected(exit_config);
  }
  auto volume = open_volume(setup->config.volume.path);
  if (!volume) {
    print_errors({volume.error()});
    return std::unexpected(exit_failed);
  }
  return Start{std::move(*setup), std::move(*credentials), std::move(*volume)};
}

}  // namespace ordinal::app
