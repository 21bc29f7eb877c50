// The common beginning of `init` and `run`: configuration, log, credentials, and the volume under lock.
#pragma once

#include <expected>

#include "app/setup.hpp"
#include "config/credentials.hpp"
#include "volume/volume.hpp"

namespace ordinal::app {

struct Start {
  Setup setup;
  config::Credentials credentials;
  volume::Volume volume;
};

/// Everything that must be right before the first step, or the exit code after what is wrong was written to standard error. Waits for the
/// volume's lock, which the container before this one may still hold, for 60 s; and for a volume that can be written, which it shows as
/// refused, without end. SIGTERM stays pending until a Service lets it through.
[[nodiscard]] std::expected<Start, int> begin();

}  // namespace ordinal::app
