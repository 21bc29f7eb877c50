// The table: reads what /cluster tells, and lays it out.
#include "app/status.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <format>
#include <iostream>
#include <vector>

#include "app/probe.hpp"
#include "app/setup.hpp"
#include "base/text.hpp"
#include "wire/status_json.hpp"

namespace ordinal::app {
namespace {

using Row = std::vector<std::string>;

std::string progress(const CloneStatus& clone) {
  constexpr int width = 20;
  const auto total = std::max(clone.bytes_estimated, std::uint64_t{1});
  const auto done = static_cast<int>(std::min<std::uint64_t>(width, clone.bytes_done * width / total));
  auto text = std::format("[{}{}] {} of {}", std::string(static_cast<std::size_t>(done), '#'),
                          std::string(static_cast<std::size_t>(width - done), '.'), format_bytes(clone.bytes_done),
                          format_bytes(clone.bytes_estimated));
  if (clone.eta_seconds)
    text += std::format(", {} left", format_duration(Milliseconds(static_cast<std::int64_t>(*clone.eta_seconds * 1000))));
  return text;
}

std::string provenance(const VolumeStatus& volume) {
  if (!volume.how) return "-";
  return volume.donor.empty() ? std::string(to_string(*volume.how)) : std::format("{} of {}", to_string(*volume.how), volume.donor);
}

std::string lag(const Status& status) {
  if (!status.replication) return "-";
  return status.replication->lag_seconds ? std::format("{:.1f}s", *status.replication->lag_seconds) : "unknown";
}

Row row_of(const Status& status) {
  auto note = status.ready ? "" : std::format("{}: {}", to_string(status.reason.code), status.reason.text);
  if (status.clone) note = progress(*status.clone);
  return {status.owner.pod.to_string(),
          std::string(to_string(status.owner.role())),
          std::string(to_string(status.state)),
          status.ready ? "yes" : "no",
          status.replication ? status.replication->source : "-",
          provenance(status.volume),
          lag(status),
          status.mysql ? status.mysql->gtid_executed.to_string() : "-",
          std::move(note)};
}

void print(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += std::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  }
}

}  // namespace

int status(const std::string& address, bool json) {
  const auto reply = ask(address, "/cluster");
  if (!reply) {
    print_errors({reply.error()});
    return exit_failed;
  }
  if (json || reply->status != 200) {
    std::cout << reply->body << '\n';
    return reply->status == 200 ? exit_ok : exit_failed;
  }
  boost::system::error_code ec;
  const auto document = boost::json::parse(reply->body, ec);
  const auto* pods = ec || !document.is_object() ? nullptr : document.get_object().if_contains("pods");
  if (pods == nullptr || !pods->is_array()) {
    print_errors({Error{Kind::protocol, address, "the answer is not one of an Ordinal agent", 0}});
    return exit_failed;
  }
  std::vector<Row> rows{{"POD", "ROLE", "STATE", "READY", "SOURCE", "DATA FROM", "LAG", "GTID EXECUTED", "NOTE"}};
  bool all_ready = true;
  for (const auto& pod : pods->get_array()) {
    if (const auto parsed = parse_status(boost::json::serialize(pod))) {
      rows.push_back(row_of(*parsed));
      all_ready = all_ready && parsed->ready;
      continue;
    }
    all_ready = false;
    const auto text = [&](std::string_view key) {
      const auto* value = pod.is_object() ? pod.get_object().if_contains(key) : nullptr;
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string("?");
    };
    rows.push_back({text("pod"), "-", "unreachable", "no", "-", "-", "-", "-", text("unreachable")});
  }
  print(rows);
  return all_ready ? exit_ok : exit_failed;
}

}  // namespace ordinal::app
