// Answers questions about GTID sets, one a line, so that a test can ask a real MySQL server the same ones. It must not do more than that.
#include <iostream>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "core/gtid_set.hpp"

namespace {

using ordinal::GtidSet;

/// The answer to "contains\tA\tB" ("1" when A contains B, else "0"), "without\tA\tB" or "canonical\tA"; "refused" for a malformed set.
std::string answer(std::string_view line) {
  const auto fields = ordinal::split(line, '\t');
  const auto a = GtidSet::parse(fields.size() > 1 ? fields[1] : "");
  const auto b = GtidSet::parse(fields.size() > 2 ? fields[2] : "");
  if (!a || !b) return "refused";
  if (fields[0] == "contains") return a->contains(*b) ? "1" : "0";
  if (fields[0] == "without") return a->without(*b).to_string();
  if (fields[0] == "canonical") return a->to_string();
  return "unknown question";
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << answer(line) << '\n';
}
