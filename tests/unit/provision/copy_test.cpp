// Progress and completeness, on directories made by hand in the form that mysqld gives them.
#include "provision/copy.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/directory.hpp"

using namespace ordinal;
using namespace ordinal::provision;
using ordinal::test::Directory;

namespace {

// As 9.7.4 wrote it in the middle of a copy.
constexpr auto view_progress =
    "1\n"
    "2 1 1795356794145843 1795356794150408 0 0 0\n"
    "2 1 1795356794150552 1795356795633198 402776115 402776115 402806182\n"
    "3 1 1795356795633256 0 1507328 0 0\n"
    "0 0 0 0 0 0 0\n";

}  // namespace

TEST_CASE("copy: the estimate is the sum over the stages, and nothing for a text of another form") {
  CHECK(parse_clone_estimate(view_progress) == 402776115 + 1507328);
  CHECK(parse_clone_estimate("") == 0);
  CHECK(parse_clone_estimate("1\n") == 0);
  CHECK(parse_clone_estimate("1\n2 1 5 5 many 0 0\n2 1 5 5\n") == 0);
}

TEST_CASE("copy: progress counts allocated blocks, not lengths, in all directories") {
  const Directory directory;
  CHECK(measure_copy(directory.path() / "incoming").bytes == 0);
  directory.write("incoming/ibdata1", std::string(1 << 20, 'x'));
  directory.write("incoming/shop/orders.ibd", std::string(1 << 20, 'x'));
  const auto dense = measure_copy(directory.path() / "incoming");
  CHECK(dense.bytes >= 2 << 20);
  CHECK(dense.newest_write.count() > 0);
  CHECK(dense.estimated_bytes == 0);
  directory.write("incoming/shop/sparse.ibd", "");
  std::filesystem::resize_file(directory.path() / "incoming/shop/sparse.ibd", 1 << 30);
  directory.write("incoming/#clone/#view_progress", view_progress);
  const auto sparse = measure_copy(directory.path() / "incoming");
  CHECK(sparse.bytes < dense.bytes + (1 << 20));
  CHECK(sparse.estimated_bytes == 404283443);
  CHECK(sparse.newest_write >= dense.newest_write);
}

TEST_CASE("copy: a clone is complete with mysqld's mark, and not while it is in progress") {
  const Directory directory;
  CHECK_FALSE(check_complete_clone(directory.path() / "incoming"));
  directory.write("incoming/#clone/#status_in_progress", "");
  CHECK_FALSE(check_complete_clone(directory.path() / "incoming"));
  directory.write("incoming/#clone/#status_fix", "");
  CHECK_FALSE(check_complete_clone(directory.path() / "incoming"));
  std::filesystem::remove(directory.path() / "incoming/#clone/#status_in_progress");
  CHECK(check_complete_clone(directory.path() / "incoming"));
}
