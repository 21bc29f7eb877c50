// argv to subcommand.
#include "app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

#include "app/drain.hpp"
#include "app/init.hpp"
#include "app/install.hpp"
#include "app/probe.hpp"
#include "app/run.hpp"
#include "app/setup.hpp"
#include "app/status.hpp"
#include "app/volume_commands.hpp"

namespace ordinal::app {
namespace {

int check_config() {
  const auto setup = load_setup();
  if (!setup) {
    print_errors(setup.error());
    return exit_config;
  }
  std::cout << config::effective(setup->config);
  return exit_ok;
}

int version() {
  std::cout << "ordinal " << ORDINAL_VERSION << '\n';
  return exit_ok;
}

int dispatch(int argc, char** argv) {
  CLI::App app("Replicated MySQL in a StatefulSet, without an operator.", "ordinal");
  app.require_subcommand(1);
  int code = exit_ok;

  app.add_subcommand("init", "Provision the volume and write mysqld's settings (init container)")->callback([&] { code = init(); });
  app.add_subcommand("run", "Keep replication right and serve the endpoints (sidecar)")->callback([&] { code = run(); });
  app.add_subcommand("drain", "Make the pod unready and wait until Kubernetes has seen it (preStop of the mysql container)")->callback([&] {
    code = drain();
  });

  std::string directory;
  auto* install_command = app.add_subcommand("install", "Copy this program into a directory (first init container)");
  install_command->add_option("directory", directory, "An existing directory, such as a shared emptyDir")->required();
  install_command->callback([&] { code = install(directory); });

  std::string address = "127.0.0.1:8008";
  bool json = false;
  auto* status_command = app.add_subcommand("status", "Show the cluster as a table");
  status_command->add_flag("--json", json, "Print what /cluster answers");
  status_command->add_option("address", address, "IP address, or IP address and port, of any agent")->capture_default_str();
  status_command->callback([&] { code = status(address, json); });

  std::string path;
  bool unreachable_ok = false;
  auto* probe_command = app.add_subcommand("probe", "Ask the agent of this pod: exit code 0 for an answer of 200");
  probe_command->add_option("path", path, "For example /readyz")->required();
  probe_command->add_flag("--unreachable-ok", unreachable_ok, "A silent agent counts as success: it must never end a healthy mysqld");
  probe_command->callback([&] { code = probe(path, unreachable_ok); });

  std::string volume;
  bool rebind = false;
  bool clear = false;
  auto* identity_command = app.add_subcommand("identity", "Show what a volume says about itself, or ask for a change of it");
  identity_command->add_option("path", volume, "Where the volume is mounted; by default as configured");
  auto* rebind_flag = identity_command->add_flag("--rebind", rebind, "Let this pod take over a volume that belongs to another one");
  identity_command->add_flag("--clear", clear, "Lift what is latched, such as SOURCE_LOST_TRANSACTIONS")->excludes(rebind_flag);
  identity_command->callback([&] { code = identity(volume, rebind, clear); });

  bool cancel = false;
  auto* reseed_command = app.add_subcommand("reseed", "Ask for a fresh clone at this pod's next start");
  reseed_command->add_flag("--cancel", cancel, "Take that back, as long as the copy is not complete");
  reseed_command->callback([&] { code = reseed(cancel); });
  app.add_subcommand("check-config", "Print the effective configuration and where each value came from")->callback([&] {
    code = check_config();
  });
  app.add_subcommand("version", "Print the version")->callback([&] { code = version(); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_ok : exit_usage;
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "ordinal: a bug: " << e.what() << '\n';
    return exit_failed;
  }
}

}  // namespace ordinal::app
