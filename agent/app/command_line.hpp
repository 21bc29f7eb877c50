// The subcommands and their options. It must not do any of their work.
#pragma once

namespace ordinal::app {

/// Runs the subcommand that argv names and returns the process's exit code (see setup.hpp); exit_usage with a sentence for a wrong command
/// line.
int main(int argc, char** argv);

}  // namespace ordinal::app
