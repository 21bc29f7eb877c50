// `ordinal install DIR`: puts this program where the other containers of the pod find it.
#pragma once

#include <string>

namespace ordinal::app {

/// Copies the running program to `directory`/ordinal, by way of a temporary file and a rename. exit_failed with a sentence when it cannot.
int install(const std::string& directory);

}  // namespace ordinal::app
