// The passwords of run: what their files hold now and held before, and what the server said to each. It must not talk to the server, nor
// decide what happens to a password.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/setup.hpp"
#include "base/secret.hpp"
#include "config/credentials.hpp"
#include "core/run_decision.hpp"

namespace ordinal::app {

/// The check of a password in a cluster: the first 16 bits of PBKDF2 over it, salted with the cluster's id and the account's name.
[[nodiscard]] PasswordCheck password_check(const Secret& password, const Uuid& cluster_id, Account account);

class Passwords {
 public:
  Passwords(const Setup& setup, config::Credentials at_start, Uuid cluster_id);

  /// Reads the files again. What was known of a password that has changed is forgotten; when they cannot be read, all stays as it was.
  void refresh();

  /// All that the files hold.
  [[nodiscard]] const config::Credentials& files() const { return now_; }
  /// The account's password as its file holds it.
  [[nodiscard]] const Secret& now(Account account) const;
  /// For replication: the file's password, and the one that the file held when the agent started where that differs.
  [[nodiscard]] std::vector<Secret> of_replication() const;
  /// For the agent's own account: likewise, and the one that it is known to have had last.
  [[nodiscard]] std::vector<Secret> of_agent() const;

  /// Notes what came of an attempt to prove `tried`: whether the server took it, or why nobody knows.
  void note_proof(Account account, const Secret& tried, const Result<bool>& taken);
  /// Notes what came of an act on the account's password. Whatever it was, only a login tells how the account stands now.
  void note_act(Account account, const Result<void>& done);

  [[nodiscard]] const std::map<Account, run::PasswordFacts>& facts() const { return facts_; }
  /// Why the files cannot be read; "" when they can.
  [[nodiscard]] const std::string& error() const { return error_; }
  /// For /status.
  [[nodiscard]] CredentialStatus status() const;

 private:
  void take(config::Credentials read);

  const Setup& setup_;
  config::Credentials at_start_;
  config::Credentials now_;
  Uuid cluster_id_;
  std::map<Account, run::PasswordFacts> facts_;
  std::string error_;
};

}  // namespace ordinal::app
