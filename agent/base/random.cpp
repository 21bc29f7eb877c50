// getrandom(2), and nothing else.
#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>

namespace ordinal {

Result<std::array<std::uint8_t, 16>> random_bytes() {
  std::array<std::uint8_t, 16> bytes{};
  // Requests of up to 256 bytes are answered whole once the kernel's pool is ready (getrandom(2)).
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return fail_errno("getrandom", errno);
  return bytes;
}

}  // namespace ordinal
