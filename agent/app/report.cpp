// From facts to Status.
#include "app/report.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ordinal::app {

Status base_status(const Setup& setup, Instant started_at, Instant now) {
  Status status;
  status.owner = setup.policy.owner;
  status.pod_ip = setup.domain.address;
  status.agent.version = ORDINAL_VERSION;
  status.agent.uptime_seconds = static_cast<double>(elapsed(started_at, now).count()) / 1000;
  return status;
}

VolumeStatus volume_status(const init::VolumeFacts& volume) {
  VolumeStatus status;
  status.answer = init::answer_of(volume);
  status.data_bytes = volume.data_bytes;
  status.free_bytes = volume.free_bytes;
  if (const auto* identity = volume.identity_or_null()) {
    status.state = to_string(identity->state);
    if (const auto& provisioned = identity->provisioned) {
      status.how = provisioned->how;
      status.donor = provisioned->donor;
      status.bytes = provisioned->bytes;
      status.provisioned_at = format_time(provisioned->at);
    }
  }
  return status;
}

std::optional<CloneStatus> clone_status(const init::ScratchFacts& scratch, double seconds) {
  if (scratch.phase != init::ScratchFacts::Phase::copying || scratch.donor.empty()) return std::nullopt;
  CloneStatus status{.donor = scratch.donor,
                     .bytes_done = scratch.bytes,
                     .bytes_estimated = scratch.estimated_bytes,
                     .bytes_per_second = 0,
                     .eta_seconds = {}};
  if (seconds > 0.1 && scratch.bytes > 0) {
    const auto rate = static_cast<double>(scratch.bytes) / seconds;
    status.bytes_per_second = static_cast<std::uint64_t>(rate);
    const auto left = scratch.estimated_bytes > scratch.bytes ? scratch.estimated_bytes - scratch.bytes : 0;
    status.eta_seconds = static_cast<double>(left) / rate;
  }
  return status;
}

MysqlStatus mysql_status(const run::MysqlFacts& mysql, bool donor_ready) {
  return {.version = mysql.version,
          .server_uuid = mysql.server_uuid,
          .gtid_executed = mysql.executed,
          .gtid_received = mysql.replica ? mysql.replica->received : GtidSet{},
          .gtid_purged = mysql.purged,
          .open = !mysql.read_only,
          .donor_ready = donor_ready,
          .read_only = mysql.read_only,
          .super_read_only = mysql.super_read_only,
          .clone_plugin = mysql.clone_plugin};
}

}  // namespace ordinal::app
