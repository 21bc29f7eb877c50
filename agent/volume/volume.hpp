// The volume: its lock, its directories, its identity, and the steps that bring complete data into place. Every step may be killed anywhere
// and is simply called again at the next start. It must not know where data comes from, nor decide what happens to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <variant>

#include "base/error.hpp"
#include "base/file.hpp"
#include "core/identity.hpp"
#include "core/init_decision.hpp"
#include "core/uuid.hpp"
#include "volume/meter.hpp"
#include "volume/sweeper.hpp"
#include "volume/tree.hpp"

namespace ordinal::volume {

/// What lies where on the volume mounted at `root`.
struct Paths {
  explicit Paths(const std::filesystem::path& volume);

  std::filesystem::path root;
  std::filesystem::path identity;   ///< identity.toml
  std::filesystem::path lock;       ///< held with flock(2) by init or run
  std::filesystem::path data;       ///< MySQL's data directory; it appears by one rename, so it is complete
  std::filesystem::path incoming;   ///< the copy being made
  std::filesystem::path discarded;  ///< the old data during a reseed
  std::filesystem::path adopting;   ///< foreign data on its way from the root into data/; nothing ever removes it
  std::filesystem::path scratch;    ///< the data directory of the throw-away server
  std::filesystem::path trash;      ///< what no step needs any more, on its way out; judged before it came here, and never looked at again
  std::filesystem::path tmp;        ///< MySQL's tmpdir
  std::filesystem::path requests;   ///< what a person asked for
  std::filesystem::path history;    ///< history.jsonl
};

/// What a person can ask for by leaving a file in requests/; only the holder of the lock acts on it.
enum class Request : std::uint8_t { reseed, rebind, clear };
/// The request's name, which is that of its file.
[[nodiscard]] std::string_view to_string(Request request);

/// Leaves a request on the volume at `root`, durably; needs no lock. Fails as fail_errno says.
[[nodiscard]] Result<void> write_request(const std::filesystem::path& root, Request request);

/// Takes a request on the volume at `root` back, durably; needs no lock. Whether there was one. Fails as fail_errno says.
[[nodiscard]] Result<bool> withdraw_request(const std::filesystem::path& root, Request request);

/// What the identity file of the volume at `root` says; monostate when there is none. Needs no lock.
[[nodiscard]] std::variant<std::monostate, Identity, init::IdentityProblem> read_identity(const std::filesystem::path& root);

/// A volume under lock.
class Volume {
 public:
  /// The volume mounted at `root`, locked for as long as the object lives. Does not wait. Fails with conflict while another process holds
  /// the lock, with denied and a remedy when the volume cannot be written, with bad_config when there is no such directory. Creates `lock`
  /// and nothing else.
  [[nodiscard]] static Result<Volume> open(const std::filesystem::path& root);

  [[nodiscard]] const Paths& paths() const { return paths_; }

  /// What lies on the volume, but for `data_bytes`, which takes longer: see measure_data(). Free bytes are those a user without privileges
  /// gets (statvfs, f_bavail). An identity that cannot be trusted is a fact; it fails only when the volume itself cannot be read.
  [[nodiscard]] Result<init::VolumeFacts> facts() const;

  /// Starts to measure data/, beside the caller; nothing while that is being done.
  void measure_data() { meter_.start(paths_.data); }

  /// The bytes that data/ had allocated when it was measured, told once a measure.
  [[nodiscard]] std::optional<std::uint64_t> take_data_bytes() { return meter_.take(); }

  /// Replaces identity.toml, durably; killed at any instant, the old one or the new one is there.
  [[nodiscard]] Result<void> write_identity(const Identity& identity);

  /// Takes a request back, durably; fine when there is none.
  [[nodiscard]] Result<void> remove_request(Request request);

  /// Puts into trash/ what earlier attempts left: incoming/, discarded/, scratch/. Fails with conflict, and moves nothing, where that could
  /// be the only copy: the identity says clone_complete or cannot be read, or discarded/ is there and data/ is not.
  [[nodiscard]] Result<void> throw_away_leftovers();

  /// prepare_for_server(), then an empty scratch/: call it before the throw-away server starts.
  [[nodiscard]] Result<void> begin_provisioning();

  /// Starts to remove what is in trash/, beside the caller; nothing while that is being done. Only for a volume whose identity names this
  /// pod: on any other, trash/ may be anything.
  void sweep() { sweeper_.start(paths_.trash); }

  /// Why something in trash/ cannot be removed, told once.
  [[nodiscard]] std::optional<Error> take_sweep_error() { return sweeper_.take_error(); }

  /// Brings everything written to the volume onto the disk (syncfs). Call it before `clone_complete` is written.
  [[nodiscard]] Result<void> complete_copy();

  /// Puts the complete copy in incoming/ into place: takes back the reseed request, data/ becomes discarded/, incoming/ becomes data/,
  /// `identity` is written with state provisioned, discarded/ goes into trash/. `identity` must be that of the volume, in state
  /// clone_complete. Fails with conflict when it is not, or when neither incoming/ nor data/ is there.
  [[nodiscard]] Result<void> finish_renames(Identity identity);

  /// Makes MySQL data that someone else put here ours: moves it from the root into data/, where it is not there yet, and writes `identity`
  /// with state provisioned. Fails with conflict, before anything is moved, when there is an identity, when there is no MySQL data, or when
  /// a directory at the root bears one of our names and holds something, which then is a database's directory.
  [[nodiscard]] Result<void> adopt(Identity identity);

  /// throw_away_leftovers(), then an empty tmp/: call it before mysqld starts on data/, at every start of a pod.
  [[nodiscard]] Result<void> prepare_for_server();

  /// Gives the server on data/ a fresh server_uuid, durably, and returns it. mysqld takes it from data/auto.cnf (MySQL manual, "Replication
  /// and Binary Logging Options", server_uuid).
  [[nodiscard]] Result<Uuid> new_server_uuid();

 private:
  Volume(Paths paths, Fd lock) : paths_(std::move(paths)), lock_(std::move(lock)) {}

  [[nodiscard]] Result<void> check_disposable() const;
  [[nodiscard]] Result<void> put_in_place();
  [[nodiscard]] Result<void> check_adoptable() const;
  [[nodiscard]] Result<void> gather_foreign_data();

  Paths paths_;
  Fd lock_;
  Sweeper sweeper_;
  Meter meter_;
};

}  // namespace ordinal::volume
