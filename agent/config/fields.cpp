// The table itself. A new key is one line in Config and one entry here.
#include "config/fields.hpp"

#include <algorithm>
#include <format>

namespace ordinal::config {

namespace {

constexpr std::uint64_t second = 1'000;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;

constexpr Range any_port{1, 65'535};
/// A server_id is this base plus an ordinal, and MySQL's are 32 bits wide (MySQL manual, "server_id").
constexpr Range server_id_base{1, 0xffff'ffff - PodName::ordinal_max};

#define ORDINAL_SLOT(member) [](Config& c) -> Slot { return &c.member; }

constexpr FieldSpec table[] = {
    {.path = "cluster.statefulset",
     .slot = ORDINAL_SLOT(cluster.statefulset),
     .doc = "The StatefulSet's name. Empty: as the pod's host name says. When given, a pod of another one does not start.",
     .form = Form::optional_label},
    {.path = "cluster.service",
     .slot = ORDINAL_SLOT(cluster.service),
     .doc = "The headless Service that names the pods. Empty: as the pod's own full name in its hosts file says. When given, it must be "
            "the same.",
     .form = Form::optional_label},
    {.path = "cluster.namespace",
     .slot = ORDINAL_SLOT(cluster.name_space),
     .doc = "The namespace. Empty: as the pod's own full name in its hosts file says. When given, it must be the same.",
     .form = Form::optional_label},
    {.path = "cluster.domain",
     .slot = ORDINAL_SLOT(cluster.domain),
     .doc = "The cluster's DNS domain, as in cluster.local. Empty: as the pod's own full name in its hosts file says. When given, it must "
            "be the same.",
     .form = Form::optional_domain},
    {.path = "cluster.replicas",
     .slot = ORDINAL_SLOT(cluster.replicas),
     .doc = "How many pods there are at least, the primary included: an empty first pod asks all of them whether they have data. Pods "
            "beyond these are "
            "found by SRV. With 1, and none beyond, there is nobody to ask, and no semi-synchronous replication.",
     .range = {1, 100}},
    {.path = "cluster.first_ordinal",
     .slot = ORDINAL_SLOT(cluster.first_ordinal),
     .doc = "The StatefulSet's spec.ordinals.start: the ordinal of the primary. Changing it later would move the primary, so volumes of "
            "the old one are "
            "refused.",
     .range = {0, PodName::ordinal_max}},
    {.path = "cluster.discovery",
     .slot = ORDINAL_SLOT(cluster.discovery),
     .doc = "How pods are found: by the SRV records of the Service's port \"ordinal\", or from the names of the replicas alone where there "
            "are none, as in "
            "Docker."},
    {.path = "volume.path", .slot = ORDINAL_SLOT(volume.path), .doc = "Where the pod's volume is mounted.", .form = Form::absolute_path},
    {.path = "volume.adopt_existing",
     .slot = ORDINAL_SLOT(volume.adopt_existing),
     .doc = "Whether the first pod takes over a MySQL data directory that it finds on a volume without an identity. Otherwise it refuses."},
    {.path = "mysql.socket", .slot = ORDINAL_SLOT(mysql.socket), .doc = "The unix socket of mysqld.", .form = Form::socket_path},
    {.path = "mysql.port", .slot = ORDINAL_SLOT(mysql.port), .doc = "The port of mysqld, the same on all pods.", .range = any_port},
    {.path = "mysql.server_id_base",
     .slot = ORDINAL_SLOT(mysql.server_id_base),
     .doc = "A pod's server_id is this plus its ordinal.",
     .range = server_id_base},
    {.path = "mysql.silence_limit",
     .slot = ORDINAL_SLOT(mysql.silence_limit),
     .doc = "After how long without any answer from mysqld, while it neither starts, recovers nor donates, /mysql/livez fails.",
     .range = {10 * second, day}},
    {.path = "mysql.settings_directory",
     .slot = ORDINAL_SLOT(mysql.settings_directory),
     .doc = "The directory of the user's own MySQL settings, *.cnf; it need not exist.",
     .form = Form::absolute_path},
    {.path = "bootstrap.initialize",
     .slot = ORDINAL_SLOT(bootstrap.initialize),
     .doc = "Whether an empty first pod may make a new, empty database once every peer has said that it never had data. \"never\" is "
            "recommended once a "
            "cluster exists."},
    {.path = "bootstrap.require_peers",
     .slot = ORDINAL_SLOT(bootstrap.require_peers),
     .doc = "Whose word an empty first pod needs: that of all pods, or of those that exist, for a StatefulSet that starts its pods one "
            "after another. The "
            "latter is weaker: a pod that does not exist cannot say what its volume holds."},
    {.path = "donor.fallback_after",
     .slot = ORDINAL_SLOT(donor.fallback_after),
     .doc = "After how long without the previous pod a new replica may copy from another one, the primary last.",
     .range = {second, 30 * day}},
    {.path = "clone.stall_timeout",
     .slot = ORDINAL_SLOT(clone.stall_timeout),
     .doc = "After how long without a byte a copy is given up and begun anew. The receiving server's own initialising does not count.",
     .range = {second, day}},
    {.path = "clone.compression",
     .slot = ORDINAL_SLOT(clone.compression),
     .doc = "Whether a copy is compressed on the wire. It costs far more processor time than it saves in a fast network."},
    {.path = "clone.require_tls",
     .slot = ORDINAL_SLOT(clone.require_tls),
     .doc = "Whether a copy is refused over a connection without TLS."},
    {.path = "primary.peer_check_timeout",
     .slot = ORDINAL_SLOT(primary.peer_check_timeout),
     .doc = "How long a restarted primary waits for every peer to tell what it has, before it opens with those that answered.",
     .range = {second, hour}},
    {.path = "replication.semi_sync",
     .slot = ORDINAL_SLOT(replication.semi_sync),
     .doc = "Whether a commit waits until one replica has received it."},
    {.path = "replication.semi_sync_timeout",
     .slot = ORDINAL_SLOT(replication.semi_sync_timeout),
     .doc = "How long a commit waits for a replica, before the primary goes on alone until one has caught up.",
     .range = {100, hour}},
    {.path = "tls.directory",
     .slot = ORDINAL_SLOT(tls.directory),
     .doc = "The directory with ca.crt, tls.crt and tls.key, as cert-manager writes them. Empty: MySQL's own certificates, unverified.",
     .form = Form::optional_absolute_path},
    {.path = "readiness.max_lag",
     .slot = ORDINAL_SLOT(readiness.max_lag),
     .doc = "How stale a replica's data may be at most, for the pod to be ready, while its source answers.",
     .range = {second, 30 * day}},
    {.path = "readiness.max_source_silence",
     .slot = ORDINAL_SLOT(readiness.max_source_silence),
     .doc = "After how long without its source a replica that has applied everything stops being ready.",
     .range = {second, 30 * day}},
    {.path = "http.listen",
     .slot = ORDINAL_SLOT(http.listen),
     .doc = "The IP address and port of the agent's endpoints. The port is the same on all pods."},
    {.path = "agent.watchdog",
     .slot = ORDINAL_SLOT(agent.watchdog),
     .doc = "After how long without progress of its own loop the agent ends with an error, to be restarted. Not more than "
            "mysql.silence_limit, or a hanging "
            "agent would be taken for a silent mysqld.",
     .range = {5 * second, hour}},
    {.path = "agent.run_directory",
     .slot = ORDINAL_SLOT(agent.run_directory),
     .doc = "The directory in memory that the pod's containers share: my.cnf, the socket, the boot init file, flags.",
     .form = Form::absolute_path},
    {.path = "credentials.directory",
     .slot = ORDINAL_SLOT(credentials.directory),
     .doc = "The directory with the passwords, one a file: root, agent, replication, clone, and optionally application_user, "
            "application_password and "
            "application_database.",
     .form = Form::absolute_path},
    {.path = "log.level", .slot = ORDINAL_SLOT(log.level), .doc = "The least important kind of line that is logged."},
    {.path = "log.format", .slot = ORDINAL_SLOT(log.format), .doc = "Lines of key=value, or of JSON."},
};

#undef ORDINAL_SLOT

}  // namespace

std::string FieldSpec::variable() const {
  std::string out = "ORDINAL_";
  for (const char c : path) {
    if (c == '.') {
      out += "__";
    } else {
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return out;
}

std::span<const FieldSpec> fields() { return table; }

}  // namespace ordinal::config
