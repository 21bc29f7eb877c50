// UUIDs: one form of text, and the bits of version 4.
#include "core/uuid.hpp"

#include <doctest/doctest.h>

namespace ordinal {

TEST_CASE("uuid: text of either case is read, and printed in lower case") {
  const auto uuid = Uuid::parse("3E11FA47-71ca-11E1-9e33-C80AA9429562");
  REQUIRE(uuid.has_value());
  CHECK(uuid->to_string() == "3e11fa47-71ca-11e1-9e33-c80aa9429562");
  CHECK(Uuid::parse(uuid->to_string()) == uuid);
}

TEST_CASE("uuid: every other form is refused") {
  for (const auto* refused :
       {"", "3e11fa4771ca11e19e33c80aa9429562", "{3e11fa47-71ca-11e1-9e33-c80aa9429562}", "3e11fa47-71ca-11e1-9e33-c80aa942956",
        "3e11fa47-71ca-11e1-9e33-c80aa94295620", "3e11fa47-71ca-11e1-9e33-c80aa942956g", "3e11fa47-71ca-11e1-9e33-c80aa942956 ",
        "3e11fa4-771ca-11e1-9e33-c80aa9429562", "3e11fa47071ca-11e1-9e33-c80aa9429562", "3e11fa47-71ca-11e1-9e3-3c80aa9429562",
        "-e11fa47-71ca-11e1-9e33-c80aa9429562"}) {
    CAPTURE(refused);
    CHECK_FALSE(Uuid::parse(refused).has_value());
  }
}

TEST_CASE("uuid: a default one is all zero, and the order is that of the bytes") {
  CHECK(Uuid().to_string() == "00000000-0000-0000-0000-000000000000");
  CHECK(Uuid() < *Uuid::parse("00000000-0000-0000-0000-000000000001"));
  CHECK(*Uuid::parse("7f000000-0000-0000-0000-000000000002") < *Uuid::parse("80000000-0000-0000-0000-000000000001"));
}

TEST_CASE("uuid: random bytes become version 4 of the common variant and are kept otherwise") {
  std::array<std::uint8_t, 16> bytes{};
  CHECK(Uuid::from_random_bytes(bytes).to_string() == "00000000-0000-4000-8000-000000000000");
  bytes.fill(0xff);
  CHECK(Uuid::from_random_bytes(bytes).to_string() == "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

}  // namespace ordinal
