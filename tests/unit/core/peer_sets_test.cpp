// Sets of several pods: what is nobody's but one's own.
#include "core/peer_sets.hpp"

#include <doctest/doctest.h>

#include "core/builders.hpp"

namespace ordinal::test {

namespace {

/// The errants of each of two peers, one of which may be known to be elsewhere.
std::pair<GtidSet, GtidSet> errants(const PeerView& one, const PeerView& two, std::string_view elsewhere = "") {
  const auto sets = sets_of({&one, &two}, gtids(elsewhere));
  return {sets.at(0).errant, sets.at(1).errant};
}

}  // namespace

TEST_CASE("peer_sets: what stands under a pod's own UUID and nowhere else is errant") {
  CHECK(errants(peer(1).holds("a:1-5,1:1-3"), peer(2).holds("a:1-6")) == std::pair{gtids("1:1-3"), gtids("")});
}

TEST_CASE("peer_sets: what another pod has executed or received, or what is elsewhere, is not errant") {
  CHECK(errants(peer(1).holds("1:1-3"), peer(2).holds("1:2")) == std::pair{gtids("1:1,1:3"), gtids("")});
  CHECK(errants(peer(1).holds("1:1-3"), peer(2).holds("").received("1:2")) == std::pair{gtids("1:1,1:3"), gtids("")});
  CHECK(errants(peer(1).holds("1:1-3"), peer(2).holds(""), "1:1") == std::pair{gtids("1:2-3"), gtids("")});
}

TEST_CASE("peer_sets: a pod's clean set is what it executed and received, without its errants") {
  const PeerView one = peer(1).holds("a:1-5,1:1").received("a:4-9");
  const auto sets = sets_of({&one}, {});
  CHECK(sets.front().executed == gtids("a:1-5,1:1"));
  CHECK(sets.front().all == gtids("a:1-9,1:1"));
  CHECK(sets.front().clean == gtids("a:1-9"));
}

TEST_CASE("peer_sets: a version's series are its first two numbers") {
  CHECK(version_series("9.7.4") == "9.7");
  CHECK(version_series("9.7.4-2+deb") == "9.7");
  CHECK(version_series("9.7") == "9.7");
  CHECK(version_series("9") == "9");
  CHECK(version_series("") == "");
}

}  // namespace ordinal::test
