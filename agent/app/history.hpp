// The volume's events: into its history file and onto the board. A failure is logged and forgotten, for nothing is decided from them.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string_view>

#include "app/log.hpp"
#include "http/board.hpp"

namespace ordinal::app {

/// Shows the events of earlier lives of this volume on the board.
void load_history(const std::filesystem::path& file, http::Board& board);

/// Adds one event, with the time and these fields, to the file and the board, and logs it.
void record(const std::filesystem::path& file, http::Board& board, std::string_view event, std::initializer_list<log::Field> fields);

}  // namespace ordinal::app
