// Tests of peers/own_name.
#include "peers/own_name.hpp"

#include <doctest/doctest.h>

namespace ordinal {

namespace {

// As the kubelet of Kubernetes 1.34 writes it.
constexpr std::string_view kubelet_hosts = R"(# Kubernetes-managed hosts file.
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::0	ip6-mcastprefix
10.244.1.7	db-0.db.shop.svc.cluster.local	db-0
)";

}  // namespace

TEST_CASE("own_domain: the kubelet's line says service, namespace, domain and address") {
  CHECK(own_domain(kubelet_hosts, "db-0") == PodDomain{"db", "shop", "cluster.local", "10.244.1.7"});
}

TEST_CASE("own_domain: a host name that is the full name already is cut at its first dot") {
  CHECK(own_domain(kubelet_hosts, "db-0.db.shop.svc.cluster.local") == PodDomain{"db", "shop", "cluster.local", "10.244.1.7"});
}

TEST_CASE("own_domain: the first of two addresses counts, and IPv6 is one") {
  const auto found = own_domain("fd00::7 db-0.db.shop.svc.k8s db-0\n10.0.0.7 db-0.db.shop.svc.k8s db-0\n", "db-0");
  CHECK(found == PodDomain{"db", "shop", "k8s", "fd00::7"});
}

TEST_CASE("own_domain: other pods' names, comments, names without a Service and lines without an address are passed over") {
  constexpr std::string_view hosts = R"(10.0.0.1 db-1.db.shop.svc.cluster.local db-1
10.0.0.2 db-00.db.shop.svc.cluster.local
#10.0.0.3 db-0.db.shop.svc.cluster.local
10.0.0.4 db-0 # db-0.db.shop.svc.cluster.local
10.0.0.5 db-0.example.org
10.0.0.6 db-0.shop.svc.cluster.local db-0..shop.svc.cluster.local db-0.db.shop.svc.
here db-0.db.shop.svc.cluster.local)";
  CHECK_FALSE(own_domain(hosts, "db-0"));
}

TEST_CASE("own_domain: without the full name the error says what a person must look at") {
  for (const auto hosts : {"", "10.0.0.1 db-0\n", "\n\n#\n"}) {
    const auto found = own_domain(hosts, "db-0");
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == Kind::bad_config);
    CHECK(found.error().detail.contains("spec.serviceName"));
    CHECK(found.error().detail.contains("\"db-0\""));
  }
}

}  // namespace ordinal
