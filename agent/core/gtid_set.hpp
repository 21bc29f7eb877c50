// MySQL's GTID sets as values, with tags (MySQL 8.3 and newer). It must not ask a server: what it says is tested to be what a server says.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "core/uuid.hpp"

namespace ordinal {

/// A set of transactions. The grammar is in the MySQL reference manual, section "GTID Sets" of "GTID Format and Storage"; where it is
/// silent, the behaviour is that of GTID_SUBTRACT and GTID_SUBSET of 9.7.4. The algebra is linear in the number of intervals.
class GtidSet {
 public:
  /// Longer texts are refused: a set of this size is a mistake or an attack.
  static constexpr std::size_t text_bytes_max = 4 * 1024 * 1024;
  /// The largest number of a transaction, 2^63 - 2; the smallest is 1.
  static constexpr std::uint64_t number_max = 9'223'372'036'854'775'806;

  /// The empty set.
  GtidSet() = default;

  /// The set that `text` spells in any form that MySQL takes: white space around every word, empty parts between commas, repeated UUIDs and
  /// tags, unordered or overlapping intervals, "5-3" as nothing, a UUID or tag without intervals as nothing, upper case. Two forms of a
  /// UUID that MySQL takes but never prints, in braces and without hyphens, are refused. Fails with protocol and a sentence that names the
  /// place.
  [[nodiscard]] static Result<GtidSet> parse(std::string_view text);

  /// The set as MySQL prints it, but for the separator: "," where MySQL has ",\n". UUIDs ascend; of one UUID, transactions without a tag
  /// come first, then tags in byte order; all letters are lower-case; "" is the empty set.
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] bool empty() const { return intervals_.empty(); }

  /// The number of transactions; 2^64 - 1 when there are more.
  [[nodiscard]] std::uint64_t count() const;

  /// Whether each transaction of `other` is in this set: GTID_SUBSET(other, this).
  [[nodiscard]] bool contains(const GtidSet& other) const;

  /// The transactions of both.
  [[nodiscard]] GtidSet united(const GtidSet& other) const;

  /// The transactions that are not in `other`: GTID_SUBTRACT(this, other).
  [[nodiscard]] GtidSet without(const GtidSet& other) const;

  /// The transactions that are in `other` too.
  [[nodiscard]] GtidSet intersection(const GtidSet& other) const;

  /// The transactions under this UUID, whatever their tag.
  [[nodiscard]] GtidSet of(const Uuid& uuid) const;

  /// The transactions under all other UUIDs.
  [[nodiscard]] GtidSet without_uuid(const Uuid& uuid) const;

  /// The UUIDs that have transactions here, ascending, each once.
  [[nodiscard]] std::vector<Uuid> uuids() const;

  friend bool operator==(const GtidSet&, const GtidSet&) = default;

 private:
  class Parser;

  /// What MySQL calls a TSID: whose transactions are numbered together. No tag is "".
  struct Tsid {
    Uuid uuid;
    std::string tag;
    friend auto operator<=>(const Tsid&, const Tsid&) = default;
  };

  /// The numbers from `first` up to, but not including, `end`.
  struct Interval {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    friend auto operator<=>(const Interval&, const Interval&) = default;
  };
  using Intervals = std::vector<Interval>;

  static void coalesce(Intervals& sorted);
  static Intervals difference(const Intervals& intervals, const Intervals& removed);

  /// For each TSID the intervals, ascending and with gaps between them, never none: so equal sets have equal maps.
  std::map<Tsid, Intervals> intervals_;
};

}  // namespace ordinal
