// `ordinal probe PATH`: for exec probes and Docker's HEALTHCHECK.
#pragma once

#include <string>

#include "base/error.hpp"
#include "config/config.hpp"
#include "peers/http_client.hpp"

namespace ordinal::app {

/// The reply of the agent at `address` ("127.0.0.1:8008", "10.0.0.7", "[::1]:8008"; the port is 8008 unless given) to `GET target`, within
/// 5 s; `user_agent` says who asks. Fails with bad_config for an address that is none, else as HttpClient::exchange does.
[[nodiscard]] Result<HttpClient::Reply> ask(const std::string& address, const std::string& target, std::string user_agent = {});

/// Where this pod's agent, which listens on `listen`, is reached from inside the pod: on the loopback when it listens on every address.
[[nodiscard]] std::string own_address(const config::Listen& listen);

/// Asks this pod's agent. exit_ok for 200; otherwise prints the answer and returns exit_failed. With `unreachable_ok` only an answer other
/// than 200 fails.
int probe(const std::string& path, bool unreachable_ok);

}  // namespace ordinal::app
