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

bool copy_is_complete(const std::string& root) {
  const auto found = volume::read_identity(root);
  const auto* identity = std::get_if<Identity>(&found);
  return identity != nullptr && identity->state == VolumeState::clone_complete;
}

int withdraw_reseed(const std::string& root) {
  const auto withdrawn = volume::withdraw_request(root, volume::Request::reseed);
  if (!withdrawn) {
    print_errors({withdrawn.error()});
    return exit_failed;
  }
  // Looked at only now: before, `init` could have completed the copy in between.
  if (copy_is_complete(root)) {
    std::cerr << "ordinal: too late: the fresh copy is complete and takes the place of the old data\n";
    return exit_failed;
  }
  std::cout << (*withdrawn ? "Withdrawn: this pod keeps its data.\n" : "Nothing to withdraw: no reseed is asked for.\n");
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

int reseed(bool cancel) {
  const auto root = volume_path("");
  if (!root) return root.error();
  if (cancel) return withdraw_reseed(*root);
  if (copy_is_complete(*root)) {
    std::cerr << "ordinal: a complete copy is just taking its place: a request for another one can be left after that\n";
    return exit_failed;
  }
  return leave(
      *root, volume::Request::reseed,
      "Requested: at its next start this pod clones afresh; its present data stays until the copy is complete. Delete the pod to begin.");
}

}  // namespace ordinal::app
