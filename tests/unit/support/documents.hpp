// The documents that are generated from tables in the code. It must not hold a fact of its own.
#pragma once

#include <format>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "core/state.hpp"

namespace ordinal::test {

struct Document {
  std::string path;  ///< from the top of the checkout
  std::string text;
};

inline std::string states_markdown() {
  std::string text =
      "# Reason codes\n\nEvery state in `/status`, metrics, log and command line comes with one of these codes and a sentence about the "
      "very case. "
      "Generated from the table in `agent/core/state.cpp`.\n\n| code | what is the case | what to do |\n|---|---|---|\n";
  for (const auto& entry : code_table()) text += std::format("| `{}` | {} | {} |\n", entry.name, entry.meaning, entry.remedy);
  return text;
}

/// Every generated document, as it should stand in the checkout.
inline std::vector<Document> documents() {
  return {{"config/ordinal.toml", config::example_toml()},
          {"docs/configuration.md",
           "# Configuration\n\nEach key stands in `/etc/ordinal/ordinal.toml`, or as `ORDINAL_SECTION__KEY` in the environment, which "
           "wins. Generated from the "
           "field table in `agent/config/fields.cpp`.\n\n" +
               config::markdown_table()},
          {"docs/states.md", states_markdown()}};
}

}  // namespace ordinal::test
