// GTID sets: named examples. The expected texts are what GTID_SUBTRACT(text, '') of MySQL 9.7.4 prints, with "," for its ",\n".
#include "core/gtid_set.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace ordinal {

namespace {

const std::string a = "00000000-0000-0000-0000-00000000000a";
const std::string b = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

GtidSet set_of(const std::string& text) {
  auto set = GtidSet::parse(text);
  if (!set) FAIL(set.error().to_string());
  return *std::move(set);
}

std::string canonical(const std::string& text) { return set_of(text).to_string(); }

void check_refused(const std::string& text, std::string_view sentence) {
  CAPTURE(text);
  const auto set = GtidSet::parse(text);
  REQUIRE_FALSE(set.has_value());
  CHECK(set.error() == Error{Kind::protocol, "GTID set", std::string(sentence), 0});
}

}  // namespace

TEST_CASE("gtid_set: the empty set has several spellings") {
  for (const auto& text :
       std::vector<std::string>{"", " ", "\n", ",", ", ,\n,", a, a + ",", a + ":tag", a + ":5-3", a + ":1-0", a + ":tag:5-3"}) {
    CAPTURE(text);
    CHECK(set_of(text) == GtidSet());
    CHECK(set_of(text).empty());
    CHECK(canonical(text) == "");
  }
}

TEST_CASE("gtid_set: intervals are sorted and joined where they overlap or touch") {
  CHECK(canonical(b + ":7:1-5") == b + ":1-5:7");
  CHECK(canonical(b + ":1-3:2-5:6") == b + ":1-6");
  CHECK(canonical(b + ":1-9:3-4:8") == b + ":1-9");
  CHECK(canonical(b + ":5-3:1") == b + ":1");
  CHECK(canonical(b + ":7-7") == b + ":7");
  CHECK(canonical(b + ":0000000000000000000000000000000000000001-002") == b + ":1-2");
}

TEST_CASE("gtid_set: UUIDs are sorted, joined and printed in lower case with a comma between them") {
  CHECK(canonical("3E11FA47-71CA-11E1-9E33-C80AA9429562:1," + a + ":2," + b + ":2") == a + ":2," + b + ":1-2");
  CHECK(canonical(b + "," + a + ":1") == a + ":1");
}

TEST_CASE("gtid_set: white space may stand around every word, and nothing between commas") {
  CHECK(canonical(" \n" + b + " : 1 - 5 :\t7\r\n, ,\v" + a + "\f:\n tag : 1 ,") == a + ":tag:1," + b + ":1-5:7");
}

TEST_CASE("gtid_set: a tagged interval survives a round trip") {
  const auto text = b + ":1-5:7:_:1:a:1-3:a0:1:a_:1:tag2:4";
  CHECK(canonical(text) == text);
}

TEST_CASE("gtid_set: transactions without a tag come first, then tags in byte order") {
  CHECK(canonical(b + ":b:1:A:1:_:2:a0:3:a_:4:ab:5," + b + ":9") == b + ":9:_:2:a:1:a0:3:a_:4:ab:5:b:1");
}

TEST_CASE("gtid_set: a tag holds until the next tag or comma") {
  CHECK(canonical(b + ":1:tag:2:3") == b + ":1:tag:2-3");
  CHECK(canonical(b + ":tag:1," + b + ":5") == b + ":5:tag:1");
  CHECK(canonical(b + ":tag:tagb:1") == b + ":tagb:1");
  CHECK(canonical(b + ":tag:1:TAG:3") == b + ":tag:1:3");
  CHECK(canonical(b + ":a:1:b") == b + ":a:1");
  CHECK(canonical(b + ":" + std::string(32, 'A') + ":1") == b + ":" + std::string(32, 'a') + ":1");
}

TEST_CASE("gtid_set: numbers go from 1 to 2^63 - 2") {
  CHECK(canonical(b + ":9223372036854775806") == b + ":9223372036854775806");
  CHECK(canonical(b + ":1-9223372036854775806") == b + ":1-9223372036854775806");
  const std::string range = "after 37 bytes a number from 1 to 9223372036854775806 was expected, not ";
  check_refused(b + ":0", range + "\"0\"");
  check_refused(b + ":0-5", range + "\"0-5\"");
  check_refused(b + ":9223372036854775807", range + "\"9223372036854775807\"");
  check_refused(b + ":9223372036854775807-1", range + "\"9223372036854775807-1\"");
  check_refused(b + ":18446744073709551617", range + "\"18446744073709551617\"");
  check_refused(b + ":1-9223372036854775807",
                "after 39 bytes a number from 0 to 9223372036854775806 was expected, not \"9223372036854775807\"");
}

TEST_CASE("gtid_set: a text that MySQL refuses is refused with the place and what stands there") {
  const std::string number = " a number from 1 to 9223372036854775806 was expected, not ";
  const std::string separator = " a comma, a colon or the end was expected, not ";
  check_refused("garbage", "after 0 bytes a UUID was expected, not \"garbage\"");
  check_refused(a + ":1,garbage", "after 39 bytes a UUID was expected, not \"garbage\"");
  check_refused(a + ":1, -", "after 40 bytes a UUID was expected, not \"-\"");
  check_refused("AUTOMATIC", "after 0 bytes a UUID was expected, not \"AUTOMATIC\"");
  check_refused(a + ":", "after 37 bytes" + number + "the end");
  check_refused(a + ": ", "after 38 bytes" + number + "the end");
  check_refused(a + ":,", "after 37 bytes" + number + "\",\"");
  check_refused(a + "::1", "after 37 bytes" + number + "\":1\"");
  check_refused(a + ":1:", "after 39 bytes" + number + "the end");
  check_refused(a + ":tag:", "after 41 bytes" + number + "the end");
  check_refused(a + ":-5", "after 37 bytes" + number + "\"-5\"");
  check_refused(a + ":+1", "after 37 bytes" + number + "\"+1\"");
  check_refused(a + ":1-", "after 39 bytes a number from 0 to 9223372036854775806 was expected, not the end");
  check_refused(a + ":1-tag", "after 39 bytes a number from 0 to 9223372036854775806 was expected, not \"tag\"");
  check_refused(a + ":1-2-3", "after 40 bytes" + separator + "\"-3\"");
  check_refused(a + ":1 2", "after 39 bytes" + separator + "\"2\"");
  check_refused(a + ":1a:1", "after 38 bytes" + separator + "\"a:1\"");
  check_refused(a + ":a-b:1", "after 38 bytes" + separator + "\"-b:1\"");
  check_refused(a + ":t ag:1", "after 39 bytes" + separator + "\"ag:1\"");
  check_refused(a + ":1;", "after 38 bytes" + separator + "\";\"");
  check_refused(a + "-1", "after 36 bytes" + separator + "\"-1\"");
  check_refused(a + ":1" + std::string(1, '\0'), "after 38 bytes" + separator + "\"\\x00\"");
  check_refused(a + ":ä:1", "after 37 bytes" + number + "\"ä:1\"");
  check_refused(a + ":" + std::string(33, 'a') + ":1",
                "after 37 bytes a tag of at most 32 characters was expected, not \"" + std::string(33, 'a') + ":1\"");
}

TEST_CASE("gtid_set: the quoted rest of a refused text is bounded") {
  check_refused(std::string(1000, 'x'), "after 0 bytes a UUID was expected, not \"" + std::string(36, 'x') + "…\"");
}

TEST_CASE("gtid_set: two forms of a UUID that MySQL takes but never prints are refused") {
  check_refused("3e11fa4771ca11e19e33c80aa9429562:1", "after 0 bytes a UUID was expected, not \"3e11fa4771ca11e19e33c80aa9429562:1\"");
  check_refused("{" + b + "}:1", "after 0 bytes a UUID was expected, not \"{" + b.substr(0, 35) + "…\"");
}

TEST_CASE("gtid_set: a text of 4 MiB is read and a longer one is not") {
  std::string text = a + ":1";
  text.resize(GtidSet::text_bytes_max, ' ');
  CHECK(canonical(text) == a + ":1");
  check_refused(text + " ", "the text has 4194305 bytes, more than the 4194304 that are read");
}

TEST_CASE("gtid_set: transactions are counted, up to the largest number there is") {
  CHECK(GtidSet().count() == 0);
  CHECK(set_of(a + ":1-5:7:tag:1-2," + b + ":9").count() == 9);
  const std::string all = ":1-9223372036854775806";
  CHECK(set_of(a + all + ":tag" + all).count() == std::numeric_limits<std::uint64_t>::max() - 3);
  CHECK(set_of(a + all + ":tag" + all + ":tagb:1-3").count() == std::numeric_limits<std::uint64_t>::max());
  CHECK(set_of(a + all + ":tag" + all + ":tagb:1-4").count() == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("gtid_set: tags of one UUID are different transactions") {
  CHECK_FALSE(set_of(a + ":1-5").contains(set_of(a + ":tag:1")));
  CHECK_FALSE(set_of(a + ":tag:1").contains(set_of(a + ":1")));
  CHECK(set_of(a + ":1-5:tag:1-3").contains(set_of(a + ":2:tag:3")));
  CHECK(set_of(a + ":1-5:tag:1-3").without(set_of(a + ":1-5")) == set_of(a + ":tag:1-3"));
  CHECK(set_of(a + ":1-5:tag:1-3").intersection(set_of(a + ":3:tagb:1")) == set_of(a + ":3"));
}

TEST_CASE("gtid_set: every set contains the empty one and itself") {
  CHECK(GtidSet().contains(GtidSet()));
  CHECK(set_of(a + ":1").contains(GtidSet()));
  CHECK_FALSE(GtidSet().contains(set_of(a + ":1")));
  CHECK(set_of(a + ":1-3:5").contains(set_of(a + ":5:1-3")));
}

TEST_CASE("gtid_set: subtraction cuts holes across several intervals") {
  CHECK(set_of(a + ":1-10").without(set_of(a + ":3-4:7")) == set_of(a + ":1-2:5-6:8-10"));
  CHECK(set_of(a + ":1-3:5-7:9-11").without(set_of(a + ":2-10")) == set_of(a + ":1:11"));
  CHECK(set_of(a + ":1-3:5-7").without(set_of(a + ":1-9")) == GtidSet());
}

TEST_CASE("gtid_set: a UUID's own transactions are told from all others") {
  const auto set = set_of(a + ":1-5:tag:1-3," + b + ":9:tag:4");
  const auto uuid = *Uuid::parse(a);
  CHECK(set.of(uuid) == set_of(a + ":1-5:tag:1-3"));
  CHECK(set.without_uuid(uuid) == set_of(b + ":9:tag:4"));
  CHECK(set.of(Uuid()) == GtidSet());
  CHECK(set.without_uuid(Uuid()) == set);
  CHECK(set.uuids() == std::vector{uuid, *Uuid::parse(b)});
  CHECK(GtidSet().uuids().empty());
}

}  // namespace ordinal
