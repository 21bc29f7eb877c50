// GTID sets: laws that hold for all of them, checked on random ones. A failure prints the RC_PARAMS that repeat it.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "core/gtid_set.hpp"

namespace ordinal {

namespace {

constexpr std::array<std::string_view, 3> uuids{"00000000-0000-0000-0000-00000000000a", "3e11fa47-71ca-11e1-9e33-c80aa9429562",
                                                "ffffffff-ffff-ffff-ffff-ffffffffffff"};
constexpr std::array<std::string_view, 4> tags{"", "_", "a", "a0"};

/// One interval as a person might write it: UUID, tag, first and last number.
struct Piece {
  std::size_t uuid;
  std::size_t tag;
  std::uint64_t first;
  std::uint64_t last;
};

/// The naive model: every transaction by itself, as (UUID, tag, number). Both tables above ascend, so its order is that of MySQL.
using Model = std::set<std::tuple<std::size_t, std::size_t, std::uint64_t>>;

std::string spell(const std::vector<Piece>& pieces) {
  std::string text;
  for (const auto& piece : pieces) {
    text += std::string(uuids[piece.uuid]) + (piece.tag == 0 ? "" : ":") + std::string(tags[piece.tag]) + ":" +
            std::to_string(piece.first) + "-" + std::to_string(piece.last) + ",\n";
  }
  return text;
}

Model model_of(const std::vector<Piece>& pieces) {
  Model model;
  for (const auto& piece : pieces) {
    for (auto number = piece.first; number <= piece.last; ++number) model.emplace(piece.uuid, piece.tag, number);
  }
  return model;
}

/// The canonical text, made transaction by transaction.
std::string print(const Model& model) {
  std::string text;
  for (auto at = model.begin(); at != model.end();) {
    const auto [uuid, tag, first] = *at;
    const bool new_uuid = at == model.begin() || std::get<0>(*std::prev(at)) != uuid;
    const bool new_tag = new_uuid || std::get<1>(*std::prev(at)) != tag;
    if (new_uuid) text += (text.empty() ? "" : ",") + std::string(uuids[uuid]);
    if (new_tag && tag != 0) text += ":" + std::string(tags[tag]);
    auto last = first;
    while (++at != model.end() && *at == std::tuple(uuid, tag, last + 1)) ++last;
    text += ":" + std::to_string(first) + (last == first ? "" : "-" + std::to_string(last));
  }
  return text;
}

/// Pieces with numbers up to `number_max`; some are backwards, which is nothing.
std::vector<Piece> pieces_up_to(std::uint64_t number_max) {
  const auto index_below = [](std::size_t size) { return rc::gen::inRange<std::size_t>(0, size); };
  const auto number = rc::gen::inRange<std::uint64_t>(1, number_max + 1);
  const auto piece = rc::gen::construct<Piece>(index_below(uuids.size()), index_below(tags.size()), number, number);
  return *rc::gen::container<std::vector<Piece>>(piece);
}

GtidSet set_of(const std::string& text) {
  auto set = GtidSet::parse(text);
  RC_ASSERT(set.has_value());
  return *std::move(set);
}

struct Pair {
  GtidSet left;
  GtidSet right;
  Model left_model;
  Model right_model;
};

/// Two sets of small numbers, so that they meet often, and their models.
Pair small_pair() {
  const auto left = pieces_up_to(16);
  const auto right = pieces_up_to(16);
  return {set_of(spell(left)), set_of(spell(right)), model_of(left), model_of(right)};
}

/// A set with numbers of any size, for which a model would be too large.
GtidSet large_set() { return set_of(spell(pieces_up_to(GtidSet::number_max))); }

using Operation = GtidSet (GtidSet::*)(const GtidSet&) const;

/// Whether the operation agrees with the one of the standard library on the models.
bool agrees(const char* what, Operation operation, auto model_operation) {
  return rc::check(what, [&] {
    const auto pair = small_pair();
    Model expected;
    model_operation(pair.left_model, pair.right_model, std::inserter(expected, expected.end()));
    RC_ASSERT((pair.left.*operation)(pair.right).to_string() == print(expected));
  });
}

}  // namespace

TEST_CASE("gtid_set: printing is canonical and counting exact for every set") {
  CHECK(rc::check("print", [] {
    const auto pair = small_pair();
    RC_ASSERT(pair.left.to_string() == print(pair.left_model));
    RC_ASSERT(pair.left.count() == pair.left_model.size());
    RC_ASSERT(pair.left.empty() == pair.left_model.empty());
    RC_ASSERT((pair.left == pair.right) == (pair.left_model == pair.right_model));
  }));
}

TEST_CASE("gtid_set: parsing what was printed gives the same set") {
  CHECK(rc::check("parse after print", [] {
    const auto set = large_set();
    RC_ASSERT(set_of(set.to_string()) == set);
  }));
}

TEST_CASE("gtid_set: union, difference and intersection are those of sets of transactions") {
  CHECK(agrees("united", &GtidSet::united, [](const Model& l, const Model& r, auto out) { std::ranges::set_union(l, r, out); }));
  CHECK(agrees("without", &GtidSet::without, [](const Model& l, const Model& r, auto out) { std::ranges::set_difference(l, r, out); }));
  CHECK(agrees("intersection", &GtidSet::intersection,
               [](const Model& l, const Model& r, auto out) { std::ranges::set_intersection(l, r, out); }));
}

TEST_CASE("gtid_set: one set contains another when the models say so") {
  CHECK(rc::check("contains", [] {
    const auto pair = small_pair();
    RC_ASSERT(pair.left.contains(pair.right) == std::ranges::includes(pair.left_model, pair.right_model));
    RC_ASSERT(pair.left.united(pair.right).contains(pair.right));
  }));
}

TEST_CASE("gtid_set: a set falls into the parts of its UUIDs") {
  CHECK(rc::check("of and without_uuid", [] {
    const auto set = large_set();
    GtidSet sum;
    for (const auto& uuid : set.uuids()) {
      RC_ASSERT(set.of(uuid).uuids() == std::vector{uuid});
      RC_ASSERT(set.of(uuid) == set.without(set.without_uuid(uuid)));
      RC_ASSERT(set.without_uuid(uuid).of(uuid).empty());
      sum = sum.united(set.of(uuid));
    }
    RC_ASSERT(sum == set);
  }));
}

TEST_CASE("gtid_set: the laws of algebra hold for numbers of any size") {
  CHECK(rc::check("algebra", [] {
    const auto a = large_set();
    const auto b = large_set();
    const auto c = large_set();
    RC_ASSERT(a.united(b) == b.united(a));
    RC_ASSERT(a.intersection(b) == b.intersection(a));
    RC_ASSERT(a.united(b).united(c) == a.united(b.united(c)));
    RC_ASSERT(a.intersection(b.united(c)) == a.intersection(b).united(a.intersection(c)));
    RC_ASSERT(a.without(b).without(c) == a.without(b.united(c)));
    RC_ASSERT(a.without(b).intersection(b).empty());
    RC_ASSERT(a.without(b).united(a.intersection(b)) == a);
    RC_ASSERT(a.without(a).empty());
    RC_ASSERT(a.contains(b) == (a.united(b) == a));
  }));
}

}  // namespace ordinal
