// What a volume says about itself: whose it is, how far its data is, and what it is known to hold. Values only; the file format is
// volume/identity_file, and only the holder of the volume's lock may change it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/gtid_set.hpp"
#include "core/pod_name.hpp"
#include "core/uuid.hpp"

namespace ordinal {

enum class Role : std::uint8_t { primary, replica };

/// How far the volume's data is. There is no state for a reseed: its request is a file of its own until `clone_complete` is written.
enum class VolumeState : std::uint8_t {
  provisioning,    ///< no complete data yet; what lies in incoming/ is worthless
  clone_complete,  ///< incoming/ is complete and synced; only renames are left, which may be half done
  provisioned,     ///< data/ is complete
};

/// How the data came to the volume.
enum class ProvisionedHow : std::uint8_t { initialize, clone, restore, adopt };

/// Why replication must stay off until a person or a reseed lifts it; survives restarts.
enum class Latch : std::uint8_t { none, source_lost_transactions };

[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::string_view to_string(VolumeState state);
[[nodiscard]] std::string_view to_string(ProvisionedHow how);
[[nodiscard]] std::string_view to_string(Latch latch);

/// Whose volume it is. All four belong together: a pod of the same name in another namespace, or with another first ordinal (which would
/// move the primary), is another owner.
struct Owner {
  std::string name_space;
  PodName pod;
  std::uint32_t first_ordinal = 0;

  [[nodiscard]] Role role() const { return pod.ordinal == first_ordinal ? Role::primary : Role::replica; }
  /// "shop/db-1 (first ordinal 0)", for sentences.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Owner&, const Owner&) = default;
};

struct Provisioned {
  ProvisionedHow how = ProvisionedHow::initialize;
  std::string donor;  ///< pod name; empty unless cloned or restored
  std::chrono::sys_seconds at{};
  double seconds = 0;  ///< from the decision to the complete copy
  std::uint64_t bytes = 0;
  friend bool operator==(const Provisioned&, const Provisioned&) = default;
};

/// What this volume is known to hold. A server whose executed set does not contain the mark lost transactions while its data stayed.
struct Mark {
  GtidSet gtid_executed;
  std::chrono::sys_seconds at{};
  /// The server has accepted writes, or may have, since this mark was taken: it may hold more than the mark says.
  bool writable = false;
  friend bool operator==(const Mark&, const Mark&) = default;
};

struct Identity {
  static constexpr std::uint32_t schema = 1;

  std::optional<Uuid> cluster_id;  ///< absent until the first initialisation or clone
  Owner owner;
  std::optional<Uuid> server_uuid;  ///< absent until mysqld was seen to run on the data
  std::uint32_t server_id = 0;
  VolumeState state = VolumeState::provisioning;
  bool replication_reset = true;  ///< false from a clone until RESET REPLICA ALL is done
  Latch latched = Latch::none;
  std::optional<Provisioned> provisioned;
  std::optional<Mark> mark;  ///< absent until `run` has seen the data for the first time
  friend bool operator==(const Identity&, const Identity&) = default;
};

}  // namespace ordinal
