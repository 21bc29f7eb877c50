// How `ordinal init` ends that was given what cannot be right: host name, hosts file, environment and files are real ones, of a process of
// its own.
#include "app/start.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "app/command_line.hpp"
#include "base/text.hpp"
#include "support/child.hpp"
#include "support/directory.hpp"

namespace ordinal::app {

namespace {

constexpr int no_namespaces = 125;

using Variables = std::vector<std::pair<std::string, std::string>>;

/// A pod with its passwords, as the kubelet makes it.
struct Given {
  std::string host = "db-0";
  std::string hosts = "127.0.0.1\tlocalhost\n10.0.0.7\tdb-0.db.shop.svc.cluster.local\tdb-0\n";
  Variables variables;
  std::string file;              ///< the configuration; "" for none
  std::string missing_password;  ///< the name of a file that is not there
  std::string empty_password;
};

/// Runs the command in that pod. Where nobody may make namespaces, such as under a strict AppArmor, the code is no_namespaces.
test::Ended in_pod(const Given& given, std::string command) {
  const test::Directory directory;
  directory.write("hosts", given.hosts);
  for (const std::string name : {"root", "agent", "replication", "clone"}) {
    if (name != given.missing_password) directory.write("credentials/" + name, name == given.empty_password ? "" : "sesame");
  }
  auto variables = given.variables;
  variables.emplace_back("ORDINAL_CREDENTIALS__DIRECTORY", directory.path() / "credentials");
  variables.emplace_back("ORDINAL_VOLUME__PATH", directory.path() / "no such volume");
  if (!given.file.empty()) {
    directory.write("ordinal.toml", given.file);
    variables.emplace_back("ORDINAL_CONFIG", directory.path() / "ordinal.toml");
  }
  return test::in_child([&] {
    const auto hosts = (directory.path() / "hosts").string();
    const bool moved = ::unshare(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNS) == 0 &&
                       ::sethostname(given.host.data(), given.host.size()) == 0 &&
                       ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       ::mount(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
    if (!moved) return no_namespaces;
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
    std::string program = "ordinal";
    std::array<char*, 3> arguments{program.data(), command.data(), nullptr};
    return main(2, arguments.data());
  });
}

}  // namespace

TEST_CASE("start: whatever was given that cannot be right ends init with 78, and one sentence says what it is") {
  struct Row {
    Given given;
    std::string said;  ///< how the only line begins, or a part of it
  };
  const auto with = [](std::string name, std::string value) { return Given{.variables = {{std::move(name), std::move(value)}}}; };
  const std::vector<Row> rows{
      {{.host = "mysql", .hosts = "10.0.0.7 mysql.db.shop.svc.cluster.local\n"},
       "ordinal: pod name: the host name \"mysql\" is not the name of a StatefulSet's pod: it does not end in a hyphen and a number; run"},
      {{.hosts = "10.0.0.7 db-0\n"},
       "ordinal: hosts file: it has no full name of this pod, \"db-0\".<service>.<namespace>.svc.<domain>: the StatefulSet's"},
      {with("ORDINAL_CLUSTER__FIRST_ORDINAL", "5"),
       "ordinal: cluster.first_ordinal: 5 is beyond this pod's own ordinal 0: set it to the StatefulSet's spec.ordinals.start"},
      {with("ORDINAL_CLUSTER__STATEFULSET", "sql"),
       "ordinal: cluster.statefulset: the configuration says sql and the pod's own name says db"},
      {with("ORDINAL_CLUSTER__SERVICE", "sql"), "ordinal: cluster.service: the configuration says sql and the pod's own name says db"},
      {with("ORDINAL_CLUSTER__NAMESPACE", "hop"),
       "ordinal: cluster.namespace: the configuration says hop and the pod's own name says shop"},
      {with("ORDINAL_CLUSTER__DOMAIN", "example.org"),
       "ordinal: cluster.domain: the configuration says example.org and the pod's own name says cluster.local"},
      {with("ORDINAL_CONFIG", "/no/such/file"), "ordinal: ORDINAL_CONFIG: there is no file /no/such/file"},
      {with("ORDINAL_MYSQL__SOCKETT", "x"), "ordinal: ORDINAL_MYSQL__SOCKETT: "},
      {{.file = "[mysql]\nsockett = \"x\"\n"}, "/ordinal.toml:2:1: mysql.sockett: "},
      {{.missing_password = "clone"}, "/credentials/clone: there is no such file: put the password there\"\n"},
      {{.empty_password = "root"}, "/credentials/root: it is empty\"\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.said);
    const auto ended = in_pod(row.given, "init");
    if (ended.code == no_namespaces) {
      MESSAGE("not tested: this machine lets nobody make namespaces");
      return;
    }
    CAPTURE(ended.said);
    CHECK(ended.code == exit_config);
    CHECK(ended.said.contains(row.said));
    CHECK(split(ended.said, '\n').size() == 2);
    CHECK_FALSE(ended.said.contains("sesame"));
  }
}

TEST_CASE("start: all that is wrong with the names is said at once") {
  const auto ended = in_pod({.variables = {{"ORDINAL_CLUSTER__SERVICE", "sql"}, {"ORDINAL_CLUSTER__FIRST_ORDINAL", "1"}}}, "check-config");
  if (ended.code == no_namespaces) return;
  CHECK(ended.code == exit_config);
  CHECK(split(ended.said, '\n').size() == 3);
}

TEST_CASE("start: a pod as it should be is found no fault with") {
  const auto ended = in_pod({}, "check-config");
  if (ended.code == no_namespaces) return;
  CHECK(ended.code == exit_ok);
  CHECK(ended.said == "");
}

}  // namespace ordinal::app
