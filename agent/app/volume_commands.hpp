// `ordinal identity` and `ordinal reseed`: reading a volume, and leaving a request on it. They take no lock and change nothing else.
#pragma once

#include <string>

namespace ordinal::app {

/// Prints the identity of the volume at `path` ("" takes the configured one), or leaves the request to rebind or to clear. exit_failed with
/// a sentence when there is no readable identity.
int identity(const std::string& path, bool rebind, bool clear);

/// Leaves the request for a fresh clone at the pod's next start, or with `cancel` takes it back. exit_failed with a sentence once the copy
/// is complete: it takes the place of the old data then, whatever is asked for.
int reseed(bool cancel);

}  // namespace ordinal::app
