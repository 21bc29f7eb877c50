// Reads the kubelet's line of the hosts file.
#include "peers/own_name.hpp"

#include <boost/asio/ip/address.hpp>
#include <format>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace ordinal {

namespace {

constexpr std::string_view marker = ".svc.";

/// What the full name says after "<pod>."; nothing when it is not `<service>.<namespace>.svc.<domain>`.
std::optional<PodDomain> parse_domain(std::string_view rest, std::string_view address) {
  if (rest.ends_with('.')) rest.remove_suffix(1);
  const auto svc = rest.find(marker);
  if (svc == std::string_view::npos) return std::nullopt;
  const auto owner = split(rest.substr(0, svc), '.');
  const auto domain = rest.substr(svc + marker.size());
  if (owner.size() != 2 || owner[0].empty() || owner[1].empty() || domain.empty()) return std::nullopt;
  return PodDomain{std::string(owner[0]), std::string(owner[1]), std::string(domain), std::string(address)};
}

/// The words of a line of the hosts file, without its comment.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : std::string(line.substr(0, line.find('#'))) + ' ') {
    if (c != ' ' && c != '\t' && c != '\r') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

}  // namespace

Result<PodDomain> own_domain(std::string_view hosts_text, std::string_view hostname) {
  const auto pod = hostname.substr(0, hostname.find('.'));
  const auto prefix = std::format("{}.", pod);
  for (const auto line : split(hosts_text, '\n')) {
    const auto words = words_of(line);
    boost::system::error_code not_an_address;
    if (!words.empty()) boost::asio::ip::make_address(words[0], not_an_address);
    if (not_an_address) continue;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (!words[i].starts_with(prefix)) continue;
      if (auto found = parse_domain(std::string_view(words[i]).substr(prefix.size()), words[0])) return *found;
    }
  }
  return fail(
      Kind::bad_config, "hosts file",
      std::format("it has no full name of this pod, {}.<service>.<namespace>.svc.<domain>: the StatefulSet's spec.serviceName must name a "
                  "headless Service, and the pod must not use the host's network; outside Kubernetes, configure the names",
                  quote(pod, 63)));
}

}  // namespace ordinal
