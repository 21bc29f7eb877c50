// The keys of identity.toml, once for writing and once for reading.
#include "volume/identity_file.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "base/text.hpp"
#include "toml/document.hpp"

namespace ordinal::volume {

namespace {

using Problem = init::IdentityProblem;

constexpr std::string_view heading =
    "# Whose volume this is, and how far its data is. Written by Ordinal alone: the checksum at the end would not fit an edited text.\n";
constexpr std::string_view integrity_heading = "[integrity]\n";

constexpr std::array roles{Role::primary, Role::replica};
constexpr std::array states{VolumeState::provisioning, VolumeState::clone_complete, VolumeState::provisioned};
constexpr std::array hows{ProvisionedHow::initialize, ProvisionedHow::clone, ProvisionedHow::restore, ProvisionedHow::adopt};
constexpr std::array latches{Latch::none, Latch::source_lost_transactions};

/// `text` as a TOML basic string (TOML 1.0.0, "String").
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += std::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// The last section. Its form must stay the same in every future schema, or an older agent would call a newer file corrupt.
std::string integrity_section(std::string_view body) { return std::format("{}crc32c = \"{:08x}\"\n", integrity_heading, crc32c(body)); }

std::size_t line_of(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
}

Problem corrupt(std::string_view detail) { return {Problem::What::corrupt, std::format("identity.toml {}", detail)}; }

/// Takes typed values out of the parsed file and remembers the first thing that is wrong. Every value of a wrong file is a default.
class Reader {
 public:
  explicit Reader(const toml::table& file) : file_(file) {}

  [[nodiscard]] std::string text(std::string_view path) { return value<std::string>(path, "a string"); }
  [[nodiscard]] bool boolean(std::string_view path) { return value<bool>(path, "a boolean"); }
  [[nodiscard]] double number(std::string_view path) { return value<double>(path, "a number"); }

  template <class T>
  [[nodiscard]] T whole(std::string_view path) {
    const auto number = value<std::int64_t>(path, "a whole number");
    if (!std::in_range<T>(number)) reject(path, std::format("{} is out of range", number));
    return std::in_range<T>(number) ? static_cast<T>(number) : T{};
  }

  template <class E>
  [[nodiscard]] E word(std::string_view path, std::span<const E> words) {
    const auto name = text(path);
    const auto found = std::ranges::find(words, name, [](E word) { return to_string(word); });
    if (found == words.end()) reject(path, std::format("{} is not a word that is known here", quote(name, 64)));
    return found == words.end() ? E{} : *found;
  }

  [[nodiscard]] std::chrono::sys_seconds time(std::string_view path) {
    const auto instant = parse_time(text(path));
    if (!instant) reject(path, "this is not a time");
    return instant.value_or(std::chrono::sys_seconds{});
  }

  [[nodiscard]] Uuid uuid(std::string_view path) {
    const auto uuid = Uuid::parse(text(path));
    if (!uuid) reject(path, "this is not a UUID");
    return uuid.value_or(Uuid{});
  }

  [[nodiscard]] std::optional<Uuid> optional_uuid(std::string_view path) {
    if (!has(path)) return std::nullopt;
    return uuid(path);
  }

  [[nodiscard]] GtidSet gtid_set(std::string_view path) {
    auto set = GtidSet::parse(text(path));
    if (!set) reject(path, set.error().detail);
    return std::move(set).value_or(GtidSet{});
  }

  [[nodiscard]] PodName pod(std::string_view path) {
    auto pod = parse_pod_name(text(path));
    if (!pod) reject(path, pod.error().detail);
    return std::move(pod).value_or(PodName{});
  }

  [[nodiscard]] bool has(std::string_view path) const { return static_cast<bool>(file_.at_path(path)); }

  void reject(std::string_view path, std::string_view why) {
    if (problem_) return;
    const auto node = file_.at_path(path);
    const auto where = node ? std::format("line {}: ", node.node()->source().begin.line) : std::string();
    problem_ = corrupt(std::format("{}{}: {}", where, path, why));
  }

  [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }

 private:
  template <class T>
  [[nodiscard]] T value(std::string_view path, std::string_view what) {
    const auto node = file_.at_path(path);
    auto value = node.value<T>();
    if (!value) reject(path, node ? std::format("this is not {}", what) : std::format("the key is missing"));
    return std::move(value).value_or(T{});
  }

  const toml::table& file_;
  std::optional<Problem> problem_;
};

Owner read_owner(Reader& reader) {
  Owner owner{
      .name_space = reader.text("namespace"), .pod = reader.pod("pod"), .first_ordinal = reader.whole<std::uint32_t>("first_ordinal")};
  // These three say again what follows from the others, for people; a file in which they disagree is none that we wrote.
  if (reader.text("statefulset") != owner.pod.statefulset) reader.reject("statefulset", "it is not that of the pod's name");
  if (reader.whole<std::uint32_t>("ordinal") != owner.pod.ordinal) reader.reject("ordinal", "it is not that of the pod's name");
  if (reader.word<Role>("role", roles) != owner.role()) reader.reject("role", "it is not that of the pod's ordinal");
  return owner;
}

Provisioned read_provisioned(Reader& reader) {
  return {.how = reader.word<ProvisionedHow>("provisioned.how", hows),
          .donor = reader.text("provisioned.donor"),
          .at = reader.time("provisioned.at"),
          .seconds = reader.number("provisioned.seconds"),
          .bytes = reader.whole<std::uint64_t>("provisioned.bytes")};
}

Mark read_mark(Reader& reader) {
  return {
      .gtid_executed = reader.gtid_set("mark.gtid_executed"), .at = reader.time("mark.at"), .writable = reader.boolean("mark.writable")};
}

Identity read_identity(Reader& reader) {
  Identity identity{.cluster_id = reader.optional_uuid("cluster_id"),
                    .owner = read_owner(reader),
                    .server_uuid = reader.optional_uuid("server_uuid"),
                    .server_id = reader.whole<std::uint32_t>("server_id"),
                    .state = reader.word<VolumeState>("state", states),
                    .replication_reset = reader.boolean("replication_reset"),
                    .latched = reader.word<Latch>("latched", latches),
                    .provisioned = std::nullopt,
                    .mark = std::nullopt};
  if (reader.has("provisioned")) identity.provisioned = read_provisioned(reader);
  if (reader.has("mark")) identity.mark = read_mark(reader);
  return identity;
}

/// What is wrong with the end of the file, if anything: the checksum alone tells a cut or changed text from ours.
std::optional<Problem> check_integrity(std::string_view text) {
  if (text.empty()) return corrupt("is empty");
  const auto section = text.rfind(integrity_heading);
  if (section == std::string_view::npos) {
    return corrupt(std::format("is cut or changed: it ends in line {} without its checksum", line_of(text, text.size() - 1)));
  }
  if (text.substr(section) == integrity_section(text.substr(0, section))) return std::nullopt;
  return corrupt(std::format("is cut or changed: the checksum in line {} does not fit the text above it", line_of(text, section) + 1));
}

}  // namespace

std::string format_identity(const Identity& identity) {
  const auto& owner = identity.owner;
  std::string out(heading);
  const auto line = [&out](std::string_view key, std::string_view value) { out += std::format("{} = {}\n", key, value); };
  line("schema", std::to_string(Identity::schema));
  if (identity.cluster_id) line("cluster_id", toml_string(identity.cluster_id->to_string()));
  line("namespace", toml_string(owner.name_space));
  line("statefulset", toml_string(owner.pod.statefulset));
  line("pod", toml_string(owner.pod.to_string()));
  line("ordinal", std::to_string(owner.pod.ordinal));
  line("first_ordinal", std::to_string(owner.first_ordinal));
  line("role", toml_string(to_string(owner.role())));
  if (identity.server_uuid) line("server_uuid", toml_string(identity.server_uuid->to_string()));
  line("server_id", std::to_string(identity.server_id));
  line("state", toml_string(to_string(identity.state)));
  line("replication_reset", identity.replication_reset ? "true" : "false");
  line("latched", toml_string(to_string(identity.latched)));
  if (const auto& provisioned = identity.provisioned) {
    out += "\n[provisioned]\n";
    line("how", toml_string(to_string(provisioned->how)));
    line("donor", toml_string(provisioned->donor));
    line("at", toml_string(format_time(provisioned->at)));
    line("seconds", std::format("{:.3f}", provisioned->seconds));
    // TOML's numbers are signed; a volume of 8 EiB is not to be expected.
    line("bytes", std::to_string(std::min<std::uint64_t>(provisioned->bytes, std::numeric_limits<std::int64_t>::max())));
  }
  if (const auto& mark = identity.mark) {
    out += "\n[mark]\n";
    line("gtid_executed", toml_string(mark->gtid_executed.to_string()));
    line("at", toml_string(format_time(mark->at)));
    line("writable", mark->writable ? "true" : "false");
  }
  out += '\n';
  return out + integrity_section(out);
}

std::variant<Identity, Problem> parse_identity(std::string_view text) {
  if (auto problem = check_integrity(text)) return *std::move(problem);
  const auto file = toml_text::parse(text);
  if (!file) return corrupt(std::format("line {}: {}", file.error().line, quote(file.error().what, 256)));
  Reader reader(*file);
  const auto schema = reader.whole<std::uint32_t>("schema");
  if (schema > Identity::schema) {
    return Problem{
        Problem::What::newer_schema,
        std::format("identity.toml was written by a newer agent: its schema is {}, and this agent knows {}", schema, Identity::schema)};
  }
  if (schema < Identity::schema) reader.reject("schema", std::format("there never was a schema {}", schema));
  auto identity = read_identity(reader);
  if (reader.problem()) return *reader.problem();
  return identity;
}

}  // namespace ordinal::volume
