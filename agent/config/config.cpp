// Loading: the file, then the environment, then what keys owe each other.
#include "config/config.hpp"

#include <algorithm>
#include <format>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "config/fields.hpp"
#include "toml/document.hpp"

namespace ordinal::config {

namespace {

constexpr std::string_view variable_prefix = "ORDINAL_";
/// A wrong name further than this from a right one is no slip of the finger.
constexpr std::size_t slip_letters_max = 3;

/// The least number of letters to insert, remove or replace to make `a` of `b` (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row[b.size()];
}

/// "; did you mean X?" for the nearest of the names, or nothing when none is near.
std::string suggestion(std::string_view wrong, const std::vector<std::string>& names) {
  const auto nearest = std::ranges::min_element(names, {}, [&](const std::string& name) { return distance(wrong, name); });
  if (nearest == names.end() || distance(wrong, *nearest) > slip_letters_max) return {};
  return std::format("; did you mean {}?", *nearest);
}

std::string key_suggestion(std::string_view path) {
  const auto name = path.substr(path.find('.') + 1);
  std::vector<std::string> paths;
  for (const auto& field : fields()) {
    // The right name in a wrong section is the commonest slip.
    if (field.name() == name) return std::format("; did you mean {}?", field.path);
    paths.emplace_back(field.path);
  }
  return suggestion(path, paths);
}

std::string section_suggestion(std::string_view section) {
  std::vector<std::string> sections;
  for (const auto& field : fields()) sections.emplace_back(field.section());
  return suggestion(section, sections);
}

const FieldSpec* find_field(std::string_view path) {
  const auto found = std::ranges::find(fields(), path, &FieldSpec::path);
  return found == fields().end() ? nullptr : &*found;
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "table";
    case toml::node_type::array: return "array";
    case toml::node_type::string: return "string";
    case toml::node_type::integer: return "integer";
    case toml::node_type::floating_point: return "float";
    case toml::node_type::boolean: return "boolean";
    case toml::node_type::date: return "date";
    case toml::node_type::time: return "time";
    case toml::node_type::date_time: return "date and time";
    case toml::node_type::none: break;
  }
  return "nothing";
}

/// A scalar of one of the three types that keys take, as the environment would spell it.
std::string scalar_text(const toml::node& node) {
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto boolean = node.value_exact<bool>()) return *boolean ? "true" : "false";
  return node.value_exact<std::string>().value_or("");
}

class Loader {
 public:
  void read(const File& file);
  void read(const Environment& environment);
  void check_relations();

  [[nodiscard]] std::expected<Config, std::vector<Error>> result() &&;

 private:
  void read_section(const File& file, std::string_view section, const toml::table& keys);
  void read_key(const File& file, const FieldSpec& field, const toml::node& node);
  void reject(const File& file, toml::source_position at, std::string_view path, std::string detail);
  void relate(std::string_view path, std::string_view other, bool fits, std::string detail);

  struct Positioned {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    Error error;
  };

  Config config_;
  std::vector<Positioned> in_file_;
  std::vector<Error> errors_;  // of the environment, and of relations
  std::set<std::string_view, std::less<>> wrong_;
};

void Loader::reject(const File& file, toml::source_position at, std::string_view path, std::string detail) {
  const auto [line, column] = at;
  const auto place = std::format("{}:{}:{}", file.name, line, column);
  in_file_.push_back({line, column, {Kind::bad_config, path.empty() ? place : std::format("{}: {}", place, path), std::move(detail), 0}});
}

void Loader::read(const File& file) {
  const auto parsed = toml_text::parse(file.text);
  if (!parsed) {
    reject(file, {parsed.error().line, parsed.error().column}, "", parsed.error().what);
    return;
  }
  for (const auto& [section, node] : *parsed) {
    const bool known = std::ranges::contains(fields(), section.str(), &FieldSpec::section);
    if (!known) {
      reject(file, section.source().begin, section.str(), "unknown section" + section_suggestion(section.str()));
    } else if (const auto* keys = node.as_table()) {
      read_section(file, section.str(), *keys);
    } else {
      reject(file, node.source().begin, section.str(), std::format("expected table, got {}", type_name(node)));
    }
  }
}

void Loader::read_section(const File& file, std::string_view section, const toml::table& keys) {
  for (const auto& [key, node] : keys) {
    const auto path = std::format("{}.{}", section, key.str());
    if (const auto* field = find_field(path)) {
      read_key(file, *field, node);
    } else {
      reject(file, key.source().begin, path, "unknown key" + key_suggestion(path));
    }
  }
}

void Loader::read_key(const File& file, const FieldSpec& field, const toml::node& node) {
  const auto expected = config::type_name(field);
  auto wrong = type_name(node) == expected ? assign(field, config_, scalar_text(node))
                                           : std::format("expected {}, got {}", expected, type_name(node));
  if (wrong) {
    wrong_.insert(field.path);
    reject(file, node.source().begin, field.path, *std::move(wrong));
    return;
  }
  config_.origins.insert_or_assign(std::string(field.path), std::format("{}:{}", file.name, node.source().begin.line));
}

void Loader::read(const Environment& environment) {
  std::vector<std::string> variables;
  for (const auto& field : fields()) variables.push_back(field.variable());
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(variable_prefix) || !name.contains("__")) continue;
    const auto found = std::ranges::find(variables, name);
    if (found == variables.end()) {
      errors_.push_back({Kind::bad_config, name, "unknown key" + suggestion(name, variables), 0});
      continue;
    }
    const auto& field = fields()[static_cast<std::size_t>(found - variables.begin())];
    if (auto wrong = assign(field, config_, value)) {
      wrong_.insert(field.path);
      errors_.push_back({Kind::bad_config, name, *std::move(wrong), 0});
    } else {
      config_.origins.insert_or_assign(std::string(field.path), "environment");
    }
  }
}

/// Rejects `path` when it does not fit `other`, unless either is wrong already.
void Loader::relate(std::string_view path, std::string_view other, bool fits, std::string detail) {
  if (fits || wrong_.contains(path) || wrong_.contains(other)) return;
  const auto origin = config_.origins.find(path);
  errors_.push_back({Kind::bad_config, origin == config_.origins.end() ? std::string(path) : std::format("{}: {}", origin->second, path),
                     std::move(detail), 0});
}

void Loader::check_relations() {
  relate("agent.watchdog", "mysql.silence_limit", config_.agent.watchdog <= config_.mysql.silence_limit,
         "must not be longer than mysql.silence_limit: a hanging agent would be taken for a silent mysqld");
  relate("http.listen", "mysql.port", config_.http.listen.port != config_.mysql.port,
         "has the port of mysql.port, and both are in one pod");
  relate("cluster.first_ordinal", "cluster.replicas", config_.cluster.first_ordinal + config_.cluster.replicas - 1 <= PodName::ordinal_max,
         std::format("the last of cluster.replicas pods would have an ordinal above {}", PodName::ordinal_max));
}

std::expected<Config, std::vector<Error>> Loader::result() && {
  std::ranges::stable_sort(in_file_, {}, [](const Positioned& p) { return std::tuple(p.line, p.column); });
  std::vector<Error> errors;
  for (auto& positioned : in_file_) errors.push_back(std::move(positioned.error));
  errors.insert(errors.end(), errors_.begin(), errors_.end());
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return std::move(config_);
}

}  // namespace

std::expected<Config, std::vector<Error>> load(const std::optional<File>& file, const Environment& environment) {
  Loader loader;
  if (file) loader.read(*file);
  loader.read(environment);
  loader.check_relations();
  return std::move(loader).result();
}

Policy policy(const Config& config, const Owner& owner) {
  return {.owner = owner,
          .replicas = config.cluster.replicas,
          .server_id = config.mysql.server_id_base + owner.pod.ordinal,
          .mysql_port = config.mysql.port,
          .tls_directory = config.tls.directory,
          .adopt_existing = config.volume.adopt_existing,
          .initialize = config.bootstrap.initialize,
          .require_peers = config.bootstrap.require_peers,
          .donor_fallback_after = config.donor.fallback_after,
          .clone_stall_timeout = config.clone.stall_timeout,
          .peer_check_timeout = config.primary.peer_check_timeout,
          .semi_sync = config.replication.semi_sync,
          .semi_sync_timeout = config.replication.semi_sync_timeout,
          .max_lag = config.readiness.max_lag,
          .max_source_silence = config.readiness.max_source_silence};
}

}  // namespace ordinal::config
