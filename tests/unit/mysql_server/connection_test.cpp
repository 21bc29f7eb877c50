// The connection against a real server.
#include "mysql/connection.hpp"

#include <doctest/doctest.h>

#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "mysql_server/server.hpp"
#include "support/run.hpp"

namespace ordinal::mysql {
namespace {

namespace asio = boost::asio;
namespace sql = boost::mysql;
using test::Server;

constexpr Milliseconds limit{5'000};
constexpr std::chrono::seconds test_limit{120};

std::string text(const Result<sql::results>& answer) {
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().to_string()));
  return answer->rows().at(0).at(0).as_string();
}

TEST_CASE("connection: logs in over the socket while the server knows no password by heart, and sets its session up") {
  Server server;
  server.start({"--sql-mode=ANSI_QUOTES", "--autocommit=0"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        co_await s.root("SET GLOBAL sql_safe_updates=ON");
        Connection connection = co_await s.connect();
        CHECK_FALSE(connection.session());
        CHECK(text(co_await connection.execute("SELECT CURRENT_USER()", limit, "")) == "ordinal@localhost");
        CHECK(text(co_await connection.execute(
                  "SELECT CONCAT_WS(' ', @@autocommit, @@sql_mode, @@lock_wait_timeout, @@sql_safe_updates, @@max_execution_time)", limit,
                  "")) == "1  1 0 3000");
        CHECK(connection.session());
        CHECK(connection.logins() == 1);
        CHECK(connection.password_used() == 0);
        co_await connection.close(limit);
        CHECK(co_await s.root("SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME='Aborted_clients'") == "0");
      }(server),
      test_limit);
}

TEST_CASE("takes_password: root over the socket, the others over TLS; a refusal is an answer, and silence an error") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        const Connection connection = co_await s.connect();
        CHECK(co_await connection.takes_password("root", Secret(), std::nullopt, limit) == true);
        CHECK(co_await connection.takes_password("root", Secret("wrong"), std::nullopt, limit) == false);
        CHECK(co_await connection.takes_password("ordinal_clone", Secret("clone"), s.port(), limit) == true);
        CHECK(co_await connection.takes_password("ordinal_clone", Secret("wrong"), s.port(), limit) == false);
        const auto refused = co_await connection.takes_password("ordinal_clone", Secret("clone"), std::uint16_t{1}, limit);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == Kind::unreachable);
        s.freeze();
        const auto silent = co_await connection.takes_password("ordinal_clone", Secret("clone"), s.port(), Milliseconds(300));
        s.thaw();
        REQUIRE_FALSE(silent);
        CHECK(silent.error().kind == Kind::timeout);
      }(server),
      test_limit);
}

TEST_CASE("connection: tries each password, and none that is wrong gets in") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        const std::vector<std::string> second_is_right{"wrong", std::string(test::agent_password)};
        Connection second = co_await s.connect(second_is_right);
        CHECK(co_await second.execute("DO 1", limit, ""));
        CHECK(second.password_used() == 1);
        const std::vector<std::string> none_is_right{"wrong", ""};
        Connection none = co_await s.connect(none_is_right);
        const Error error = (co_await none.execute("DO 1", limit, "")).error();
        CHECK(error.kind == Kind::denied);
        CHECK(error.code == 1045);
      }(server),
      test_limit);
}

TEST_CASE("connection: takes the admin port when the ordinary connections and the reserved one are used up") {
  Server server;
  server.start({"--max-connections=1"});
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        sql::connect_params params;
        params.server_address = sql::unix_path{s.endpoint().socket};
        params.username = "root";
        sql::any_connection first(executor);
        sql::any_connection reserved(executor);
        co_await first.async_connect(params);
        co_await reserved.async_connect(params);
        Connection connection = co_await s.connect();
        CHECK(text(co_await connection.execute("SELECT CURRENT_USER()", limit, "")) == "ordinal@127.0.0.1");
        const Endpoint closed_port{.socket = s.endpoint().socket, .admin_port = 1};
        Connection elsewhere(executor, closed_port, [] { return std::vector{Secret("x")}; });
        const Error error = (co_await elsewhere.execute("DO 1", limit, "")).error();
        CHECK(error.kind == Kind::denied);
        CHECK(error.code == 1040);
        CHECK(error.detail.contains("admin port"));
      }(server),
      test_limit);
}

TEST_CASE("connection: a statement that outlasts its limit is given up, and the next one has a session of its own") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        const Error error = (co_await connection.execute("SELECT SLEEP(30)", Milliseconds(200), "sleep")).error();
        CHECK(error.kind == Kind::timeout);
        CHECK(error.code == 0);
        CHECK(error.where == "sleep");
        const std::uint32_t before = connection.session().value();
        CHECK(text(co_await connection.execute("SELECT 'awake'", limit, "")) == "awake");
        CHECK(connection.session().value() != before);
        CHECK(connection.logins() == 2);
      }(server),
      test_limit);
}

TEST_CASE("connection: a SELECT that nobody waits for any more ends by itself") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        const Result<sql::results> slept = co_await connection.execute("SELECT SLEEP(30)", Milliseconds(10'000), "");
        CHECK(slept);  // SLEEP() says 1 when it is interrupted, where other SELECTs fail with 3024
        CHECK(slept->rows().at(0).at(0).as_int64() == 1);
      }(server),
      test_limit);
}

TEST_CASE("connection: a statement that fails leaves the session as it is") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        CHECK((co_await connection.execute("SELECT * FROM ordinal.nothing", limit, "")).error().code == 1146);
        CHECK((co_await connection.execute("SHUTDOWN", limit, "")).error().kind == Kind::denied);
        CHECK(co_await connection.execute("DO 1", limit, ""));
        CHECK(connection.logins() == 1);
      }(server),
      test_limit);
}

TEST_CASE("connection: survives mysqld's end, and says unreachable while it is gone") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        CHECK(co_await connection.execute("DO 1", limit, ""));
        s.kill();
        CHECK((co_await connection.execute("DO 1", limit, "")).error().kind == Kind::unreachable);
        CHECK((co_await connection.execute("DO 1", limit, "")).error().kind == Kind::unreachable);
        s.start();
        CHECK(co_await connection.execute("DO 1", limit, ""));
        CHECK(connection.logins() == 2);
      }(server),
      test_limit);
}

TEST_CASE("connection: a frozen server is a timeout, at login too") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        CHECK(co_await connection.execute("DO 1", limit, ""));
        s.freeze();
        CHECK((co_await connection.execute("DO 1", Milliseconds(100), "")).error().kind == Kind::timeout);
        CHECK((co_await connection.execute("DO 1", Milliseconds(100), "")).error().kind == Kind::timeout);
        s.thaw();
        CHECK(co_await connection.execute("DO 1", limit, ""));
      }(server),
      test_limit);
}

TEST_CASE("connection: a changed password counts at the next login, without a new connection object") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        std::string password(test::agent_password);
        Connection connection(co_await asio::this_coro::executor, s.endpoint(), [&] { return std::vector{Secret(password)}; });
        CHECK(co_await connection.execute("DO 1", limit, ""));
        co_await s.root("SET sql_log_bin=0; SET GLOBAL super_read_only=OFF; ALTER USER ordinal@localhost IDENTIFIED BY 'new'");
        CHECK(co_await connection.execute("DO 1", limit, ""));  // the session goes on
        co_await connection.close(limit);
        CHECK((co_await connection.execute("DO 1", limit, "")).error().code == 1045);
        password = "new";
        CHECK(co_await connection.execute("DO 1", limit, ""));
      }(server),
      test_limit);
}

TEST_CASE("connection: an agent that stops is told apart from a limit that passed") {
  Server server;
  server.start();
  test::run(
      [](Server& s) -> asio::awaitable<void> {
        Connection connection = co_await s.connect();
        CHECK(co_await connection.execute("DO 1", limit, ""));
        const auto executor = co_await asio::this_coro::executor;
        Result<sql::results> slept = co_await asio::co_spawn(executor, connection.execute("SELECT SLEEP(30)", limit, ""),
                                                             asio::cancel_after(std::chrono::milliseconds(200), asio::use_awaitable));
        CHECK(slept.error().kind == Kind::cancelled);
      }(server),
      test_limit);
}

}  // namespace
}  // namespace ordinal::mysql
