// The volume's events.
#include "app/history.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>

#include "base/text.hpp"
#include "volume/history.hpp"

namespace ordinal::app {

void load_history(const std::filesystem::path& file, http::Board& board) {
  const auto lines = volume::read_history(file);
  if (!lines) {
    log::warn("history_unreadable", {{"error", lines.error().to_string()}});
    return;
  }
  for (const auto& line : *lines) board.append_history(line);
}

void record(const std::filesystem::path& file, http::Board& board, std::string_view event, std::initializer_list<log::Field> fields) {
  log::event(log::Level::info, event, fields);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  boost::json::object object{{"at", format_time(now)}, {"event", event}};
  for (const auto& field : fields) {
    std::visit([&](const auto& value) { object[field.key] = value; }, field.value);
  }
  const auto line = boost::json::serialize(object);
  if (const auto appended = volume::append_history(file, line); !appended)
    log::warn("history_unwritable", {{"error", appended.error().to_string()}});
  board.append_history(line);
}

}  // namespace ordinal::app
