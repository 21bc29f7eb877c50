// A reader of option files that is as lenient as mysqld's own, and the tables of what is refused.
#include "provision/user_settings.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace ordinal::provision {
namespace {

struct RefusedKey {
  std::string_view key;
  std::string_view why;
};

constexpr std::string_view filter = "would make the pods' data differ, and a copy of such a pod would pass that on";

constexpr std::array refused_keys = {
    RefusedKey{"replicate_do_db", filter},
    RefusedKey{"replicate_ignore_db", filter},
    RefusedKey{"replicate_do_table", filter},
    RefusedKey{"replicate_ignore_table", filter},
    RefusedKey{"replicate_wild_do_table", filter},
    RefusedKey{"replicate_wild_ignore_table", filter},
    RefusedKey{"replicate_rewrite_db", filter},
    RefusedKey{"binlog_do_db", filter},
    RefusedKey{"binlog_ignore_db", filter},
    RefusedKey{"innodb_force_recovery", "is for saving what is left of broken data by hand, not for a server that serves or is copied"},
    RefusedKey{"offline_mode", "would shut out the agent's replicas; to take a pod out of service, scale down or drain it"},
    RefusedKey{"init_file", "would run before the server is read-only and so write on replicas; run such statements once, on the primary"},
};

/// Where files go. The scratch server reads the same settings and would work on the very files that the real one's data consists of.
constexpr std::array<std::string_view, 14> path_keys = {
    "log_bin_index",
    "relay_log_index",
    "log_error",
    "general_log_file",
    "slow_query_log_file",
    "innodb_buffer_pool_filename",
    "innodb_data_file_path",
    "innodb_data_home_dir",
    "innodb_directories",
    "innodb_doublewrite_dir",
    "innodb_log_group_home_dir",
    "innodb_temp_data_file_path",
    "innodb_temp_tablespaces_dir",
    "innodb_undo_directory",
};

/// One line that sets something: `value` without quotes and comment.
struct Setting {
  std::string key;
  std::string value;
};

/// Cuts the comment that begins with '#' outside of quotes.
std::string_view without_comment(std::string_view text) {
  char quote_character = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (c == '\\' && quote_character != 0) {
      ++i;
    } else if (c == quote_character) {
      quote_character = 0;
    } else if ((c == '\'' || c == '"') && quote_character == 0) {
      quote_character = c;
    } else if (c == '#' && quote_character == 0) {
      return text.substr(0, i);
    }
  }
  return text;
}

Setting parse_setting(std::string_view line) {
  line = without_comment(line);
  const auto equals = std::min(line.find('='), line.size());
  Setting setting{std::string(trim(line.substr(0, equals))), {}};
  std::ranges::replace(setting.key, '-', '_');
  while (setting.key.starts_with("loose_")) setting.key.erase(0, std::string_view("loose_").size());
  auto value = trim(equals < line.size() ? line.substr(equals + 1) : std::string_view());
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.front() == value.back()) {
    value = value.substr(1, value.size() - 2);
  }
  setting.value = value;
  return setting;
}

/// Whether `key`, as it is or without a prefix that turns an option on or off, is `wanted`.
bool means(std::string_view key, std::string_view wanted) {
  if (key == wanted) return true;
  return std::ranges::any_of(std::array<std::string_view, 3>{"skip_", "enable_", "disable_"},
                             [&](std::string_view prefix) { return key.starts_with(prefix) && key.substr(prefix.size()) == wanted; });
}

/// Whether mysqld of any version reads `section`. Names are compared without regard to case.
bool is_server_section(std::string_view section) {
  std::string name(section);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
  return name == "mysqld" || name == "server" || name == "mysql_cluster" || name.starts_with("mysqld-");
}

/// Whether one of the paths in `value`, a list with ';' where the key takes lists, leaves the data directory.
bool leaves_data_directory(std::string_view value) {
  return std::ranges::any_of(split(value, ';'), [](std::string_view part) {
    const auto path = std::filesystem::path(trim(part));
    return path.is_absolute() || std::ranges::find(path, "..") != path.end();
  });
}

class Checker {
 public:
  explicit Checker(std::vector<std::string> owned) : owned_(std::move(owned)) {}

  void check_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) return refuse(path, 0, "cannot be read");
    bool counts = false;
    std::string text;
    for (std::size_t number = 1; std::getline(file, text); ++number) {
      const auto line = trim(text);
      if (line.empty() || line.front() == '#' || line.front() == ';') continue;
      if (line.starts_with("!include")) {
        refuse(path, number, "files included from here would not be checked; put them into this directory instead");
      } else if (line.front() == '[') {
        counts = is_server_section(line.substr(1, line.find(']') - 1));
      } else if (counts) {
        check_setting(path, number, parse_setting(line));
      }
    }
  }

  void refuse(const std::filesystem::path& path, std::size_t line, std::string why) {
    result_.refused.push_back({Kind::bad_config, line == 0 ? path.string() : std::format("{}:{}", path.string(), line), std::move(why)});
  }

  [[nodiscard]] UserSettingsCheck result() && { return std::move(result_); }

 private:
  void check_setting(const std::filesystem::path& path, std::size_t line, const Setting& setting) {
    for (const auto& [key, why] : refused_keys) {
      if (means(setting.key, key)) return refuse(path, line, std::format("{} is not allowed here: it {}", key, why));
    }
    if (std::ranges::any_of(owned_, [&](const std::string& key) { return means(setting.key, key); })) {
      result_.warnings.push_back(std::format("{}:{}: {} has no effect: the agent sets it", path.string(), line, setting.key));
      return;
    }
    if (std::ranges::find(path_keys, setting.key) != path_keys.end() && leaves_data_directory(setting.value)) {
      refuse(path, line,
             std::format("{} must name a place inside the data directory, not {}: a throw-away server reads this file too, and "
                         "would work on the same files",
                         setting.key, quote(setting.value, 200)));
    }
  }

  std::vector<std::string> owned_;
  UserSettingsCheck result_;
};

}  // namespace

UserSettingsCheck check_user_settings(const ServerSettings& settings) {
  Checker checker(owned_keys(settings));
  if (settings.user_directory.empty()) return {};
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(settings.user_directory, error); !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    if (entry->path().extension() == ".cnf") files.push_back(entry->path());
  }
  if (error) checker.refuse(settings.user_directory, 0, "the directory of MySQL settings cannot be read: " + error.message());
  std::ranges::sort(files);
  for (const auto& file : files) checker.check_file(file);
  return std::move(checker).result();
}

}  // namespace ordinal::provision
