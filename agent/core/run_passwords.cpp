// The rules for passwords that come from files. What an open primary sets reaches every pod by replication, so no other one acts. An old
// password is discarded only when each pod has said that it uses the new one: a pod that still had the old one would be locked out.
#include <format>
#include <vector>

#include "base/text.hpp"
#include "core/run_rules.hpp"

namespace ordinal::run {
namespace {

using std::chrono_literals::operator""s;

constexpr auto retry_every = 30s;

/// Whether the pod fetches, and would do so again with the password of this check. A pod that is being cloned does not fetch yet, and may
/// be at it with the old password.
bool uses(const PeerView& peer, Account account, PasswordCheck check) {
  if (!peer.answer) return false;
  const auto& replication = peer.answer->status.replication;
  const auto& credentials = peer.answer->status.credentials;
  if (!replication || replication->io != ThreadState::on || !credentials) return false;
  return check == (account == Account::replication ? credentials->replication : credentials->clone);
}

bool may_try(const Cycle& cycle, Account account) {
  const auto tried_at = cycle.plan.memory.password_tried_at.find(account);
  return tried_at == cycle.plan.memory.password_tried_at.end() || cycle.o.now - tried_at->second >= retry_every;
}

void prove(Cycle& cycle, Account account) {
  cycle.plan.memory.password_tried_at[account] = cycle.o.now;
  cycle.act(ProvePassword{account});
}

void discard_old(Cycle& cycle, Account account, const PasswordFacts& password) {
  std::vector<std::string> missing;
  for (const auto& peer : cycle.o.peers) {
    if (!uses(peer, account, password.check)) missing.push_back(peer.pod.to_string());
  }
  if (missing.empty() && cycle.o.peers_asked) return cycle.act(DiscardOldPassword{account});
  cycle.plan.alerts.push_back(
      reason(Code::OLD_PASSWORD_KEPT, std::format("the account {} takes its old password still, for the sake of {}", to_string(account),
                                                  missing.empty() ? "pods that were not asked yet" : join(missing, ", "))));
}

void keep(Cycle& cycle, Account account, const PasswordFacts& password) {
  using Proof = PasswordFacts::Proof;
  if (!password.error.empty()) {
    cycle.plan.alerts.push_back(
        reason(Code::PASSWORD_NOT_SET, std::format("the file's password of the account {}: {}", to_string(account), password.error)));
  }
  if (password.proof == Proof::none && (password.error.empty() || may_try(cycle, account))) return prove(cycle, account);
  if (password.proof == Proof::refused && account == Account::root) {
    cycle.plan.alerts.push_back(reason(Code::ROOT_PASSWORD_DIFFERS));
    if (may_try(cycle, account)) prove(cycle, account);
    return;
  }
  if (password.proof == Proof::refused) return cycle.act(SetPassword{account});
  const bool has_old = cycle.o.rare && cycle.o.rare->with_old_password.contains(account);
  if (password.proof == Proof::works && has_old) discard_old(cycle, account, password);
}

}  // namespace

void keep_passwords(Cycle& cycle) {
  for (const auto& [account, password] : cycle.o.passwords) keep(cycle, account, password);
}

}  // namespace ordinal::run
