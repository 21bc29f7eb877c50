// Does to the co-located server what a plan asks for. It must not decide anything: each act is done as told, and is harmless when done
// twice.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "core/run_decision.hpp"
#include "mysql/connection.hpp"

namespace ordinal::mysql {

/// What the acts need beyond themselves.
struct ActContext {
  Milliseconds limit{5'000};  ///< for one act, logging in included
  std::uint16_t source_port = 3306;
  std::vector<Secret> replication_passwords;  ///< of ordinal_replication, the likeliest first; two while it is being changed
  std::string tls_directory;                  ///< as mysqld sees it, with ca.crt; without one the source's certificate is not verified
  std::optional<Uuid> cluster_id;             ///< what ordinal.cluster must say
  Milliseconds semi_sync_timeout{2'000};      ///< how long a commit waits for an acknowledgement
  Secret account_password;                    ///< the file's, for SetPassword and DiscardOldPassword
};

/// Does one act, on a session of its own, so that nothing it waits for can hold up the next reading: `connection` only says to which
/// server, and may be busy. What is still running after the limit is killed from yet another session. Kinds: those of
/// Connection::execute, where timeout with code 1205 means that running statements were in the way, to be tried again next cycle;
/// bad_config when the context lacks what the act needs or a replication password has more than 32 bytes, which MySQL would cut;
/// unexpected for an act that is not MySQL's. Of a statement that holds a password the detail says no more than that MySQL refused it.
boost::asio::awaitable<Result<void>> apply(const Connection& connection, run::Action action, ActContext context);

}  // namespace ordinal::mysql
