// Sets of several pods.
#include "core/peer_sets.hpp"

#include "base/text.hpp"

namespace ordinal {

std::vector<PodSets> sets_of(const std::vector<const PeerView*>& peers, const GtidSet& elsewhere) {
  std::vector<PodSets> sets;
  for (const auto* peer : peers) {
    const auto& mysql = *peer->last->status.mysql;
    sets.push_back({.pod = peer->pod,
                    .host = peer->host,
                    .status = &peer->last->status,
                    .executed = mysql.gtid_executed,
                    .all = mysql.gtid_executed.united(mysql.gtid_received),
                    .errant = {},
                    .clean = {}});
  }
  for (auto& mine : sets) {
    auto own = mine.all.of(mine.status->mysql->server_uuid).without(elsewhere);
    for (const auto& other : sets) {
      if (&other != &mine) own = own.without(other.all);
    }
    mine.clean = mine.all.without(own);
    mine.errant = std::move(own);
  }
  return sets;
}

std::string version_series(const std::string& version) {
  const auto parts = split(version, '.');
  return parts.size() < 2 ? version : std::string(parts[0]) + "." + std::string(parts[1]);
}

}  // namespace ordinal
