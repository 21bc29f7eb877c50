// Volumes from the command line.
#include "app/volume_commands.hpp"

#include <iostream>

#include "app/setup.hpp"
#include "volume/identity_file.hpp"
#include "volume/volume.hpp"

namespace ordinal::app {
namespace {

int leave(const std::string& root, volume::Request request, std::string_view what_happens) {
  if (const auto left = volume::write_request(root, request); !left) {
    print_errors({left.error()});
    return exit_failed;
  }
  std::cout << what_happens << '\n';
  return exit_ok;
}

std::expected<std::string, int> volume_path(const std::string& given) {
  if (!given.empty()) return given;
  const auto config = load_config();
  if (config) return config->volume.path;
  print_errors(config.error());
  return std::unexpected(exit_config);
}

}  // namespace

int identity(const std::string& path, bool rebind, bool clear) {
  const auto root = volume_path(path);
  if (!root) return root.error();
  if (rebind) return leave(*root, volume::Request::rebind, "Requested: `ordinal init` of this pod takes the volume over.");
  if (clear) return leave(*root, volume::Request::clear, "Requested: the agent lifts the latch.");
  const auto found = volume::read_identity(*root);
  if (const auto* read = std::get_if<Identity>(&found)) {
    std::cout << volume::format_identity(*read);
    return exit_ok;
  }
  const auto* problem = std::get_if<init::IdentityProblem>(&found);
  std::cerr << "ordinal: " << (problem != nullptr ? problem->detail : *root + " holds no identity: it was never provisioned") << '\n';
  return exit_failed;
}

int reseed() {
  const auto root = volume_path("");
  if (!root) return root.error();
  return leave(
      *root, volume::Request::reseed,
      "Requested: at its next start this pod clones afresh; its present data stays until the copy is complete. Delete the pod to begin.");
}

}  // namespace ordinal::app
