// What a person reads who asks for something on a volume, and what is left there then.
#include "app/volume_commands.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>

#include "app/setup.hpp"
#include "support/directory.hpp"
#include "volume/volume.hpp"

namespace ordinal::app {

namespace {

/// A configured volume, and what the commands print while it lives.
class Person {
 public:
  Person() : out_(std::cout.rdbuf(said_.rdbuf())), error_(std::cerr.rdbuf(said_.rdbuf())) {
    ::setenv("ORDINAL_VOLUME__PATH", directory.path().c_str(), 1);
  }
  Person(const Person&) = delete;
  Person& operator=(const Person&) = delete;
  ~Person() {
    ::unsetenv("ORDINAL_VOLUME__PATH");
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(error_);
  }

  /// What was printed since the last call.
  std::string heard() {
    auto text = said_.str();
    said_.str("");
    return text;
  }

  void put_identity(VolumeState state) const {
    Identity identity;
    identity.owner = {.name_space = "shop", .pod = {"db", 1}, .first_ordinal = 0};
    identity.state = state;
    auto volume = volume::Volume::open(directory.path());
    REQUIRE(volume.has_value());
    REQUIRE(volume->write_identity(identity).has_value());
  }

  [[nodiscard]] bool requested() const { return std::filesystem::exists(directory.path() / "requests/reseed"); }

  test::Directory directory;

 private:
  std::ostringstream said_;
  std::streambuf* out_;
  std::streambuf* error_;
};

}  // namespace

TEST_CASE("reseed: it can be asked for and taken back, and each says what comes of it") {
  Person person;
  person.put_identity(VolumeState::provisioned);
  CHECK(reseed(false) == exit_ok);
  CHECK(person.heard().starts_with("Requested: "));
  CHECK(person.requested());
  CHECK(reseed(true) == exit_ok);
  CHECK(person.heard() == "Withdrawn: this pod keeps its data.\n");
  CHECK_FALSE(person.requested());
  CHECK(reseed(true) == exit_ok);
  CHECK(person.heard() == "Nothing to withdraw: no reseed is asked for.\n");
}

TEST_CASE("reseed: once the copy is complete it is too late to take it back, and too early for another") {
  Person person;
  person.put_identity(VolumeState::provisioned);
  CHECK(reseed(false) == exit_ok);
  person.put_identity(VolumeState::clone_complete);
  (void)person.heard();
  CHECK(reseed(true) == exit_failed);
  CHECK(person.heard().contains("too late"));
  CHECK(reseed(false) == exit_failed);
  CHECK(person.heard().contains("just taking its place"));
  CHECK_FALSE(person.requested());
}

TEST_CASE("reseed: an empty volume has nothing to take back") {
  Person person;
  CHECK(reseed(true) == exit_ok);
  CHECK(person.heard() == "Nothing to withdraw: no reseed is asked for.\n");
}

}  // namespace ordinal::app
