// The JSON of /status, which is also the protocol between agents: written from a Status, and read from peers that may be lying.
// It must not judge whose status it is: that the answer comes from the expected pod is the asker's to check.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "core/status.hpp"

namespace ordinal {

namespace wire {
/// Longer statuses are refused. It has room for GTID sets of some ten thousand intervals, and keeps what a liar can make us allocate small.
constexpr std::size_t status_bytes_max = 1024 * 1024;
// What follows is kept by the statuses that we write, and demanded of those that we read.
constexpr std::size_t text_bytes_max = 4096;  ///< of each text but GTID sets; longer ones are cut when written
constexpr std::size_t list_entries_max = 64;  ///< checks and alerts, each
constexpr double seconds_max = 1e10;          ///< of a span; so that no reader's arithmetic overflows
constexpr std::int64_t age_ms_max = 1'000'000'000'000;
}  // namespace wire

/// The status as one line of JSON. Always valid: invalid UTF-8 is replaced, texts, lists and numbers are brought within the bounds above.
[[nodiscard]] std::string to_json(const Status& status);

/// `text` as a JSON string with its quotes; invalid UTF-8 is replaced, and what is beyond `text_bytes_max` is cut.
[[nodiscard]] std::string json_text(std::string_view text);

/// The status that `json` spells. Unknown keys are ignored; names of states and codes that this version does not know become `starting` and
/// AGENT_STARTING with the name in the text. Everything else that is missing, of another type or out of bounds fails with protocol and a
/// sentence that names the key; so does a schema other than ours.
[[nodiscard]] Result<Status> parse_status(std::string_view json);

}  // namespace ordinal
