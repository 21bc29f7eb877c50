// Where this pod lives, from the hosts file that the kubelet writes. It must not read the file, ask DNS, or compare with the configuration.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ordinal {

/// What the pod's own full name `<pod>.<service>.<namespace>.svc.<domain>` says, and its address.
struct PodDomain {
  std::string service;
  std::string name_space;
  std::string domain;   ///< what follows ".svc.", for example "cluster.local"
  std::string address;  ///< of the pod, as text, IPv4 or IPv6
  friend bool operator==(const PodDomain&, const PodDomain&) = default;
};

/// The first full name of `hostname` (cut at its first dot) in the text of /etc/hosts. The kubelet writes the line
/// `10.1.2.3 db-0.db.shop.svc.cluster.local db-0` for a pod that has a subdomain, which is the StatefulSet's `spec.serviceName` (Kubernetes
/// documentation, "DNS for Services and Pods", section "Pod's hostname and subdomain fields"). Fails with bad_config when there is none.
[[nodiscard]] Result<PodDomain> own_domain(std::string_view hosts_text, std::string_view hostname);

}  // namespace ordinal
