// Finding the program and asking it for its version.
#include "provision/mysqld.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <format>
#include <vector>

#include "base/text.hpp"
#include "provision/child.hpp"

namespace ordinal::provision {
namespace {

constexpr std::chrono::milliseconds version_limit{10'000};
constexpr std::string_view usual_places = "/usr/sbin:/usr/local/sbin:/usr/local/mysql/bin:/usr/libexec:/opt/mysql/bin";

}  // namespace

Result<std::filesystem::path> find_mysqld() {
  const auto* path = std::getenv("PATH");
  const auto places = std::format("{}:{}", path == nullptr ? "" : path, usual_places);
  for (const auto directory : split(places, ':')) {
    const auto program = std::filesystem::path(directory) / "mysqld";
    if (program.is_absolute() && ::access(program.c_str(), X_OK) == 0) return program;
  }
  return fail(Kind::bad_config, "find mysqld",
              "this image has no mysqld in PATH or the usual places: `ordinal init` must run in the MySQL image, not in that of the agent");
}

Result<std::string> parse_mysqld_version(std::string_view text) {
  // "/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))"
  const auto start = text.find("Ver ");
  if (start != std::string_view::npos) {
    const auto version = text.substr(start + 4);
    const auto number = version.substr(0, version.find_first_not_of("0123456789."));
    if (split(number, '.').size() == 3) return std::string(number);
  }
  return fail(Kind::protocol, "mysqld --version", "no version in " + quote(text, 200));
}

Result<std::string> mysqld_version(const std::filesystem::path& mysqld) {
  auto child = Child::spawn(mysqld, {"--version"});
  if (!child) return std::unexpected(child.error());
  std::string output;
  const auto until = std::chrono::steady_clock::now() + version_limit;
  while (!child->wait_status()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left <= left.zero()) return fail(Kind::timeout, mysqld.string() + " --version", "no answer in 10 s");
    child->wait(left);
    child->poll([&output](std::string_view line) { output.append(line).append(" "); });
  }
  if (*child->wait_status() != 0) {
    return fail(Kind::bad_config, mysqld.string() + " --version",
                std::format("it {}, saying {}", describe_wait_status(*child->wait_status()), quote(output, 200)));
  }
  return parse_mysqld_version(output);
}

}  // namespace ordinal::provision
