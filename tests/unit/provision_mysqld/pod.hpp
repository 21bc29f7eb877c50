// The directories of a pod, and a real mysqld on them, for a test. It needs mysqld in PATH and a user other than root, as in the image that
// the pod tests use.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/child.hpp"
#include "provision/scratch.hpp"
#include "provision/settings.hpp"
#include "support/directory.hpp"

namespace ordinal::test {

inline constexpr std::chrono::seconds step_limit{120};

/// Every character that may end a literal, a line or a statement, and one of four bytes.
inline const std::string hostile = "'\\\n\r;\"`-- #\xF0\x9F\x98\x80";

/// Passwords that differ from one another and can be told from anything else in a log.
[[nodiscard]] provision::NewCluster new_cluster();
[[nodiscard]] Secret password_of(std::string_view whose);

class Pod {
 public:
  /// Empty directories. `number` tells the pods of a test apart: port 3306 + number.
  explicit Pod(std::uint16_t number, std::string_view user_settings = "");

  [[nodiscard]] std::filesystem::path volume() const { return directory_.path() / "volume"; }
  [[nodiscard]] std::filesystem::path run_directory() const { return directory_.path() / "run"; }
  [[nodiscard]] const provision::ServerSettings& settings() const { return settings_; }

  /// What a scratch server of this pod needs; its log goes to `log`.
  [[nodiscard]] provision::ScratchOptions scratch_options();

  /// Makes a new cluster and puts it in place as data/.
  void initialize();
  /// Starts mysqld on data/ with this boot file and returns when it answers. `data` may be another place in the volume.
  void start(const std::string& boot_file, std::string_view data = "data");
  /// SIGKILL, and waits for the end.
  void kill();

  /// The first column of the first row of what the statements answer last, "" where there is none, or "error: …"; over the socket.
  [[nodiscard]] std::string query(std::string_view user, const Secret& password, std::string_view statements) const;
  /// The same over TCP to 127.0.0.1, with or without TLS.
  [[nodiscard]] std::string query_tcp(std::string_view user, const Secret& password, std::string_view statements, std::uint16_t port,
                                      bool tls) const;

  /// Each line that any mysqld of this pod has said.
  std::vector<std::string> log;

 private:
  void hear(std::string_view line) { log.emplace_back(line); }

  Directory directory_;
  provision::ServerSettings settings_;
  std::optional<provision::Child> server_;
};

/// Polls until `wanted` holds; the test fails when it does not within step_limit.
void poll_until(provision::Scratch& scratch, const std::function<bool(const init::ScratchFacts&)>& wanted);

/// Polls to the end of the attempt and returns what it came to.
const init::ScratchFacts& poll_to_end(provision::Scratch& scratch);

}  // namespace ordinal::test
