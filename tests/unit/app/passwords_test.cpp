// What run knows of its passwords, from real files.
#include "app/passwords.hpp"

#include <doctest/doctest.h>

#include "support/directory.hpp"

namespace ordinal::app {
namespace {

using Proof = run::PasswordFacts::Proof;

const Uuid cluster_id = *Uuid::parse("5f0c0000-0000-4000-8000-000000000001");

/// The files of a Secret, and the passwords of an agent that started with them.
class Files {
 public:
  Files() {
    for (const auto* name : {"root", "agent", "replication", "clone"}) directory_.write(name, name);
    setup_.config.credentials.directory = directory_.path();
    setup_.config.agent.run_directory = directory_.path();
  }

  void write(std::string_view name, std::string_view text) { directory_.write(std::string(name), text); }
  [[nodiscard]] Passwords passwords() const { return {setup_, config::read_credentials(directory_.path()).value(), cluster_id}; }

 private:
  test::Directory directory_;
  Setup setup_;
};

std::vector<std::string> revealed(const std::vector<Secret>& passwords) {
  std::vector<std::string> texts;
  for (const auto& password : passwords) texts.push_back(password.reveal());
  return texts;
}

}  // namespace

TEST_CASE("passwords: a check is the same for the same password, and differs by password, account and cluster") {
  const auto check = [](const char* text, Account account, const Uuid& cluster = cluster_id) {
    return password_check(Secret(text), cluster, account);
  };
  CHECK(check("sesame", Account::clone) == check("sesame", Account::clone));
  CHECK(check("sesame", Account::clone) != check("sesamf", Account::clone));
  CHECK(check("sesame", Account::clone) != check("sesame", Account::replication));
  CHECK(check("sesame", Account::clone) != check("sesame", Account::clone, Uuid()));
}

TEST_CASE("passwords: a changed file is tried before the password that the agent started with") {
  Files files;
  auto passwords = files.passwords();
  CHECK(revealed(passwords.of_replication()) == std::vector<std::string>{"replication"});
  files.write("replication", "changed\n");
  files.write("agent", "other");
  files.write("boot_password", "of boot");
  passwords.refresh();
  CHECK(revealed(passwords.of_replication()) == std::vector<std::string>{"changed", "replication"});
  CHECK(revealed(passwords.of_agent()) == std::vector<std::string>{"other", "agent", "of boot"});
  CHECK(passwords.now(Account::replication).reveal() == "changed");
}

TEST_CASE("passwords: what was proved of a password is forgotten when its file changes, and of that one alone") {
  Files files;
  auto passwords = files.passwords();
  const auto before = passwords.status();
  for (const auto account : {Account::replication, Account::clone}) passwords.note_proof(account, passwords.now(account), true);
  passwords.refresh();
  CHECK(passwords.facts().at(Account::clone).proof == Proof::works);
  files.write("clone", "changed");
  passwords.refresh();
  CHECK(passwords.facts().at(Account::clone).proof == Proof::none);
  CHECK(passwords.facts().at(Account::replication).proof == Proof::works);
  CHECK(passwords.status().clone != before.clone);
  CHECK(passwords.status().replication == before.replication);
}

TEST_CASE("passwords: a proof of a password that is no longer the file's says nothing") {
  Files files;
  auto passwords = files.passwords();
  const auto tried = passwords.now(Account::clone);
  files.write("clone", "changed");
  passwords.refresh();
  passwords.note_proof(Account::clone, tried, true);
  CHECK(passwords.facts().at(Account::clone).proof == Proof::none);
}

TEST_CASE("passwords: an error stays until a login succeeds, and after an act only a login counts") {
  Files files;
  auto passwords = files.passwords();
  const auto prove = [&](const Result<bool>& taken) { passwords.note_proof(Account::clone, passwords.now(Account::clone), taken); };
  const auto& facts = passwords.facts().at(Account::clone);
  prove(fail(Kind::timeout, "log in", "no answer"));
  CHECK(facts.proof == Proof::none);
  CHECK(facts.error.contains("no answer"));
  prove(false);
  CHECK(facts.proof == Proof::refused);
  CHECK(facts.error.contains("no answer"));
  passwords.note_act(Account::clone, fail(Kind::unexpected, "set", "MySQL refused it", 1819));
  CHECK(facts.proof == Proof::none);
  CHECK(facts.error.contains("1819"));
  prove(true);
  CHECK(facts.proof == Proof::works);
  CHECK(facts.error.empty());
  passwords.note_act(Account::clone, Result<void>{});
  CHECK(facts.proof == Proof::none);
}

TEST_CASE("passwords: files that cannot be read leave all as it was, and are named without their content") {
  Files files;
  auto passwords = files.passwords();
  files.write("replication", std::string(33, 'x'));
  passwords.refresh();
  CHECK(passwords.error().contains("replication"));
  CHECK_FALSE(passwords.error().contains("xx"));
  CHECK(passwords.now(Account::replication).reveal() == "replication");
  files.write("replication", "changed");
  passwords.refresh();
  CHECK(passwords.error() == "");
}

}  // namespace ordinal::app
