// One file, one secret, and what is wrong with it.
#include "config/credentials.hpp"

#include <algorithm>
#include <format>
#include <tuple>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"

namespace ordinal::config {

namespace {

/// What MySQL lets a text be.
struct Limit {
  std::size_t bytes_max;
  bool four_byte_characters = true;
};

/// caching_sha2_password takes no more: CREATE USER with 257 bytes fails with 1396 (seen on 9.7.4).
constexpr Limit password{.bytes_max = 256};
/// START REPLICA cuts PASSWORD after 32 bytes without a word, and the login then fails (seen on 9.7.4; the limit of SOURCE_PASSWORD is in
/// the MySQL manual, "CHANGE REPLICATION SOURCE TO Statement"). It and CLONE turn characters outside the basic plane into question marks
/// (seen).
constexpr Limit replication_password{.bytes_max = 32, .four_byte_characters = false};
constexpr Limit clone_password{.bytes_max = 256, .four_byte_characters = false};
constexpr Limit user_name{.bytes_max = 32};      // MySQL manual, "Account User Names and Passwords"
constexpr Limit database_name{.bytes_max = 64};  // MySQL manual, "Identifier Length Limits"

/// Whether valid UTF-8 has a character outside the basic plane: only these begin with such a byte.
bool has_four_byte_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xf0; });
}

/// The content of `directory`/`name`, checked; nothing when there is no such file.
Result<std::optional<std::string>> read_optional(const std::filesystem::path& directory, std::string_view name, Limit limit) {
  const auto path = directory / name;
  const auto refuse = [&](std::string why) { return fail(Kind::bad_config, "read " + path.string(), std::move(why)); };
  auto content = read_file(path, limit.bytes_max + 1);
  if (!content && content.error().kind == Kind::protocol) return refuse(std::format("it is longer than {} bytes", limit.bytes_max));
  if (!content || !*content) return content;
  auto& text = **content;
  if (text.ends_with('\n')) text.pop_back();
  if (text.empty()) return refuse("it is empty");
  if (text.size() > limit.bytes_max) return refuse(std::format("it is longer than {} bytes", limit.bytes_max));
  if (text.contains('\0')) return refuse("it has a NUL in it, which no statement can carry");
  if (text.contains('\n') || text.contains('\r')) return refuse("it has a line break in it besides a last newline");
  if (!is_utf8(text)) return refuse("it is not valid UTF-8");
  if (!limit.four_byte_characters && has_four_byte_characters(text)) {
    return refuse("it has a character of four bytes in it, such as an emoji, which MySQL's START REPLICA and CLONE garble");
  }
  return content;
}

Result<std::string> read_required(const std::filesystem::path& directory, std::string_view name, Limit limit) {
  auto text = read_optional(directory, name, limit);
  if (!text) return std::unexpected(text.error());
  if (!*text) return fail(Kind::bad_config, "read " + (directory / name).string(), "there is no such file: put the password there");
  return **std::move(text);
}

Result<std::optional<Application>> read_application(const std::filesystem::path& directory) {
  auto user = read_optional(directory, "application_user", user_name);
  if (!user) return std::unexpected(user.error());
  auto secret = read_optional(directory, "application_password", password);
  if (!secret) return std::unexpected(secret.error());
  auto database = read_optional(directory, "application_database", database_name);
  if (!database) return std::unexpected(database.error());
  if (!*user && !*secret && !*database) return std::nullopt;
  if (!*user || !*secret) {
    return fail(Kind::bad_config, "read " + directory.string(),
                "application_user and application_password belong together, and one is missing");
  }
  return Application{**std::move(user), Secret(**std::move(secret)), (*std::move(database)).value_or("")};
}

}  // namespace

Result<Credentials> read_credentials(const std::filesystem::path& directory) {
  Credentials credentials;
  const std::tuple<std::string_view, Limit, Secret*> required[] = {{"root", password, &credentials.root},
                                                                   {"agent", password, &credentials.agent},
                                                                   {"replication", replication_password, &credentials.replication},
                                                                   {"clone", clone_password, &credentials.clone}};
  for (const auto& [name, limit, secret] : required) {
    auto text = read_required(directory, name, limit);
    if (!text) return std::unexpected(text.error());
    *secret = Secret(*std::move(text));
  }
  auto application = read_application(directory);
  if (!application) return std::unexpected(application.error());
  credentials.application = *std::move(application);
  return credentials;
}

}  // namespace ordinal::config
