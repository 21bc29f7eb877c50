// `ordinal status`: the cluster as a table. It must not know more than /cluster tells.
#pragma once

#include <string>

namespace ordinal::app {

/// Prints what the agent at `address` knows of the cluster, as a table or as its JSON. exit_failed when it does not answer, or when a pod
/// is not ready.
int status(const std::string& address, bool json);

}  // namespace ordinal::app
