// The one armed fail point of the process, and the end that it brings.
#include "base/fail_point.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <format>
#include <utility>

#include "base/text.hpp"

namespace ordinal {

namespace {

constexpr std::array<std::string_view, 14> names{
    "file_written",           "file_synced",     "file_renamed",     "thrown_away",          "tree_entry_removed", "leftovers_thrown_away",
    "reseed_request_removed", "data_discarded",  "incoming_renamed", "identity_provisioned", "adopting_made",      "adopting_entry_moved",
    "adopting_synced",        "adopting_renamed"};
static_assert(names.size() == std::to_underlying(FailPoint::adopting_renamed) + 1, "every fail point has a name");

#ifdef ORDINAL_FAIL_POINTS
struct Armed {
  FailPoint point = FailPoint::file_written;
  std::atomic<std::uint64_t> passings_left = 0;  // 0: nothing is armed; trees are removed in a thread of their own
};
Armed armed;
#endif

}  // namespace

std::string_view to_string(FailPoint point) { return names.at(std::to_underlying(point)); }

std::span<const std::string_view> fail_points() { return names; }

#ifdef ORDINAL_FAIL_POINTS

Result<void> arm_fail_point(std::string_view text) {
  const auto colon = text.find(':');
  const auto passings = colon == std::string_view::npos ? 1 : parse_unsigned(text.substr(colon + 1)).value_or(0);
  const auto found = std::ranges::find(names, text.substr(0, colon));
  if (found == names.end() || passings == 0) {
    return fail(Kind::bad_config, "arm a fail point",
                std::format("{} is not the name of a fail point, with or without a count", quote(text)));
  }
  armed.point = static_cast<FailPoint>(found - names.begin());
  armed.passings_left = passings;
  return {};
}

void fail_point(FailPoint point) {
  if (armed.passings_left == 0 || armed.point != point || --armed.passings_left > 0) return;
  std::raise(SIGKILL);
  // The kernel spares the first process of a PID namespace, which the agent is in its container, from its own SIGKILL. Ending at once, with
  // the same exit status, leaves the same files behind, and the kernel kills the children of a first process that ends.
  std::_Exit(128 + SIGKILL);
}

#else

Result<void> arm_fail_point(std::string_view text) {
  return fail(Kind::bad_config, "arm a fail point", std::format("{} was asked for, and this build has no fail points", quote(text)));
}

#endif

}  // namespace ordinal
