// The steps on the volume, in the order that lets each be killed anywhere and called again.
#include "volume/volume.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <format>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/fail_point.hpp"
#include "base/random.hpp"
#include "volume/identity_file.hpp"
#include "volume/tree.hpp"

namespace ordinal::volume {

namespace fs = std::filesystem;
using init::IdentityProblem;

namespace {

/// An identity whose GTID set has the greatest length that GtidSet reads stays below this.
constexpr std::size_t identity_bytes_max = 2 * GtidSet::text_bytes_max;
constexpr mode_t file_mode = 0640;

constexpr std::array<std::string_view, 3> request_names{"reseed", "rebind", "clear"};

/// What at the volume's root is ours, or the file system's, and never moves in an adoption.
constexpr std::array<std::string_view, 14> own_names{"identity.toml", "identity.toml.new", "lock",    "data",      "incoming",
                                                     "discarded",     "adopting",          "scratch", "tmp",       "requests",
                                                     "history.jsonl", "history.jsonl.new", "trash",   "lost+found"};

/// Any of what mysqld has always made in a data directory since 8.0; `mysql.ibd` alone would do but for a damaged one.
Result<bool> is_mysql_data(const fs::path& directory) {
  for (const auto* name : {"mysql.ibd", "ibdata1", "mysql"}) {
    auto present = entry_exists(directory / name);
    if (!present || *present) return present;
  }
  return false;
}

/// Why this process cannot write the directory, with what helps.
std::unexpected<Error> not_writable(const fs::path& root, int code) {
  struct stat status{};
  if (code == EROFS) return fail(Kind::denied, "open " + root.string(), "the volume is mounted read-only: mount it read-write", code);
  if (::stat(root.c_str(), &status) != 0) return fail_errno("stat " + root.string(), errno);
  const auto user = ::geteuid();
  const auto group = ::getegid();
  return fail(
      Kind::denied, "open " + root.string(),
      std::format("the volume belongs to uid {}, gid {} with mode {:04o}, and uid {}, gid {} must be able to write it: set the pod's "
                  "securityContext.fsGroup to {}, or chown the volume to {}:{}",
                  status.st_uid, status.st_gid, status.st_mode & 07777U, user, group, group, user, group),
      code);
}

Result<void> check_writable(const fs::path& root) {
  std::error_code ec;
  if (!fs::is_directory(root, ec)) {
    return fail(Kind::bad_config, "open " + root.string(), "there is no such directory: mount the volume there, or set volume.path",
                ec.value());
  }
  if (::faccessat(AT_FDCWD, root.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0) return not_writable(root, errno);
  return {};
}

Result<std::uint64_t> free_bytes(const fs::path& root) {
  struct statvfs status{};
  if (::statvfs(root.c_str(), &status) != 0) return fail_errno("statvfs " + root.string(), errno);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace

Paths::Paths(const fs::path& volume)
    : root(volume),
      identity(root / "identity.toml"),
      lock(root / "lock"),
      data(root / "data"),
      incoming(root / "incoming"),
      discarded(root / "discarded"),
      adopting(root / "adopting"),
      scratch(root / "scratch"),
      trash(root / "trash"),
      tmp(root / "tmp"),
      requests(root / "requests"),
      history(root / "history.jsonl") {}

std::string_view to_string(Request request) { return request_names.at(std::to_underlying(request)); }

Result<void> write_request(const fs::path& root, Request request) {
  const Paths paths(root);
  if (auto made = make_directory(paths.requests); !made) return made;
  const auto file = open_file(paths.requests / to_string(request), O_WRONLY | O_CREAT | O_NOFOLLOW, file_mode);
  if (!file) return std::unexpected(file.error());
  return sync_directory(paths.requests);
}

Result<bool> withdraw_request(const fs::path& root, Request request) {
  const Paths paths(root);
  const auto file = paths.requests / to_string(request);
  if (::unlink(file.c_str()) != 0) {
    if (errno == ENOENT) return false;
    return fail_errno("unlink " + file.string(), errno);
  }
  if (auto synced = sync_directory(paths.requests); !synced) return std::unexpected(synced.error());
  return true;
}

std::variant<std::monostate, Identity, IdentityProblem> read_identity(const fs::path& root) {
  const auto text = read_file(Paths(root).identity, identity_bytes_max);
  if (!text) return IdentityProblem{IdentityProblem::What::unreadable, "identity.toml cannot be read: " + text.error().to_string()};
  if (!*text) return std::monostate{};
  return std::visit([](auto parsed) -> std::variant<std::monostate, Identity, IdentityProblem> { return parsed; }, parse_identity(**text));
}

Result<Volume> Volume::open(const fs::path& root) {
  if (auto writable = check_writable(root); !writable) return std::unexpected(writable.error());
  Paths paths(root);
  auto lock = open_file(paths.lock, O_RDWR | O_CREAT | O_NOFOLLOW, file_mode);
  if (!lock) return std::unexpected(lock.error());
  if (::flock(lock->number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno("flock " + paths.lock.string(), errno);
    return fail(Kind::conflict, "flock " + paths.lock.string(),
                "another agent holds the lock on this volume; it is released when that one ends");
  }
  return Volume(std::move(paths), *std::move(lock));
}

Result<init::VolumeFacts> Volume::facts() const {
  init::VolumeFacts facts;
  facts.identity = read_identity(paths_.root);
  // Everything that can fail is asked in one list, so that no fact is ever a guess.
  bool adopting = false;
  bool mysql_at_root = false;
  const std::array<std::pair<Result<bool>, bool*>, 8> asked{{{entry_exists(paths_.data), &facts.data},
                                                             {entry_exists(paths_.incoming), &facts.incoming},
                                                             {entry_exists(paths_.discarded), &facts.discarded},
                                                             {entry_exists(paths_.requests / "reseed"), &facts.reseed_requested},
                                                             {entry_exists(paths_.requests / "rebind"), &facts.rebind_requested},
                                                             {entry_exists(paths_.requests / "clear"), &facts.clear_requested},
                                                             {entry_exists(paths_.adopting), &adopting},
                                                             {is_mysql_data(paths_.root), &mysql_at_root}}};
  for (const auto& [answer, fact] : asked) {
    if (!answer) return std::unexpected(answer.error());
    *fact = *answer;
  }
  if (std::holds_alternative<std::monostate>(facts.identity)) {
    // A half-done adoption has its data in two places, and is one: nothing but an adoption makes adopting/.
    if (mysql_at_root || adopting) {
      facts.foreign_data = paths_.root;
    } else if (facts.data) {
      facts.foreign_data = paths_.data;
    }
  }
  const auto trash = entry_names(paths_.trash);
  if (!trash) return std::unexpected(trash.error());
  facts.trash = !trash->empty();
  facts.sweeping = sweeper_.at_work();  // before the free bytes: the last that it freed is among them once it has ended
  const auto free = free_bytes(paths_.root);
  if (!free) return std::unexpected(free.error());
  facts.free_bytes = *free;
  return facts;
}

Result<void> Volume::write_identity(const Identity& identity) {
  return replace_file(paths_.identity, format_identity(identity), file_mode);
}

Result<void> Volume::remove_request(Request request) {
  return withdraw_request(paths_.root, request).transform([](bool) {});
}

Result<void> Volume::check_disposable() const {
  const auto identity = read_identity(paths_.root);
  const auto* known = std::get_if<Identity>(&identity);
  if (std::holds_alternative<IdentityProblem>(identity) || (known != nullptr && known->state == VolumeState::clone_complete)) {
    return fail(Kind::conflict, "throw away leftovers of " + paths_.root.string(),
                "incoming/ may be the only complete copy, as far as the identity can be read");
  }
  const auto data = entry_exists(paths_.data);
  const auto discarded = entry_exists(paths_.discarded);
  if (!data) return std::unexpected(data.error());
  if (!discarded) return std::unexpected(discarded.error());
  if (*discarded && !*data) {
    return fail(Kind::conflict, "throw away leftovers of " + paths_.root.string(),
                "discarded/ is there and data/ is not, so it may be the only copy: move it away, or rename it to data/, by hand");
  }
  return {};
}

Result<void> Volume::throw_away_leftovers() {
  if (auto disposable = check_disposable(); !disposable) return disposable;
  for (const auto& leftover : {paths_.incoming, paths_.discarded, paths_.scratch}) {
    if (auto thrown = throw_away(leftover, paths_.trash); !thrown) return thrown;
  }
  fail_point(FailPoint::leftovers_thrown_away);
  return {};
}

Result<void> Volume::begin_provisioning() {
  if (auto prepared = prepare_for_server(); !prepared) return prepared;
  // While there is room: what fills the volume must find the way out.
  if (auto made = make_directory(paths_.trash); !made) return made;
  return make_directory(paths_.scratch);
}

Result<void> Volume::complete_copy() {
  const auto root = open_file(paths_.root, O_RDONLY | O_DIRECTORY);
  if (!root) return std::unexpected(root.error());
  if (::syncfs(root->number()) != 0) return fail_errno("syncfs " + paths_.root.string(), errno);
  return {};
}

Result<void> Volume::put_in_place() {
  const auto incoming = entry_exists(paths_.incoming);
  const auto data = entry_exists(paths_.data);
  if (!incoming) return std::unexpected(incoming.error());
  if (!data) return std::unexpected(data.error());
  if (!*incoming) {
    if (*data) return {};
    return fail(Kind::conflict, "finish the renames in " + paths_.root.string(),
                "the identity says clone_complete, but neither incoming/ nor data/ is there");
  }
  if (*data) {
    // What lies in discarded/ while data/ is there was replaced by that data/ in an earlier reseed.
    if (auto thrown = throw_away(paths_.discarded, paths_.trash); !thrown) return thrown;
    if (auto renamed = rename_durably(paths_.data, paths_.discarded); !renamed) return renamed;
    fail_point(FailPoint::data_discarded);
  }
  auto renamed = rename_durably(paths_.incoming, paths_.data);
  fail_point(FailPoint::incoming_renamed);
  return renamed;
}

Result<void> Volume::finish_renames(Identity identity) {
  if (identity.state != VolumeState::clone_complete) {
    return fail(Kind::conflict, "finish the renames in " + paths_.root.string(),
                std::format("the identity says {}", to_string(identity.state)));
  }
  // From here on `clone_complete` says what is to be done; the request must not survive it, or the next start would reseed again.
  if (auto removed = remove_request(Request::reseed); !removed) return removed;
  fail_point(FailPoint::reseed_request_removed);
  if (auto placed = put_in_place(); !placed) return placed;
  identity.state = VolumeState::provisioned;
  if (auto written = write_identity(identity); !written) return written;
  fail_point(FailPoint::identity_provisioned);
  return throw_away(paths_.discarded, paths_.trash);
}

Result<void> Volume::check_adoptable() const {
  for (const auto& path : {paths_.data, paths_.incoming, paths_.discarded, paths_.scratch, paths_.trash, paths_.tmp, paths_.requests}) {
    auto names = entry_names(path);
    if (!names) return std::unexpected(names.error());
    // requests/ is ours as long as it holds nothing but requests.
    if (path == paths_.requests) std::erase_if(*names, [](const std::string& name) { return std::ranges::contains(request_names, name); });
    if (names->empty()) continue;
    return fail(
        Kind::conflict, "adopt the data in " + paths_.root.string(),
        std::format("{}/ holds something, and Ordinal needs that name: if it is a database, rename it with the server that made it; "
                    "else move it away",
                    path.filename().string()));
  }
  return {};
}

Result<void> Volume::gather_foreign_data() {
  if (auto adoptable = check_adoptable(); !adoptable) return adoptable;
  if (auto made = make_directory(paths_.adopting); !made) return made;
  fail_point(FailPoint::adopting_made);

  const auto names = entry_names(paths_.root);
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names) {
    if (std::ranges::contains(own_names, name)) continue;
    std::error_code ec;
    fs::rename(paths_.root / name, paths_.adopting / name, ec);
    if (ec) return fail_errno("move " + (paths_.root / name).string(), ec.value());
    fail_point(FailPoint::adopting_entry_moved);
  }
  if (auto synced = complete_copy(); !synced) return synced;
  fail_point(FailPoint::adopting_synced);
  auto renamed = rename_durably(paths_.adopting, paths_.data);
  fail_point(FailPoint::adopting_renamed);
  return renamed;
}

Result<void> Volume::adopt(Identity identity) {
  const auto step = "adopt the data in " + paths_.root.string();
  if (!std::holds_alternative<std::monostate>(read_identity(paths_.root))) return fail(Kind::conflict, step, "the volume has an identity");
  const auto adopting = entry_exists(paths_.adopting);
  const auto at_root = is_mysql_data(paths_.root);
  const auto in_data = is_mysql_data(paths_.data);
  for (const auto* answer : {&adopting, &at_root, &in_data}) {
    if (!*answer) return std::unexpected(answer->error());
  }
  if (!*adopting && !*at_root && !*in_data)
    return fail(Kind::conflict, step, "neither the root nor data/ holds MySQL's mysql.ibd, ibdata1 or mysql/");
  if (*adopting || *at_root) {
    if (auto gathered = gather_foreign_data(); !gathered) return gathered;
  }
  identity.state = VolumeState::provisioned;
  return write_identity(identity);
}

Result<void> Volume::prepare_for_server() {
  if (auto thrown = throw_away_leftovers(); !thrown) return thrown;
  const auto left = entry_names(paths_.tmp);
  if (!left) return std::unexpected(left.error());
  if (!left->empty()) {
    if (auto thrown = throw_away(paths_.tmp, paths_.trash); !thrown) return thrown;
  }
  return make_directory(paths_.tmp);
}

Result<Uuid> Volume::new_server_uuid() {
  const auto bytes = random_bytes();
  if (!bytes) return std::unexpected(bytes.error());
  const auto uuid = Uuid::from_random_bytes(*bytes);
  auto written = replace_file(paths_.data / "auto.cnf", std::format("[auto]\nserver-uuid={}\n", uuid.to_string()), file_mode);
  if (!written) return std::unexpected(written.error());
  return uuid;
}

}  // namespace ordinal::volume
