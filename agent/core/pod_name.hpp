// The name of a StatefulSet's pod, taken apart. It must not say which pod is the primary: that is the first ordinal's matter.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ordinal {

/// `<statefulset>-<ordinal>`, ordered by StatefulSet, then by number.
struct PodName {
  static constexpr std::uint32_t ordinal_max = 999'999;

  std::string statefulset;
  std::uint32_t ordinal = 0;

  /// "db-1".
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const PodName&, const PodName&) = default;
};

/// The pod name at the start of `hostname`, which is cut at its first dot. The StatefulSet controller names pods `<statefulset>-<n>`, n
/// without leading zeros, and the kubelet makes that the host name (Kubernetes documentation, "StatefulSets", section "Ordinal Index"); the
/// whole is a DNS-1123 label of at most 63 characters. Fails with bad_config and a sentence that says what is wrong and what to do.
[[nodiscard]] Result<PodName> parse_pod_name(std::string_view hostname);

}  // namespace ordinal
