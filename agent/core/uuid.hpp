// A UUID as a value: MySQL's server_uuid, the cluster id. It must not make randomness of its own: the core has no source of it.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ordinal {

/// 16 bytes; a default one is all zero. Ordered by its bytes, as MySQL orders the UUIDs of a GTID set.
class Uuid {
 public:
  /// The length of the one text form, 8-4-4-4-12 hexadecimal digits.
  static constexpr std::size_t text_bytes = 36;

  Uuid() = default;

  /// The UUID that the whole of `text` spells as 8-4-4-4-12 hexadecimal digits of either case; nothing for any other form.
  [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);

  /// A version 4 UUID (RFC 9562, section 5.4) of these bytes, 122 bits of which survive; the caller sees to it that they are random.
  [[nodiscard]] static Uuid from_random_bytes(std::array<std::uint8_t, 16> bytes);

  /// 8-4-4-4-12 lower-case digits.
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;

 private:
  explicit Uuid(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace ordinal
