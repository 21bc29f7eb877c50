// Names of the status's enums, as they stand in the JSON.
#include "core/status.hpp"

#include <utility>

namespace ordinal {

std::string_view to_string(VolumeAnswer answer) {
  switch (answer) {
    case VolumeAnswer::unknown: return "unknown";
    case VolumeAnswer::never_provisioned: return "never_provisioned";
    case VolumeAnswer::has_data: return "has_data";
    case VolumeAnswer::lost_data: return "lost_data";
  }
  std::unreachable();
}

std::string_view to_string(ThreadState state) {
  switch (state) {
    case ThreadState::off: return "OFF";
    case ThreadState::connecting: return "CONNECTING";
    case ThreadState::on: return "ON";
  }
  std::unreachable();
}

std::string_view to_string(Account account) {
  switch (account) {
    case Account::root: return "root";
    case Account::replication: return "replication";
    case Account::clone: return "clone";
  }
  std::unreachable();
}

std::string_view to_string(SemiSync state) {
  switch (state) {
    case SemiSync::off: return "off";
    case SemiSync::active: return "active";
    case SemiSync::degraded: return "degraded";
  }
  std::unreachable();
}

}  // namespace ordinal
