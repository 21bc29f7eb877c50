// A password on its way from a file to a server. It must not be printable by accident: no streaming, no formatting, no comparison.
#pragma once

#include <string>
#include <utility>

namespace ordinal {

/// Text that must never reach a log, a status or a command line. Whoever calls reveal() answers for where it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  /// The text itself.
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace ordinal
