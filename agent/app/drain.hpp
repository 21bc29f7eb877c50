// `ordinal drain`, the preStop of the mysql container, and the flag through which it speaks to `ordinal run`.
#pragma once

#include <string>

#include "app/setup.hpp"

namespace ordinal::app {

/// Which mysqld runs now, "" when none does: a drain is meant for one instance only, and must not outlive it.
[[nodiscard]] std::string mysqld_instance(const config::Config& config);

/// Whether the running mysqld is being drained.
[[nodiscard]] bool drain_requested(const config::Config& config, const std::string& instance);

/// Tells a waiting `ordinal drain` that mysqld may stop.
void confirm_drain(const config::Config& config, const std::string& instance);

/// Makes the pod unready and waits until the agent says that mysqld may stop: as many probes have seen it as take the pod out of service,
/// the Services have had a second to drop it, and a primary is closed and has sent its replicas all it has. 8 s at most. Always exit_ok
/// once the flag is set: mysqld must stop in any case.
int drain();

}  // namespace ordinal::app
