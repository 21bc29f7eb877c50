// Removing what was thrown away, beside the caller. It must not touch anything but the directory that it is given, nor decide what is in
// it.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "base/error.hpp"

namespace ordinal::volume {

/// A thread that knows nothing but a path. At the end of the object's life it stops at the next piece of a file: what is left is removed
/// another time.
class Sweeper {
 public:
  /// Starts to remove what is in `directory` now, and leaves the directory itself. Nothing while it is at work, or once it has failed.
  void start(const std::filesystem::path& directory);

  [[nodiscard]] bool at_work() const { return state_->at_work.load(std::memory_order_acquire); }

  /// Why something could not be removed, told once. It is not tried again: the next start of the agent will.
  [[nodiscard]] std::optional<Error> take_error();

 private:
  struct State {
    std::atomic<bool> at_work = false;
    std::optional<Error> error;  ///< the thread's own while it is at work
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
  bool failed_ = false;
  std::jthread thread_;
};

}  // namespace ordinal::volume
