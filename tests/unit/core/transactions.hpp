// The small universe of the exhaustive tests: four transactions under two UUIDs, sets of them as bits, and their combinations but for
// symmetry. It must not know the rules that are tested.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/builders.hpp"

namespace ordinal::test {

/// Bit 0 is "a:1", bit 1 "a:2"; bits 2 and 3 are the same under the second UUID.
using Bits = std::uint32_t;
inline constexpr Bits first_uuid = 0b0011;
inline constexpr Bits second_uuid = 0b1100;

[[nodiscard]] constexpr bool contains(Bits set, Bits other) { return (other & ~set) == 0; }

/// The sets as values, made once for each second UUID: thousands of cases need them.
class Universe {
 public:
  explicit Universe(char second) : second_(second) {
    constexpr std::array<std::string_view, 4> of_uuid{"", ":1", ":2", ":1-2"};
    for (Bits bits = 0; bits < sets_.size(); ++bits) {
      std::string text;
      if ((bits & first_uuid) != 0) text += "a" + std::string(of_uuid.at(bits & first_uuid));
      if ((bits & second_uuid) != 0) text += std::string(",") + second + std::string(of_uuid.at(bits >> 2U));
      sets_.at(bits) = gtids(text);
    }
  }
  [[nodiscard]] const GtidSet& operator[](Bits bits) const { return sets_.at(bits); }
  /// The transactions that stand under pod n's own server_uuid.
  [[nodiscard]] Bits own_of(std::uint32_t n) const { return second_ == static_cast<char>('0' + n) ? second_uuid : 0; }

 private:
  char second_;
  std::array<GtidSet, 16> sets_;
};

/// All ways to give each of four transactions one of `values` (what it is to each pod), where the two of one UUID may be swapped without a
/// difference: numbers of transactions have no meaning but to tell them apart.
[[nodiscard]] inline std::vector<std::array<std::size_t, 4>> combinations(std::size_t first_values, std::size_t second_values) {
  std::vector<std::array<std::size_t, 4>> all;
  for (std::size_t a = 0; a < first_values; ++a) {
    for (std::size_t b = a; b < first_values; ++b) {
      for (std::size_t c = 0; c < second_values; ++c) {
        for (std::size_t d = c; d < second_values; ++d) all.push_back({a, b, c, d});
      }
    }
  }
  return all;
}

/// What a peer holds.
struct Held {
  Bits executed = 0;
  Bits received = 0;
  [[nodiscard]] Bits all() const { return executed | received; }
};

/// Takes the next of three from `value`: nothing, executed, received and not applied.
inline void hold(Held& held, std::size_t transaction, std::size_t what) {
  const auto bit = Bits{1} << transaction;
  if (what == 1) held.executed |= bit;
  if (what == 2) held.received |= bit;
}

/// What of a pod's transactions is its own and nowhere else.
[[nodiscard]] inline Bits errant(const Universe& universe, std::uint32_t n, Bits all, Bits elsewhere) {
  return all & universe.own_of(n) & ~elsewhere;
}

}  // namespace ordinal::test
