// A pod's directories and its mysqld for the tests.
#include "provision_mysqld/pod.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/mysql/any_connection.hpp>
#include <boost/mysql/error_code.hpp>
#include <boost/mysql/results.hpp>
#include <thread>

#include "base/text.hpp"
#include "provision/mysqld.hpp"

namespace ordinal::test {
namespace {

namespace sql = boost::mysql;
using namespace std::chrono_literals;
using Phase = init::ScratchFacts::Phase;

std::string run_query(sql::connect_params params, std::string_view statements) {
  boost::asio::io_context context{1};
  sql::any_connection connection(context);
  sql::error_code error;
  sql::diagnostics diagnostics;
  params.multi_queries = true;
  connection.connect(params, error, diagnostics);
  sql::results results;
  if (!error) connection.execute(statements, results, error, diagnostics);
  if (error) return "error: " + std::string(diagnostics.server_message()) + std::string(diagnostics.client_message()) + error.message();
  const auto last = results[results.size() - 1];
  if (last.rows().empty()) return "";
  const auto cell = last.rows().at(0).at(0);
  if (cell.is_string()) return std::string(cell.as_string());
  if (cell.is_int64()) return std::to_string(cell.as_int64());
  return cell.is_uint64() ? std::to_string(cell.as_uint64()) : "";
}

sql::connect_params login(std::string_view user, const Secret& password) {
  sql::connect_params params;
  params.username = user;
  params.password = password.reveal();
  return params;
}

}  // namespace

Secret password_of(std::string_view whose) { return Secret(std::string(whose) + "-sesame" + hostile); }

provision::NewCluster new_cluster() {
  return {.cluster_id = *Uuid::parse("5f0c1d4e-0000-4000-8000-00000000abcd"),
          .made_at = *parse_time("2026-11-22T11:20:59Z"),
          .root = password_of("root"),
          .agent = password_of("agent"),
          .replication = password_of("replication"),
          .clone = password_of("clone"),
          .application = provision::Application{.user = "shop_user", .password = password_of("application"), .database = "shop_db"}};
}

Pod::Pod(std::uint16_t number, std::string_view user_settings) {
  const auto root = directory_.path();
  for (const auto* name : {"volume/tmp", "run", "user"}) std::filesystem::create_directories(root / name);
  directory_.write("user/user.cnf", user_settings);
  settings_ = {.user_directory = root / "user",
               .datadir = volume() / "data",
               .tmpdir = volume() / "tmp",
               .socket = run_directory() / "mysqld.sock",
               .pid_file = run_directory() / "mysqld.pid",
               .init_file = run_directory() / "boot.sql",
               .port = static_cast<std::uint16_t>(3306 + number),
               .server_id = 100U + number,
               .report_host = "127.0.0.1"};
}

provision::ScratchOptions Pod::scratch_options() {
  return {.mysqld = *provision::find_mysqld(),
          .user_directory = settings_.user_directory,
          .run_directory = run_directory(),
          .scratch = volume() / "scratch",
          .incoming = volume() / "incoming",
          .trash = volume() / "trash",
          .tmpdir = volume() / "tmp",
          .server_id = settings_.server_id,
          .on_line = [this](std::string_view line) { hear(line); }};
}

void Pod::initialize() {
  provision::Scratch scratch(scratch_options());
  REQUIRE(scratch.initialize(std::chrono::steady_clock::now(), new_cluster()));
  const auto& facts = poll_to_end(scratch);
  REQUIRE_MESSAGE(facts.phase == Phase::complete, facts.error);
  std::filesystem::rename(volume() / "incoming", volume() / "data");
}

void Pod::start(const std::string& boot_file, std::string_view data) {
  settings_.datadir = volume() / data;
  REQUIRE(replace_file(settings_.init_file, boot_file, 0600));
  const auto file = run_directory() / "my.cnf";
  // The admin port is one for all: the pods of a test share their network.
  REQUIRE(replace_file(file, provision::my_cnf(settings_) + "admin_port=" + std::to_string(30000 + settings_.port) + "\n", 0640));
  auto child = provision::Child::spawn(*provision::find_mysqld(), {"--defaults-file=" + file.string()});
  REQUIRE(child);
  server_.emplace(std::move(*child));
  const auto until = std::chrono::steady_clock::now() + step_limit;
  bool ready = false;
  while (!ready) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    server_->wait(100ms);
    server_->poll([&](std::string_view line) {
      hear(line);
      ready = ready || line.contains("ready for connections. Version");
    });
    REQUIRE_MESSAGE(!server_->wait_status(), log.back());
  }
}

void Pod::kill() {
  server_.reset();
  std::filesystem::remove(settings_.pid_file);
}

std::string Pod::query(std::string_view user, const Secret& password, std::string_view statements) const {
  auto params = login(user, password);
  params.server_address.emplace_unix_path(settings_.socket.string());
  return run_query(params, statements);
}

std::string Pod::query_tcp(std::string_view user, const Secret& password, std::string_view statements, std::uint16_t port, bool tls) const {
  auto params = login(user, password);
  params.server_address.emplace_host_and_port("127.0.0.1", port);
  params.ssl = tls ? sql::ssl_mode::require : sql::ssl_mode::disable;
  return run_query(params, statements);
}

void poll_until(provision::Scratch& scratch, const std::function<bool(const init::ScratchFacts&)>& wanted) {
  const auto until = std::chrono::steady_clock::now() + step_limit;
  scratch.poll(std::chrono::steady_clock::now());
  while (!wanted(scratch.facts())) {
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < until, scratch.facts().error);
    std::this_thread::sleep_for(10ms);  // the pace of polling
    scratch.poll(std::chrono::steady_clock::now());
  }
}

const init::ScratchFacts& poll_to_end(provision::Scratch& scratch) {
  poll_until(scratch, [](const auto& facts) { return facts.phase == Phase::complete || facts.phase == Phase::failed; });
  return scratch.facts();
}

}  // namespace ordinal::test
