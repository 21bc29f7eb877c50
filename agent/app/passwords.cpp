// Reading the passwords, and the check that stands for one in /status.
#include "app/passwords.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "app/log.hpp"
#include "app/settings_files.hpp"

namespace ordinal::app {
namespace {

/// About 10 ms: whoever tries guesses against the 16 bits pays that for each.
constexpr int check_rounds = 20'000;

constexpr std::array accounts{std::pair(Account::root, &config::Credentials::root),
                              std::pair(Account::replication, &config::Credentials::replication),
                              std::pair(Account::clone, &config::Credentials::clone)};

bool same(const Secret& one, const Secret& other) { return one.reveal() == other.reveal(); }

void add_unless_known(std::vector<Secret>& known, const Secret& password) {
  if (std::ranges::none_of(known, [&](const Secret& one) { return same(one, password); })) known.push_back(password);
}

}  // namespace

PasswordCheck password_check(const Secret& password, const Uuid& cluster_id, Account account) {
  const auto& text = password.reveal();
  const auto salt = cluster_id.to_string() + " " + std::string(to_string(account));
  const std::vector<unsigned char> salt_bytes(salt.begin(), salt.end());
  std::array<unsigned char, 2> bits{};
  const int done = PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()), salt_bytes.data(), static_cast<int>(salt_bytes.size()),
                                     check_rounds, EVP_sha256(), static_cast<int>(bits.size()), bits.data());
  if (done != 1) throw std::runtime_error("OpenSSL cannot compute PBKDF2 with SHA-256");
  return static_cast<PasswordCheck>(bits[0] << 8U | bits[1]);
}

Passwords::Passwords(const Setup& setup, config::Credentials at_start, Uuid cluster_id)
    : setup_(setup), at_start_(std::move(at_start)), cluster_id_(cluster_id) {
  take(at_start_);
}

void Passwords::refresh() {
  auto read = config::read_credentials(setup_.config.credentials.directory);
  error_ = read ? "" : read.error().to_string();
  if (read) take(*std::move(read));
}

void Passwords::take(config::Credentials read) {
  for (const auto& [account, which] : accounts) {
    if (facts_.contains(account) && same(now_.*which, read.*which)) continue;
    if (facts_.contains(account)) log::info("password_changed", {{"account", to_string(account)}});
    facts_[account] = {.proof = run::PasswordFacts::Proof::none, .check = password_check(read.*which, cluster_id_, account), .error = {}};
  }
  now_ = std::move(read);
}

const Secret& Passwords::now(Account account) const {
  return now_.*std::ranges::find(accounts, account, [](const auto& entry) { return entry.first; })->second;
}

std::vector<Secret> Passwords::of_replication() const {
  std::vector<Secret> found{now_.replication};
  add_unless_known(found, at_start_.replication);
  return found;
}

std::vector<Secret> Passwords::of_agent() const {
  std::vector<Secret> found{now_.agent};
  add_unless_known(found, at_start_.agent);
  if (const auto boot = boot_password(setup_)) add_unless_known(found, *boot);
  return found;
}

void Passwords::note_proof(Account account, const Secret& tried, const Result<bool>& taken) {
  if (!same(tried, now(account))) return;
  auto& facts = facts_[account];
  using Proof = run::PasswordFacts::Proof;
  facts.proof = !taken ? Proof::none : *taken ? Proof::works : Proof::refused;
  if (!taken) facts.error = taken.error().to_string();
  if (facts.proof == Proof::works) facts.error.clear();
}

void Passwords::note_act(Account account, const Result<void>& done) {
  auto& facts = facts_[account];
  facts.proof = run::PasswordFacts::Proof::none;
  facts.error = done ? "" : done.error().to_string();
}

CredentialStatus Passwords::status() const {
  return {.replication = facts_.at(Account::replication).check, .clone = facts_.at(Account::clone).check};
}

}  // namespace ordinal::app
