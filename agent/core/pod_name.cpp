// The form of pod names, and what to say about host names that are none.
#include "core/pod_name.hpp"

#include <algorithm>
#include <format>

#include "base/text.hpp"

namespace ordinal {

namespace {

constexpr std::size_t label_bytes_max = 63;  // RFC 1035, section 2.3.4

bool is_lower_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::unexpected<Error> refuse(std::string_view name, std::string_view why) {
  return fail(Kind::bad_config, "pod name",
              std::format("the host name {} is not the name of a StatefulSet's pod: {}; run the agent in a StatefulSet's pod, or give the "
                          "container a host name like \"db-0\"",
                          quote(name, label_bytes_max), why));
}

}  // namespace

std::string PodName::to_string() const { return std::format("{}-{}", statefulset, ordinal); }

Result<PodName> parse_pod_name(std::string_view hostname) {
  const auto name = hostname.substr(0, hostname.find('.'));
  if (name.empty()) return refuse(name, "it is empty");
  if (name.size() > label_bytes_max) return refuse(name, std::format("it is longer than {} characters", label_bytes_max));
  if (!std::ranges::all_of(name, [](char c) { return is_lower_alphanumeric(c) || c == '-'; })) {
    return refuse(name, "it has characters other than a-z, 0-9 and the hyphen");
  }

  const auto hyphen = name.rfind('-');
  if (hyphen == std::string_view::npos) return refuse(name, "it does not end in a hyphen and a number");
  const auto statefulset = name.substr(0, hyphen);
  if (statefulset.empty()) return refuse(name, "nothing stands before the hyphen and the number");
  if (statefulset.front() == '-' || statefulset.back() == '-') {
    return refuse(name, std::format("the part before the number, \"{}\", begins or ends with a hyphen", statefulset));
  }

  const auto number = name.substr(hyphen + 1);
  if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) {
    return refuse(name, "it does not end in a hyphen and a number");
  }
  if (number.size() > 1 && number.front() == '0') return refuse(name, std::format("the number {} has leading zeros", number));
  const auto ordinal = parse_unsigned(number);
  if (!ordinal || *ordinal > PodName::ordinal_max) {
    return refuse(name, std::format("the number {} is larger than {}", number, PodName::ordinal_max));
  }
  return PodName{std::string(statefulset), static_cast<std::uint32_t>(*ordinal)};
}

}  // namespace ordinal
