// Names and texts of errors.
#include "base/error.hpp"

#include <cerrno>
#include <format>
#include <system_error>
#include <utility>

namespace ordinal {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::timeout: return "timeout";
    case Kind::cancelled: return "cancelled";
    case Kind::unreachable: return "unreachable";
    case Kind::denied: return "denied";
    case Kind::protocol: return "protocol";
    case Kind::bad_config: return "bad_config";
    case Kind::conflict: return "conflict";
    case Kind::unexpected: return "unexpected";
  }
  std::unreachable();
}

std::string Error::to_string() const {
  return code == 0 ? std::format("{}: {}", where, detail) : std::format("{}: {} ({})", where, detail, code);
}

std::unexpected<Error> fail(Kind kind, std::string where, std::string detail, int code) {
  return std::unexpected(Error{kind, std::move(where), std::move(detail), code});
}

std::unexpected<Error> fail_errno(std::string where, int code) {
  const auto kind = [code] {
    switch (code) {
      case EACCES:
      case EPERM:
      case EROFS: return Kind::denied;
      case ENOSPC:
      case EDQUOT: return Kind::conflict;
      case ETIMEDOUT: return Kind::timeout;
      case ECONNREFUSED:
      case EHOSTUNREACH: return Kind::unreachable;
      default: return Kind::unexpected;
    }
  }();
  return fail(kind, std::move(where), std::generic_category().message(code), code);
}

}  // namespace ordinal
