// One pass over a directory in a thread of its own.
#include "volume/sweeper.hpp"

#include <utility>

#include "volume/tree.hpp"

namespace ordinal::volume {
namespace {

Result<void> sweep(const std::filesystem::path& directory, const std::stop_token& stop) {
  const auto names = entry_names(directory);
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names) {
    if (auto removed = remove_tree(directory / name, stop); !removed) return removed;
  }
  return {};
}

}  // namespace

void Sweeper::start(const std::filesystem::path& directory) {
  if (at_work() || failed_ || state_->error) return;
  state_->at_work.store(true, std::memory_order_relaxed);  // the thread begins after this
  thread_ = std::jthread([state = state_, directory](const std::stop_token& stop) {
    if (auto swept = sweep(directory, stop); !swept && swept.error().kind != Kind::cancelled) state->error = swept.error();
    state->at_work.store(false, std::memory_order_release);
  });
}

std::optional<Error> Sweeper::take_error() {
  if (at_work() || !state_->error) return std::nullopt;
  failed_ = true;
  return std::exchange(state_->error, std::nullopt);
}

}  // namespace ordinal::volume
