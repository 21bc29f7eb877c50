// `ordinal init`: provisions the volume and writes mysqld's settings. It ends when the data is there.
#pragma once

namespace ordinal::app {

/// Runs until the volume is provisioned: exit_ok. exit_config for a bad configuration or credentials, exit_failed when the volume cannot be
/// used at all or SIGTERM came; every other trouble is a state that the endpoints show, and waits for a person.
int init();

}  // namespace ordinal::app
