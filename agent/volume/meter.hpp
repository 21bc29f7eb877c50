// Measuring a directory tree beside the caller: with very many tables, or on a slow disk, a walk takes longer than a loop may stand still.
// It must not change anything, nor know what the tree means.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

namespace ordinal::volume {

/// A thread that knows nothing but a path. At the end of the object's life it stops at the next entry.
class Meter {
 public:
  /// Starts to walk `directory`. Nothing while it is at work.
  void start(const std::filesystem::path& directory);

  [[nodiscard]] bool at_work() const { return state_->at_work.load(std::memory_order_acquire); }

  /// The bytes allocated under the directory, told once a walk. Nothing while it is at work, or where it could not be walked.
  [[nodiscard]] std::optional<std::uint64_t> take();

 private:
  struct State {
    std::atomic<bool> at_work = false;
    std::optional<std::uint64_t> bytes;  ///< the thread's own while it is at work
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::jthread thread_;
};

}  // namespace ordinal::volume
