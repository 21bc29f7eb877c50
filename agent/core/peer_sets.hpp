// Comparing the GTID sets of several pods: who has what, and what is nobody's but one's own. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/gtid_set.hpp"
#include "core/peer.hpp"

namespace ordinal {

/// The sets of one pod with data, as it told them.
struct PodSets {
  PodName pod;
  std::string host;
  const Status* status = nullptr;
  GtidSet executed;
  GtidSet all;     ///< executed and received
  GtidSet errant;  ///< under the pod's own current server_uuid, and nowhere else
  GtidSet clean;   ///< all without errant
};

/// The sets of `peers`, each of which has a last answer that tells its MySQL's sets. `elsewhere` is one more place where a transaction may
/// be: our own set, or nothing.
[[nodiscard]] std::vector<PodSets> sets_of(const std::vector<const PeerView*>& peers, const GtidSet& elsewhere);

/// The version's series, "9.7" of "9.7.4-2": CLONE needs the same on both sides (MySQL manual, "Cloning Remote Data").
[[nodiscard]] std::string version_series(const std::string& version);

}  // namespace ordinal
