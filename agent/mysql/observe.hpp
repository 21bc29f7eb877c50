// Reads the co-located server into values. It must not change anything, and must not judge what it reads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <string>

#include "core/run_decision.hpp"
#include "mysql/connection.hpp"

namespace ordinal::mysql {

/// One reading of the server, in two round trips, `limit` at most in all; the own executed set is the first thing read. Kinds: those of
/// Connection::execute, and protocol when an answer cannot be understood.
boost::asio::awaitable<Result<run::MysqlFacts>> observe(Connection& connection, Milliseconds limit);

/// What seldom changes, in one round trip. Kinds: those of Connection::execute.
boost::asio::awaitable<Result<run::RareFacts>> observe_rarely(Connection& connection, Milliseconds limit);

/// The columns of one row by name; NULL is "".
using NamedRow = std::map<std::string, std::string, std::less<>>;

/// A row of SHOW REPLICA STATUS (reference manual, "SHOW REPLICA STATUS Statement") as facts; protocol when a column is missing or
/// malformed.
[[nodiscard]] Result<run::ReplicaFacts> replica_facts(const NamedRow& row);

}  // namespace ordinal::mysql
