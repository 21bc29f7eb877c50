// Text and bits of UUIDs.
#include "core/uuid.hpp"

namespace ordinal {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

bool is_hyphen_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

std::optional<std::uint8_t> nibble(char c) {
  const auto value = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  if (value == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != text_bytes) return std::nullopt;
  Uuid uuid;
  std::size_t at = 0;
  for (std::size_t byte = 0; byte < uuid.bytes_.size(); ++byte) {
    if (is_hyphen_before(byte) && text[at++] != '-') return std::nullopt;
    const auto high = nibble(text[at++]);
    const auto low = nibble(text[at++]);
    if (!high || !low) return std::nullopt;
    uuid.bytes_[byte] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return uuid;
}

Uuid Uuid::from_random_bytes(std::array<std::uint8_t, 16> bytes) {
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return Uuid(bytes);
}

std::string Uuid::to_string() const {
  std::string text;
  text.reserve(text_bytes);
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    if (is_hyphen_before(byte)) text += '-';
    text += digits[bytes_[byte] >> 4];
    text += digits[bytes_[byte] & 0x0f];
  }
  return text;
}

}  // namespace ordinal
