// What the people who run the cluster have decided, and the facts of a pod that never change while it lives. Read by the decisions only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/identity.hpp"

namespace ordinal {

enum class Initialize : std::uint8_t { when_empty, never };
enum class RequirePeers : std::uint8_t { all, existing };

struct Policy {
  using Milliseconds = std::chrono::milliseconds;

  Owner owner;
  std::uint32_t replicas = 3;
  std::uint32_t server_id = 0;      ///< server_id_base + ordinal
  std::uint16_t mysql_port = 3306;  ///< of every pod's mysqld
  std::string tls_directory;        ///< with the ca.crt that every pod's certificate is checked with; "": none is checked

  bool adopt_existing = false;
  Initialize initialize = Initialize::when_empty;
  RequirePeers require_peers = RequirePeers::all;
  std::optional<Milliseconds> donor_fallback_after;  ///< absent: never
  Milliseconds clone_stall_timeout{60'000};
  /// How long the scratch server may write nothing into its own data. Not a key: initialising takes 2 s of processor time, most of it with
  /// writes in between, so that even 50 millicores stay far below.
  Milliseconds initialize_stall_timeout{300'000};
  Milliseconds peer_check_timeout{30'000};
  bool semi_sync = true;
  Milliseconds semi_sync_timeout{2'000};
  Milliseconds max_lag{10'000};
  std::optional<Milliseconds> max_source_silence;  ///< absent: no limit

  /// The name of the pod with that ordinal in our StatefulSet.
  [[nodiscard]] PodName pod(std::uint32_t ordinal) const { return {owner.pod.statefulset, ordinal}; }
  /// The pinned primary.
  [[nodiscard]] PodName primary() const { return pod(owner.first_ordinal); }
};

}  // namespace ordinal
