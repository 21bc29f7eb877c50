// One walk in a thread of its own.
#include "volume/meter.hpp"

#include <utility>

#include "volume/tree.hpp"

namespace ordinal::volume {

void Meter::start(const std::filesystem::path& directory) {
  if (at_work()) return;
  state_->at_work.store(true, std::memory_order_relaxed);  // the thread begins after this
  thread_ = std::jthread([state = state_, directory](const std::stop_token& stop) {
    if (const auto bytes = allocated_bytes(directory, stop)) state->bytes = *bytes;
    state->at_work.store(false, std::memory_order_release);
  });
}

std::optional<std::uint64_t> Meter::take() { return at_work() ? std::nullopt : std::exchange(state_->bytes, std::nullopt); }

}  // namespace ordinal::volume
