// Randomness from the kernel. It must not have a generator or a seed of its own.
#pragma once

#include <array>
#include <cstdint>

#include "base/error.hpp"

namespace ordinal {

/// 16 bytes that nobody can foresee, for a UUID. Fails with unexpected when the kernel gives none.
[[nodiscard]] Result<std::array<std::uint8_t, 16>> random_bytes();

}  // namespace ordinal
