// The identity file: there and back, and every way to damage it.
#include "volume/identity_file.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <format>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.hpp"

namespace ordinal::volume {

namespace {

using What = init::IdentityProblem::What;

constexpr std::string_view cluster = "5f0c2a4e-8d1b-4f6a-9c3e-0123456789ab";
constexpr std::string_view server = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

Identity complete_identity() {
  Identity identity;
  identity.cluster_id = Uuid::parse(cluster);
  identity.owner = {.name_space = "shop", .pod = {"db", 1}, .first_ordinal = 0};
  identity.server_uuid = Uuid::parse(server);
  identity.server_id = 101;
  identity.state = VolumeState::provisioned;
  identity.replication_reset = false;
  identity.latched = Latch::source_lost_transactions;
  identity.provisioned = {.how = ProvisionedHow::clone,
                          .donor = "db-0",
                          .at = std::chrono::sys_seconds(std::chrono::seconds(1'795'346'459)),
                          .seconds = 3.9,
                          .bytes = 958'398'464};
  identity.mark = {.gtid_executed = *GtidSet::parse(std::format("{}:1-77:tagged:5", server)),
                   .at = std::chrono::sys_seconds(std::chrono::seconds(1'795'346'519)),
                   .writable = true};
  return identity;
}

Identity fresh_identity() {
  Identity identity;
  identity.owner = {.name_space = "n\"\\\n\x7f ü", .pod = {"my-db", 7}, .first_ordinal = 7};
  identity.server_id = 4'294'967'295;
  return identity;
}

/// The problem that parsing finds; a test that finds none fails.
init::IdentityProblem problem_of(std::string_view text) {
  auto parsed = parse_identity(text);
  REQUIRE(std::holds_alternative<init::IdentityProblem>(parsed));
  return std::get<init::IdentityProblem>(parsed);
}

/// A text whose checksum is right, with one thing replaced in it.
std::string signed_with(std::string_view from, std::string_view to) {
  auto text = format_identity(complete_identity());
  text.resize(text.rfind("[integrity]\n"));
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  return std::format("{}[integrity]\ncrc32c = \"{:08x}\"\n", text, crc32c(text));
}

}  // namespace

TEST_CASE("identity file: a person can read every key on a line of its own") {
  const auto text = format_identity(complete_identity());
  for (const auto* line : {"schema = 1",
                           "namespace = \"shop\"",
                           "statefulset = \"db\"",
                           "pod = \"db-1\"",
                           "ordinal = 1",
                           "first_ordinal = 0",
                           "role = \"replica\"",
                           "server_id = 101",
                           "state = \"provisioned\"",
                           "replication_reset = false",
                           "latched = \"SOURCE_LOST_TRANSACTIONS\"",
                           "[provisioned]",
                           "how = \"clone\"",
                           "donor = \"db-0\"",
                           "at = \"2026-11-22T11:20:59Z\"",
                           "seconds = 3.900",
                           "bytes = 958398464",
                           "[mark]",
                           "writable = true",
                           "[integrity]"}) {
    CAPTURE(line);
    CHECK(text.contains(std::format("\n{}\n", line)));
  }
}

TEST_CASE("identity file: every identity survives a round trip") {
  std::vector<Identity> identities{complete_identity(), fresh_identity()};
  for (const auto state : {VolumeState::provisioning, VolumeState::clone_complete, VolumeState::provisioned}) {
    for (const auto how : {ProvisionedHow::initialize, ProvisionedHow::clone, ProvisionedHow::restore, ProvisionedHow::adopt}) {
      auto identity = complete_identity();
      identity.state = state;
      identity.provisioned->how = how;
      identity.provisioned->seconds = 4;
      identity.mark->gtid_executed = GtidSet();
      identities.push_back(identity);
      identity.mark.reset();
      identity.server_uuid.reset();
      identity.latched = Latch::none;
      identities.push_back(identity);
    }
  }
  for (const auto& identity : identities) {
    const auto parsed = parse_identity(format_identity(identity));
    CAPTURE(format_identity(identity));
    REQUIRE(std::holds_alternative<Identity>(parsed));
    CHECK(std::get<Identity>(parsed) == identity);
  }
}

TEST_CASE("identity file: a text cut at any byte, or with anything behind it, is corrupt") {
  const auto text = format_identity(complete_identity());
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(problem_of(text.substr(0, size)).what == What::corrupt);
  }
  CHECK(problem_of(text + "\n").what == What::corrupt);
  CHECK(problem_of(text + text).what == What::corrupt);
}

TEST_CASE("identity file: a text with any one bit flipped is corrupt") {
  auto text = format_identity(complete_identity());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      const char original = std::exchange(text[at], static_cast<char>(text[at] ^ (1 << bit)));
      CAPTURE(at);
      CAPTURE(bit);
      CHECK(problem_of(text).what == What::corrupt);
      text[at] = original;
    }
  }
}

TEST_CASE("identity file: the sentence names the line") {
  CHECK(problem_of("").detail == "identity.toml is empty");
  CHECK(problem_of("schema = 1\nrole").detail == "identity.toml is cut or changed: it ends in line 2 without its checksum");
  auto text = format_identity(complete_identity());
  text[0] = '!';
  CHECK(problem_of(text).detail == "identity.toml is cut or changed: the checksum in line 29 does not fit the text above it");
}

TEST_CASE("identity file: a wrong value under a right checksum is corrupt, and named") {
  const std::vector<std::array<std::string_view, 3>> rows{
      {"state = \"provisioned\"", "state = \"swapping\"", "line 12: state: \"swapping\" is not a word that is known here"},
      {"state = \"provisioned\"", "state = 3", "line 12: state: this is not a string"},
      {"state = \"provisioned\"", "", "state: the key is missing"},
      {"state = \"provisioned\"", "state = ", "line 12: "},
      {"replication_reset = false", "replication_reset = \"false\"", "line 13: replication_reset: this is not a boolean"},
      {"server_id = 101", "server_id = -1", "line 11: server_id: -1 is out of range"},
      {"server_id = 101", "server_id = 4294967296", "line 11: server_id: 4294967296 is out of range"},
      {"cluster_id = \"5f0c", "cluster_id = \"5f0x", "line 3: cluster_id: this is not a UUID"},
      {"pod = \"db-1\"", "pod = \"db\"", "line 6: pod: "},
      {"ordinal = 1", "ordinal = 2", "line 7: ordinal: it is not that of the pod's name"},
      {"statefulset = \"db\"", "statefulset = \"da\"", "line 5: statefulset: it is not that of the pod's name"},
      {"role = \"replica\"", "role = \"primary\"", "line 9: role: it is not that of the pod's ordinal"},
      {"seconds = 3.900", "seconds = true", "line 20: provisioned.seconds: this is not a number"},
      {"bytes = 958398464", "bytes = -958398464", "line 21: provisioned.bytes: -958398464 is out of range"},
      {"59Z", "60Z", "line 19: provisioned.at: this is not a time"},
      {":1-77", ":0-77", "line 24: mark.gtid_executed: "},
      {"[mark]", "[[mark]]", "mark.gtid_executed: the key is missing"},
      {"schema = 1", "schema = 0", "line 2: schema: there never was a schema 0"}};
  for (const auto& [from, to, expected] : rows) {
    const auto problem = problem_of(signed_with(from, to));
    CAPTURE(to);
    CAPTURE(problem.detail);
    CHECK(problem.what == What::corrupt);
    CHECK(problem.detail.starts_with(std::format("identity.toml {}", expected)));
  }
}

TEST_CASE("identity file: a newer schema is told from a corrupt file, whatever else stands in it") {
  const auto problem = problem_of(signed_with("schema = 1", "schema = 2\nstate_of_the_art = [1, 2]"));
  CHECK(problem.what == What::newer_schema);
  CHECK(problem.detail == "identity.toml was written by a newer agent: its schema is 2, and this agent knows 1");
}

}  // namespace ordinal::volume
