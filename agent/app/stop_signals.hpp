// SIGTERM and SIGINT before there is a loop that waits for them. The first process of a container ignores what it has no handler for; so
// they are held back until the Service listens, and asked for by whoever waits meanwhile. It must not decide what follows from them.
#pragma once

#include "core/time.hpp"

namespace ordinal::app {

/// From here on SIGTERM and SIGINT stay pending. For the main thread, before any other is started.
void hold_stop_signals();

/// Waits for `time` at most; true when one of them came. The signal is taken.
[[nodiscard]] bool stop_signal_within(Milliseconds time);

/// Lets them through to their handlers.
void release_stop_signals();

}  // namespace ordinal::app
