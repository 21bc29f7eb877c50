// argv -> subcommand -> exit code. It must hold nothing else.
#include "app/command_line.hpp"

int main(int argc, char** argv) { return ordinal::app::main(argc, argv); }
