// `ordinal run`: the sidecar's loop. It ends when it is told to and mysqld is gone.
#pragma once

namespace ordinal::app {

/// Runs until SIGTERM and the end of mysqld: exit_ok. exit_config for a bad configuration or credentials, exit_failed when the volume is
/// not this pod's or not provisioned, which only `ordinal init` can mend.
int run();

}  // namespace ordinal::app
