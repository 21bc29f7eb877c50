// States and reason codes: the table that everything speaks from has no holes.
#include "core/state.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace ordinal {

namespace {

// The enumerators once more, spelled by the compiler. A code that is missing here is found by the count.
#define ORDINAL_NAMED(code) \
  std::pair { Code::code, std::string_view(#code) }
constexpr std::array spelled{
    ORDINAL_NAMED(OK),
    ORDINAL_NAMED(AGENT_STARTING),
    ORDINAL_NAMED(PEERS_UNKNOWN),
    ORDINAL_NAMED(DONOR_UNAVAILABLE),
    ORDINAL_NAMED(DONOR_BUSY),
    ORDINAL_NAMED(NO_ROOM),
    ORDINAL_NAMED(INITIALIZE_FORBIDDEN),
    ORDINAL_NAMED(APPLYING_PENDING),
    ORDINAL_NAMED(CLONE_RUNNING),
    ORDINAL_NAMED(CLONE_RETRY),
    ORDINAL_NAMED(INITIALIZE_RUNNING),
    ORDINAL_NAMED(FINISHING_RENAMES),
    ORDINAL_NAMED(RESEED_POSTPONED),
    ORDINAL_NAMED(FOREIGN_VOLUME),
    ORDINAL_NAMED(IDENTITY_UNREADABLE),
    ORDINAL_NAMED(IDENTITY_CORRUPT),
    ORDINAL_NAMED(IDENTITY_NEWER),
    ORDINAL_NAMED(FOREIGN_DATA),
    ORDINAL_NAMED(DATA_UNEXPLAINED),
    ORDINAL_NAMED(DATA_LOST_EVERYWHERE),
    ORDINAL_NAMED(CLUSTER_MISMATCH),
    ORDINAL_NAMED(SETS_DIVERGED),
    ORDINAL_NAMED(VOLUME_NOT_WRITABLE),
    ORDINAL_NAMED(MYSQL_VERSION_UNSUPPORTED),
    ORDINAL_NAMED(SETTINGS_REFUSED),
    ORDINAL_NAMED(MYSQL_STARTING),
    ORDINAL_NAMED(MYSQL_RECOVERING),
    ORDINAL_NAMED(MYSQL_UNREACHABLE),
    ORDINAL_NAMED(MYSQL_SILENT),
    ORDINAL_NAMED(MYSQL_DENIED),
    ORDINAL_NAMED(MYSQL_STOPPING),
    ORDINAL_NAMED(OFFLINE_MODE),
    ORDINAL_NAMED(REPLICATION_CONFIGURING),
    ORDINAL_NAMED(REPLICATION_DRAINING),
    ORDINAL_NAMED(SOURCE_SILENT),
    ORDINAL_NAMED(SOURCE_NOT_OPEN),
    ORDINAL_NAMED(SOURCE_UNKNOWN),
    ORDINAL_NAMED(REPLICA_IO_ERROR),
    ORDINAL_NAMED(REPLICA_SQL_ERROR),
    ORDINAL_NAMED(LAG_UNKNOWN),
    ORDINAL_NAMED(LAG_TOO_HIGH),
    ORDINAL_NAMED(SOURCE_SILENCE_TOO_LONG),
    ORDINAL_NAMED(APPLYING_RECEIVED),
    ORDINAL_NAMED(CATCHING_UP_FROM_SIBLING),
    ORDINAL_NAMED(SOURCE_PURGED),
    ORDINAL_NAMED(ERRANT_TRANSACTIONS),
    ORDINAL_NAMED(SOURCE_LOST_TRANSACTIONS),
    ORDINAL_NAMED(GTID_SET_SHRANK),
    ORDINAL_NAMED(WRITABLE_REPLICA),
    ORDINAL_NAMED(CLUSTER_ROW_MISSING),
    ORDINAL_NAMED(PRIMARY_BEHIND),
    ORDINAL_NAMED(PRIMARY_BEHIND_PURGED),
    ORDINAL_NAMED(PRIMARY_CLOSED),
    ORDINAL_NAMED(FORKED),
    ORDINAL_NAMED(PEER_ERRANT),
    ORDINAL_NAMED(SEMI_SYNC_DEGRADED),
    ORDINAL_NAMED(CREDENTIALS_UNREADABLE),
    ORDINAL_NAMED(PASSWORD_NOT_SET),
    ORDINAL_NAMED(ROOT_PASSWORD_DIFFERS),
    ORDINAL_NAMED(OLD_PASSWORD_KEPT),
    ORDINAL_NAMED(PERSISTED_VARIABLES),
    ORDINAL_NAMED(EVENTS_DISABLED),
    ORDINAL_NAMED(DRAINING),
    ORDINAL_NAMED(STOPPING),
    ORDINAL_NAMED(SNAPSHOT_STALE),
};
#undef ORDINAL_NAMED

bool is_sentence(std::string_view text) {
  return text.size() > 5 && text.ends_with('.') && text.find_first_of("\n\t") == std::string_view::npos;
}

}  // namespace

TEST_CASE("state: every reason code is named as its enumerator") {
  REQUIRE(code_table().size() == spelled.size());
  for (const auto& [code, name] : spelled) {
    CAPTURE(name);
    CHECK(to_string(code) == name);
  }
}

TEST_CASE("state: every reason code has a meaning and a remedy of its own words") {
  std::set<std::string_view> names;
  std::set<std::string_view> meanings;
  for (const auto& entry : code_table()) {
    CAPTURE(entry.name);
    CHECK(names.insert(entry.name).second);
    CHECK(meanings.insert(entry.meaning).second);
    CHECK(is_sentence(entry.meaning));
    CHECK(is_sentence(entry.remedy));
  }
}

TEST_CASE("state: a reason without words speaks the table's") {
  CHECK(reason(Code::DRAINING).text == "The pod is going away and takes no new connections.");
  CHECK(reason(Code::DRAINING, "db-1 is going away") == Reason{Code::DRAINING, "db-1 is going away"});
}

TEST_CASE("state: every state's name is read back as that state") {
  constexpr std::array names{"waiting_for_peers", "waiting_for_donor", "initializing", "cloning", "finishing", "refused", "starting",
                             "recovering",        "configuring",       "catching_up",  "serving", "diverged",  "blocked", "stopping"};
  static_assert(names.size() == static_cast<std::size_t>(State::stopping) + 1);
  for (std::size_t i = 0; i < names.size(); ++i) {
    CAPTURE(names.at(i));
    const auto state = static_cast<State>(i);
    CHECK(to_string(state) == names.at(i));
    CHECK(parse_state(names.at(i), state == State::refused ? State::starting : State::refused) == state);
  }
}

TEST_CASE("state: a name that this version does not know is the fallback") {
  CHECK(parse_state("electing", State::blocked) == State::blocked);
}

}  // namespace ordinal
