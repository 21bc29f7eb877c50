// The points at which a test may kill the agent, one between every two steps that change a volume. They exist in builds with
// ORDINAL_FAIL_POINTS only; elsewhere fail_point() is nothing. It must not read the environment: `app` does, and arms the point.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.hpp"

namespace ordinal {

enum class FailPoint : std::uint8_t {
  // Of any file that is replaced as a whole: the identity, auto.cnf, a shortened history.
  file_written,  ///< the temporary has its content, which is not synced
  file_synced,   ///< the temporary is on disk
  file_renamed,  ///< it has its name, which is not synced
  // Of any tree that goes.
  thrown_away,         ///< it has its name in trash/, which is not synced where it was
  tree_entry_removed,  ///< beside the loop
  // Of a fresh volume.
  leftovers_thrown_away,
  // Of a complete copy on its way into its place.
  reseed_request_removed,
  data_discarded,
  incoming_renamed,
  identity_provisioned,
  // Of an adoption.
  adopting_made,
  adopting_entry_moved,
  adopting_synced,
  adopting_renamed,
};

/// The point's name, "incoming_renamed".
[[nodiscard]] std::string_view to_string(FailPoint point);

/// The names of all points, in the enum's order.
[[nodiscard]] std::span<const std::string_view> fail_points();

/// Arms the point that `text` names, so that passing it ends the process as SIGKILL would: "incoming_renamed" at the first passing,
/// "incoming_renamed:3" at the third. Fails with bad_config for another text, and always in a build without fail points.
[[nodiscard]] Result<void> arm_fail_point(std::string_view text);

#ifdef ORDINAL_FAIL_POINTS
/// Ends the process here, without a destructor or a flush, when this point is armed and its turn has come.
void fail_point(FailPoint point);
#else
inline void fail_point(FailPoint) {}
#endif

}  // namespace ordinal
