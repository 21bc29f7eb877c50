// What is committed is what the tables in the code make.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "support/documents.hpp"

TEST_CASE("documents: every generated document is committed as the code makes it") {
  for (const auto& document : ordinal::test::documents()) {
    std::ifstream stream(std::string(ORDINAL_CHECKOUT) + "/" + document.path, std::ios::binary);
    const std::string committed(std::istreambuf_iterator<char>(stream), {});
    INFO(document.path, " is out of date: ./dev docs writes it anew");
    CHECK((committed == document.text));
  }
}
