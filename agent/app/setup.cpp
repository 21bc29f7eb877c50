// Reads what the process was given: files, environment, host name.
#include "app/setup.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <format>
#include <iostream>
#include <string_view>

#include "base/file.hpp"
#include "core/pod_name.hpp"

namespace ordinal::app {
namespace {

constexpr std::string_view default_file = "/etc/ordinal/ordinal.toml";
constexpr std::size_t config_bytes_max = 1 << 20;

config::Environment environment() {
  config::Environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// The configuration may repeat what the pod's own name says; another word there is a mistake that would otherwise show much later.
void agree(std::vector<Error>& errors, std::string_view key, const std::string& configured, std::string& found) {
  if (configured.empty()) return;
  if (found.empty()) {
    found = configured;
  } else if (found != configured) {
    errors.push_back({Kind::bad_config, std::string(key),
                      std::format("the configuration says {} and the pod's own name says {}", configured, found), 0});
  }
}

}  // namespace

std::expected<config::Config, std::vector<Error>> load_config() {
  const char* named = std::getenv("ORDINAL_CONFIG");
  const std::string path(named != nullptr ? std::string_view(named) : default_file);
  auto text = read_file(path, config_bytes_max);
  if (!text) return std::unexpected(std::vector{text.error()});
  if (named != nullptr && !*text) {
    return std::unexpected(std::vector{Error{Kind::bad_config, "ORDINAL_CONFIG", std::format("there is no file {}", path), 0}});
  }
  std::optional<config::File> file;
  if (*text) file = config::File{path, std::move(**text)};
  return config::load(file, environment());
}

std::string Setup::host() const {
  const auto pod = policy.owner.pod.to_string();
  return domain.service.empty() ? pod : std::format("{}.{}.{}.svc.{}", pod, domain.service, domain.name_space, domain.domain);
}

std::expected<Setup, std::vector<Error>> load_setup() {
  auto loaded = load_config();
  if (!loaded) return std::unexpected(loaded.error());
  std::vector<Error> errors;
  const auto name = host_name();
  auto pod = parse_pod_name(name);
  if (!pod) errors.push_back(pod.error());

  const auto hosts = read_file("/etc/hosts", config_bytes_max);
  auto domain = own_domain(hosts && *hosts ? std::string_view(**hosts) : std::string_view(), name);
  if (!domain && loaded->cluster.discovery == config::Discovery::srv) errors.push_back(domain.error());
  Setup setup{.config = std::move(*loaded), .policy = {}, .domain = domain ? *domain : PodDomain{}};
  const auto& cluster = setup.config.cluster;
  agree(errors, "cluster.service", cluster.service, setup.domain.service);
  agree(errors, "cluster.namespace", cluster.name_space, setup.domain.name_space);
  agree(errors, "cluster.domain", cluster.domain, setup.domain.domain);
  if (pod) {
    agree(errors, "cluster.statefulset", cluster.statefulset, pod->statefulset);
    if (pod->ordinal < cluster.first_ordinal) {
      errors.push_back({Kind::bad_config, "cluster.first_ordinal",
                        std::format("{} is beyond this pod's own ordinal {}: set it to the StatefulSet's spec.ordinals.start",
                                    cluster.first_ordinal, pod->ordinal),
                        0});
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  setup.policy = config::policy(setup.config, Owner{setup.domain.name_space, *pod, cluster.first_ordinal});
  return setup;
}

void print_errors(const std::vector<Error>& errors) {
  for (const auto& error : errors) std::cerr << "ordinal: " << error.to_string() << '\n';
}

}  // namespace ordinal::app
