// The copy of the program.
#include "app/install.hpp"

#include <filesystem>
#include <iostream>

#include "app/setup.hpp"

namespace ordinal::app {

int install(const std::string& directory) {
  namespace fs = std::filesystem;
  const auto target = fs::path(directory) / "ordinal";
  const auto temporary = fs::path(directory) / ".ordinal.new";
  std::error_code ec;
  fs::copy_file("/proc/self/exe", temporary, fs::copy_options::overwrite_existing, ec);
  if (!ec) fs::permissions(temporary, fs::perms(0755), ec);
  if (!ec) fs::rename(temporary, target, ec);
  if (!ec) return exit_ok;
  std::cerr << "ordinal: install to " << directory << ": " << ec.message() << "; it must be a directory that uid 999 can write\n";
  return exit_failed;
}

}  // namespace ordinal::app
