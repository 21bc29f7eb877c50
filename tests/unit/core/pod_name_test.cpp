// Pod names: which host names are some, and what is said of those that are none.
#include "core/pod_name.hpp"

#include <doctest/doctest.h>

namespace ordinal {

namespace {

/// Whether `hostname` is refused for a reason with `why` in it, and with a way out.
void check_refused(std::string_view hostname, std::string_view why) {
  CAPTURE(hostname);
  const auto pod = parse_pod_name(hostname);
  REQUIRE_FALSE(pod.has_value());
  CHECK(pod.error().kind == Kind::bad_config);
  CAPTURE(pod.error().detail);
  CHECK(pod.error().detail.contains(why));
  CHECK(pod.error().detail.ends_with("give the container a host name like \"db-0\""));
}

}  // namespace

TEST_CASE("pod_name: StatefulSet and ordinal are taken apart and put together again") {
  CHECK(parse_pod_name("db-0") == PodName{"db", 0});
  CHECK(parse_pod_name("my-shop-db-12") == PodName{"my-shop-db", 12});
  CHECK(parse_pod_name("0-1") == PodName{"0", 1});
  CHECK(parse_pod_name("db-2-3") == PodName{"db-2", 3});
  CHECK(parse_pod_name("db-999999") == PodName{"db", PodName::ordinal_max});
  CHECK(PodName{"my-shop-db", 12}.to_string() == "my-shop-db-12");
}

TEST_CASE("pod_name: a full host name is cut at its first dot") {
  CHECK(parse_pod_name("db-1.db.shop.svc.cluster.local") == PodName{"db", 1});
  CHECK(parse_pod_name("db-1.") == PodName{"db", 1});
}

TEST_CASE("pod_name: the whole may have 63 characters and no more") {
  const std::string statefulset(61, 'a');
  CHECK(parse_pod_name(statefulset + "-0") == PodName{statefulset, 0});
  check_refused(statefulset + "-10", "longer than 63 characters");
}

TEST_CASE("pod_name: what is no pod of a StatefulSet is refused with the reason and the way out") {
  check_refused("", "it is empty");
  check_refused(".shop", "it is empty");
  check_refused("db", "does not end in a hyphen and a number");
  check_refused("db-", "does not end in a hyphen and a number");
  check_refused("db-5f7c9d", "does not end in a hyphen and a number");
  check_refused("db-01", "the number 01 has leading zeros");
  check_refused("db-00", "the number 00 has leading zeros");
  check_refused("db-1000000", "the number 1000000 is larger than 999999");
  check_refused("db-99999999999", "the number 99999999999 is larger than 999999");
  check_refused("db-99999999999999999999999", "is larger than 999999");
  check_refused("db--1", "the part before the number, \"db-\", begins or ends with a hyphen");
  check_refused("-db-1", "begins or ends with a hyphen");
  check_refused("-1", "nothing stands before");
  check_refused("Db-1", "characters other than");
  check_refused("db_x-1", "characters other than");
  check_refused("db-1\n", "characters other than");
  check_refused("dü-1", "characters other than");
}

TEST_CASE("pod_name: pods are ordered by StatefulSet, then by number") {
  CHECK(PodName{"db", 2} < PodName{"db", 10});
  CHECK(PodName{"db", 10} < PodName{"dc", 2});
}

}  // namespace ordinal
