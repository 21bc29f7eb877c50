// Names of the identity's enums, as they stand in the file and in /status.
#include "core/identity.hpp"

#include <format>
#include <utility>

namespace ordinal {

std::string_view to_string(Role role) { return role == Role::primary ? "primary" : "replica"; }

std::string_view to_string(VolumeState state) {
  switch (state) {
    case VolumeState::provisioning: return "provisioning";
    case VolumeState::clone_complete: return "clone_complete";
    case VolumeState::provisioned: return "provisioned";
  }
  std::unreachable();
}

std::string_view to_string(ProvisionedHow how) {
  switch (how) {
    case ProvisionedHow::initialize: return "initialize";
    case ProvisionedHow::clone: return "clone";
    case ProvisionedHow::restore: return "restore";
    case ProvisionedHow::adopt: return "adopt";
  }
  std::unreachable();
}

std::string_view to_string(Latch latch) { return latch == Latch::none ? "" : "SOURCE_LOST_TRANSACTIONS"; }

std::string Owner::to_string() const { return std::format("{}/{} (first ordinal {})", name_space, pod.to_string(), first_ordinal); }

}  // namespace ordinal
