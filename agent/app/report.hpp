// Puts what was observed and decided into the Status that the pod publishes. It must not decide anything.
#pragma once

#include <string>

#include "app/setup.hpp"
#include "core/init_decision.hpp"
#include "core/run_decision.hpp"
#include "core/status.hpp"

namespace ordinal::app {

/// The parts that are the same in every state.
[[nodiscard]] Status base_status(const Setup& setup, Instant started_at, Instant now);

/// What the volume says of itself.
[[nodiscard]] VolumeStatus volume_status(const init::VolumeFacts& volume);

/// The progress of the copy; nothing while none runs. `seconds` is how long it has run.
[[nodiscard]] std::optional<CloneStatus> clone_status(const init::ScratchFacts& scratch, double seconds);

/// What MySQL showed, with the decision's word on donating.
[[nodiscard]] MysqlStatus mysql_status(const run::MysqlFacts& mysql, bool donor_ready);

}  // namespace ordinal::app
