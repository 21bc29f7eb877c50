// The text form of an identity: TOML that a person can read with only the volume in hand, closed by a checksum. Pure text; it must not
// touch a file.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/identity.hpp"
#include "core/init_decision.hpp"

namespace ordinal::volume {

/// The identity as the content of identity.toml: one key a line, `seconds` to the millisecond, a CRC-32C of everything above it at the end.
[[nodiscard]] std::string format_identity(const Identity& identity);

/// The identity that `text` spells. A text that format_identity did not write, be it by one bit or one byte, is `corrupt`; one that it did
/// write, but that of a newer agent, is `newer_schema`. The detail names the line.
[[nodiscard]] std::variant<Identity, init::IdentityProblem> parse_identity(std::string_view text);

}  // namespace ordinal::volume
