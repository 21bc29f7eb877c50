// Reading, printing and the algebra of GTID sets.
#include "core/gtid_set.hpp"

#include <algorithm>
#include <format>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace ordinal {

namespace {

constexpr std::size_t tag_bytes_max = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool starts_tag(char c) { return is_upper(c) || (c >= 'a' && c <= 'z') || c == '_'; }
bool continues_tag(char c) { return starts_tag(c) || is_digit(c); }

}  // namespace

/// Reads one set from left to right; `rest_` is what is not read yet.
class GtidSet::Parser {
 public:
  explicit Parser(std::string_view text) : text_bytes_(text.size()), rest_(text) {}

  Result<GtidSet> parse() {
    do {
      if (auto part = parse_part(); !part) return std::unexpected(std::move(part.error()));
    } while (take(','));
    if (!rest_.empty()) return refuse("a comma, a colon or the end");
    for (auto& [tsid, intervals] : set_.intervals_) {
      std::ranges::sort(intervals);
      coalesce(intervals);
    }
    return std::move(set_);
  }

 private:
  /// What may stand between two commas: nothing, or a UUID and then tags and intervals, each after a colon.
  Result<void> parse_part() {
    skip_space();
    if (rest_.empty() || rest_.front() == ',') return {};
    const auto uuid = Uuid::parse(rest_.substr(0, Uuid::text_bytes));
    if (!uuid) return refuse("a UUID");
    rest_.remove_prefix(Uuid::text_bytes);
    Tsid tsid{*uuid, ""};
    while (take(':')) {
      skip_space();
      auto item = !rest_.empty() && starts_tag(rest_.front()) ? parse_tag(tsid.tag) : parse_interval(tsid);
      if (!item) return item;
    }
    return {};
  }

  Result<void> parse_tag(std::string& tag) {
    const auto before = rest_;
    tag = take_while(continues_tag);
    if (tag.size() > tag_bytes_max) {
      rest_ = before;
      return refuse(std::format("a tag of at most {} characters", tag_bytes_max));
    }
    std::ranges::transform(tag, tag.begin(), [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
    return {};
  }

  Result<void> parse_interval(const Tsid& tsid) {
    const auto first = parse_number(1);
    if (!first) return std::unexpected(first.error());
    auto last = first;
    if (take('-')) {
      skip_space();
      last = parse_number(0);
      if (!last) return std::unexpected(last.error());
    }
    // MySQL takes "5-3", and even "5-0", as no transactions at all.
    if (*first <= *last) set_.intervals_[tsid].push_back({*first, *last + 1});
    return {};
  }

  Result<std::uint64_t> parse_number(std::uint64_t least) {
    const auto before = rest_;
    const auto number = parse_unsigned(take_while(is_digit));
    if (number && *number >= least && *number <= number_max) return *number;
    rest_ = before;
    return refuse(std::format("a number from {} to {}", least, number_max));
  }

  /// Whether the next word is this character, which is then read.
  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_while(bool (*accepted)(char)) {
    const auto length = std::ranges::find_if_not(rest_, accepted) - rest_.begin();
    const auto word = rest_.substr(0, static_cast<std::size_t>(length));
    rest_.remove_prefix(word.size());
    return word;
  }

  void skip_space() {
    take_while([](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
  }

  [[nodiscard]] std::unexpected<Error> refuse(std::string_view expected) const {
    return fail(Kind::protocol, "GTID set",
                std::format("after {} bytes {} was expected, not {}", text_bytes_ - rest_.size(), expected,
                            rest_.empty() ? "the end" : quote(rest_, Uuid::text_bytes)));
  }

  std::size_t text_bytes_;
  std::string_view rest_;
  GtidSet set_;
};

/// Joins neighbours that overlap or touch.
void GtidSet::coalesce(Intervals& sorted) {
  auto last = sorted.begin();
  for (auto next = std::next(last); next != sorted.end(); ++next) {
    if (next->first <= last->end) {
      last->end = std::max(last->end, next->end);
    } else {
      *++last = *next;
    }
  }
  sorted.erase(std::next(last), sorted.end());
}

GtidSet::Intervals GtidSet::difference(const Intervals& intervals, const Intervals& removed) {
  Intervals remaining;
  auto cut = removed.begin();
  for (auto [first, end] : intervals) {
    while (cut != removed.end() && cut->end <= first) ++cut;
    // The last cut may reach into the next interval, so `cut` itself stays at the first one that touches this interval.
    for (auto hole = cut; hole != removed.end() && hole->first < end; ++hole) {
      if (first < hole->first) remaining.push_back({first, hole->first});
      first = hole->end;
    }
    if (first < end) remaining.push_back({first, end});
  }
  return remaining;
}

Result<GtidSet> GtidSet::parse(std::string_view text) {
  if (text.size() > text_bytes_max) {
    return fail(Kind::protocol, "GTID set",
                std::format("the text has {} bytes, more than the {} that are read", text.size(), text_bytes_max));
  }
  return Parser(text).parse();
}

std::string GtidSet::to_string() const {
  std::string text;
  std::optional<Uuid> current;
  for (const auto& [tsid, intervals] : intervals_) {
    if (tsid.uuid != current) {
      if (current) text += ',';
      text += tsid.uuid.to_string();
      current = tsid.uuid;
    }
    if (!tsid.tag.empty()) text += ':' + tsid.tag;
    for (const auto& [first, end] : intervals) {
      text += ':' + std::to_string(first);
      if (end - first > 1) text += '-' + std::to_string(end - 1);
    }
  }
  return text;
}

std::uint64_t GtidSet::count() const {
  std::uint64_t total = 0;
  for (const auto& [tsid, intervals] : intervals_) {
    for (const auto& [first, end] : intervals) {
      if (end - first > std::numeric_limits<std::uint64_t>::max() - total) return std::numeric_limits<std::uint64_t>::max();
      total += end - first;
    }
  }
  return total;
}

bool GtidSet::contains(const GtidSet& other) const { return other.without(*this).empty(); }

GtidSet GtidSet::united(const GtidSet& other) const {
  GtidSet result = *this;
  for (const auto& [tsid, added] : other.intervals_) {
    auto& intervals = result.intervals_[tsid];
    const auto middle = static_cast<Intervals::difference_type>(intervals.size());
    intervals.insert(intervals.end(), added.begin(), added.end());
    std::ranges::inplace_merge(intervals, intervals.begin() + middle);
    coalesce(intervals);
  }
  return result;
}

GtidSet GtidSet::without(const GtidSet& other) const {
  GtidSet result;
  for (const auto& [tsid, intervals] : intervals_) {
    const auto removed = other.intervals_.find(tsid);
    auto remaining = removed == other.intervals_.end() ? intervals : difference(intervals, removed->second);
    if (!remaining.empty()) result.intervals_.emplace_hint(result.intervals_.end(), tsid, std::move(remaining));
  }
  return result;
}

GtidSet GtidSet::intersection(const GtidSet& other) const { return without(without(other)); }

GtidSet GtidSet::of(const Uuid& uuid) const { return without(without_uuid(uuid)); }

GtidSet GtidSet::without_uuid(const Uuid& uuid) const {
  GtidSet result = *this;
  std::erase_if(result.intervals_, [&](const auto& entry) { return entry.first.uuid == uuid; });
  return result;
}

std::vector<Uuid> GtidSet::uuids() const {
  std::vector<Uuid> result;
  for (const auto& [tsid, intervals] : intervals_) {
    if (result.empty() || result.back() != tsid.uuid) result.push_back(tsid.uuid);
  }
  return result;
}

}  // namespace ordinal
