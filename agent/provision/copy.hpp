// What a copy in incoming/ shows of itself while mysqld makes it. It must not change it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.hpp"

namespace ordinal::provision {

struct CopyProgress {
  std::uint64_t bytes = 0;                  ///< allocated
  std::uint64_t estimated_bytes = 0;        ///< of the whole copy; 0 as long as the donor has not said it
  std::chrono::nanoseconds newest_write{};  ///< of all files, since the epoch: late in a copy, mysqld writes into what is allocated already
};

/// How far the copy in `directory` is; all zero while there is none. Walks the whole tree.
[[nodiscard]] CopyProgress measure_copy(const std::filesystem::path& directory);

/// The sum of the estimates in the text of `#clone/#view_progress`: after a first line, one line for each stage, with its state, threads,
/// begin, end, estimate, data and network bytes (seen with 9.7.4; it is what performance_schema.clone_progress is read from). 0 for any
/// other text.
[[nodiscard]] std::uint64_t parse_clone_estimate(std::string_view text);

/// Whether mysqld has marked the clone in `directory` as complete, with `#clone/#status_fix`, and not as under way, with
/// `#status_in_progress`. Its exit code alone does not tell: without a CLONE statement it ends well too. Fails with conflict.
[[nodiscard]] Result<void> check_complete_clone(const std::filesystem::path& directory);

/// Whether the data directory holds the table of the cluster, and so is one that initialize_statements() ran on. Fails with conflict.
[[nodiscard]] Result<void> check_complete_initialization(const std::filesystem::path& directory);

}  // namespace ordinal::provision
