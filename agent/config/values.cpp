// From text to a value of its type, and back.
#include <arpa/inet.h>

#include <algorithm>
#include <concepts>
#include <format>
#include <type_traits>
#include <vector>

#include "base/text.hpp"
#include "config/fields.hpp"

namespace ordinal::config {

namespace {

/// sun_path has 108 bytes, one of which ends it (unix(7)).
constexpr std::size_t socket_path_bytes_max = 107;
constexpr std::size_t label_bytes_max = 63;    // RFC 1035, section 2.3.4
constexpr std::size_t domain_bytes_max = 253;  // likewise, without the root
constexpr std::string_view absent = "never";

bool in(const Range& range, std::uint64_t value) { return value >= range.least && value <= range.greatest; }

/// The duration in the largest unit that it is a whole number of; parse_duration reads it back.
std::string duration_text(std::uint64_t milliseconds) {
  if (milliseconds % 3'600'000 == 0) return std::format("{}h", milliseconds / 3'600'000);
  if (milliseconds % 60'000 == 0) return std::format("{}m", milliseconds / 60'000);
  if (milliseconds % 1'000 == 0) return std::format("{}s", milliseconds / 1'000);
  return std::format("{}ms", milliseconds);
}

bool is_label(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= label_bytes_max && text.front() != '-' && text.back() != '-' && std::ranges::all_of(text, plain);
}

bool is_domain(std::string_view text) { return text.size() <= domain_bytes_max && std::ranges::all_of(split(text, '.'), is_label); }

bool is_absolute_path(std::string_view text) { return text.starts_with('/') && !text.contains('\0'); }

/// Whether `text` has the form, and how the form is called.
struct FormCheck {
  bool ok = false;
  std::string_view expected;
};

FormCheck check(Form form, std::string_view text) {
  switch (form) {
    case Form::absolute_path: return {is_absolute_path(text), "an absolute path"};
    case Form::optional_absolute_path: return {text.empty() || is_absolute_path(text), "an absolute path, or nothing"};
    case Form::socket_path:
      return {is_absolute_path(text) && text.size() <= socket_path_bytes_max, "an absolute path of at most 107 bytes"};
    case Form::optional_label: return {text.empty() || is_label(text), "a DNS label (a-z, 0-9, hyphens inside, at most 63), or nothing"};
    case Form::optional_domain: return {text.empty() || is_domain(text), "a DNS domain without a final dot, or nothing"};
  }
  std::unreachable();
}

std::optional<Listen> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_unsigned(text.substr(colon + 1));
  auto address = std::string(text.substr(0, colon));
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  in6_addr parsed{};
  if (!port || *port == 0 || *port > 65'535 || ::inet_pton(bracketed ? AF_INET6 : AF_INET, address.c_str(), &parsed) != 1)
    return std::nullopt;
  return Listen{std::move(address), static_cast<std::uint16_t>(*port)};
}

std::string quoted_words(std::span<const std::string_view> all) {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string_view before = i == 0 ? "" : i + 1 == all.size() ? " or " : ", ";
    out += std::format("{}\"{}\"", before, all[i]);
  }
  return out;
}

/// `text` for a message: texts in quotes, numbers as they are.
std::string complaint(std::string_view expected, std::string_view got) { return std::format("expected {}, got {}", expected, got); }

/// Reads a text into a value, by the value's type.
struct Assigner {
  const FieldSpec& field;
  std::string_view text;

  std::optional<std::string> operator()(std::string* value) const {
    const auto [ok, expected] = check(field.form, text);
    if (!ok) return complaint(expected, quote(text, 200));
    *value = text;
    return std::nullopt;
  }

  std::optional<std::string> operator()(bool* value) const {
    if (text != "true" && text != "false") return complaint(allowed_text(field), quote(text, 200));
    *value = text == "true";
    return std::nullopt;
  }

  template <std::unsigned_integral T>
  std::optional<std::string> operator()(T* value) const {
    const auto number = parse_unsigned(text);
    if (!number || !in(field.range, *number)) return complaint("a whole number, " + allowed_text(field), quote(text, 200));
    *value = static_cast<T>(*number);
    return std::nullopt;
  }

  std::optional<std::string> operator()(Milliseconds* value) const {
    const auto duration = parse_duration(text);
    if (!duration || !in(field.range, static_cast<std::uint64_t>(duration->count()))) {
      return complaint("a duration, " + allowed_text(field), quote(text, 200));
    }
    *value = *duration;
    return std::nullopt;
  }

  std::optional<std::string> operator()(std::optional<Milliseconds>* value) const {
    if (text == absent) {
      value->reset();
      return std::nullopt;
    }
    Milliseconds duration{};
    auto wrong = (*this)(&duration);
    if (!wrong) *value = duration;
    return wrong;
  }

  std::optional<std::string> operator()(Listen* value) const {
    auto listen = parse_listen(text);
    if (!listen) return complaint(allowed_text(field), quote(text, 200));
    *value = *std::move(listen);
    return std::nullopt;
  }

  template <class E>
    requires std::is_enum_v<E>
  std::optional<std::string> operator()(E* value) const {
    const auto found = std::ranges::find(words<E>, text);
    if (found == words<E>.end()) return complaint(allowed_text(field), quote(text, 200));
    *value = static_cast<E>(found - words<E>.begin());
    return std::nullopt;
  }
};

/// Writes a value as TOML, by its type.
struct Printer {
  std::string operator()(const std::string* value) const { return quote(*value); }
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::uint16_t* value) const { return std::to_string(*value); }
  std::string operator()(const std::uint32_t* value) const { return std::to_string(*value); }
  std::string operator()(const Milliseconds* value) const {
    return std::format("\"{}\"", duration_text(static_cast<std::uint64_t>(value->count())));
  }
  std::string operator()(const std::optional<Milliseconds>* value) const {
    return *value ? (*this)(&**value) : std::format("\"{}\"", absent);
  }
  std::string operator()(const Listen* value) const {
    return std::format(R"("{}{}{}:{}")", value->address.contains(':') ? "[" : "", value->address, value->address.contains(':') ? "]" : "",
                       value->port);
  }
  template <class E>
    requires std::is_enum_v<E>
  std::string operator()(const E* value) const {
    return std::format("\"{}\"", words<E>.at(static_cast<std::size_t>(std::to_underlying(*value))));
  }
};

std::string duration_range(const Range& range) {
  return std::format("{} to {}", duration_text(range.least), duration_text(range.greatest));
}

/// Says which values a type takes.
struct Describer {
  const FieldSpec& field;

  std::string operator()(const std::string*) const { return std::string(check(field.form, "").expected); }
  std::string operator()(const bool*) const { return "true or false"; }
  std::string operator()(const std::uint16_t*) const { return std::format("{} to {}", field.range.least, field.range.greatest); }
  std::string operator()(const std::uint32_t*) const { return std::format("{} to {}", field.range.least, field.range.greatest); }
  std::string operator()(const Milliseconds*) const { return duration_range(field.range); }
  std::string operator()(const std::optional<Milliseconds>*) const {
    return std::format("{}, or \"{}\"", duration_range(field.range), absent);
  }
  std::string operator()(const Listen*) const { return "\"IP-ADDRESS:PORT\", an IPv6 address in brackets"; }
  template <class E>
    requires std::is_enum_v<E>
  std::string operator()(const E*) const {
    return quoted_words(words<E>);
  }
};

}  // namespace

std::optional<std::string> assign(const FieldSpec& field, Config& config, std::string_view text) {
  return std::visit(Assigner{field, text}, field.slot(config));
}

std::string value_text(const FieldSpec& field, const Config& config) {
  Config copy = config;
  return std::visit(Printer{}, field.slot(copy));
}

std::string_view type_name(const FieldSpec& field) {
  Config config;
  const auto slot = field.slot(config);
  if (std::holds_alternative<bool*>(slot)) return "boolean";
  if (std::holds_alternative<std::uint16_t*>(slot) || std::holds_alternative<std::uint32_t*>(slot)) return "integer";
  return "string";
}

std::string allowed_text(const FieldSpec& field) {
  Config config;
  return std::visit(Describer{field}, field.slot(config));
}

}  // namespace ordinal::config
