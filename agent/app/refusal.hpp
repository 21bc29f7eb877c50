// The agent of a pod whose volume it cannot use: it shows why, and nothing else. It must not touch the volume.
#pragma once

#include <functional>

#include "app/setup.hpp"
#include "core/state.hpp"

namespace ordinal::app {

/// Serves the endpoints in the state `refused` with this reason until `over` says that it no longer holds, which is asked once a second.
/// True then; false when the agent is told to stop, or cannot serve.
[[nodiscard]] bool refuse_until(const Setup& setup, const Reason& why, const std::function<bool()>& over);

}  // namespace ordinal::app
