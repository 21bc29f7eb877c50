// `docs_tool DIRECTORY`: writes the generated documents into the checkout at DIRECTORY.
#include <fstream>
#include <iostream>

#include "support/documents.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: docs_tool DIRECTORY\n";
    return 2;
  }
  for (const auto& document : ordinal::test::documents()) {
    std::ofstream stream(std::string(argv[1]) + "/" + document.path, std::ios::binary);
    stream << document.text;
    if (!stream.flush()) {
      std::cerr << "docs_tool: cannot write " << document.path << '\n';
      return 1;
    }
  }
  return 0;
}
