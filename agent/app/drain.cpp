// Draining. The two sides share /run/ordinal and nothing else.
#include "app/drain.hpp"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <format>
#include <iostream>
#include <thread>

#include "base/file.hpp"
#include "base/text.hpp"

namespace ordinal::app {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto longest = 8s;
constexpr std::size_t flag_bytes_max = 4096;

std::filesystem::path flag(const config::Config& config) { return std::filesystem::path(config.agent.run_directory) / "drain"; }
std::filesystem::path confirmation(const config::Config& config) { return std::filesystem::path(config.agent.run_directory) / "drained"; }

bool holds(const std::filesystem::path& path, const std::string& text) {
  const auto content = read_file(path, flag_bytes_max);
  return content && *content && **content == text && !text.empty();
}

}  // namespace

std::string mysqld_instance(const config::Config& config) {
  const auto pid_file = std::filesystem::path(config.mysql.socket).parent_path() / "mysqld.pid";
  struct stat status{};
  const auto content = read_file(pid_file, flag_bytes_max);
  if (!content || !*content || ::stat(pid_file.c_str(), &status) != 0) return "";
  return std::format("{} {}.{}", trim(**content), status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

bool drain_requested(const config::Config& config, const std::string& instance) { return holds(flag(config), instance); }

void confirm_drain(const config::Config& config, const std::string& instance) {
  // Nothing waits for ever for this: a failure to write it only makes the drain take its full time.
  if (!holds(confirmation(config), instance)) [[maybe_unused]]
    const auto written = replace_file(confirmation(config), instance, 0640);
}

int drain() {
  const auto config = load_config();
  if (!config) {
    print_errors(config.error());
    return exit_config;
  }
  const auto instance = mysqld_instance(*config);
  if (instance.empty()) return exit_ok;
  const auto deadline = std::chrono::steady_clock::now() + longest;
  if (const auto written = replace_file(flag(*config), instance, 0640); !written) {
    print_errors({written.error()});
    return exit_failed;
  }
  while (!holds(confirmation(*config), instance)) {
    if (std::chrono::steady_clock::now() >= deadline) {
      std::cerr << "ordinal: the agent did not release the pod within 8 s; mysqld is stopped all the same\n";
      return exit_ok;
    }
    std::this_thread::sleep_for(50ms);
  }
  return exit_ok;
}

}  // namespace ordinal::app
