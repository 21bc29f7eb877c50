// What of the connection can be tested without a server.
#include "mysql/connection.hpp"

#include <doctest/doctest.h>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/mysql/client_errc.hpp>
#include <boost/mysql/common_server_errc.hpp>
#include <boost/mysql/error_categories.hpp>
#include <cerrno>

#include "support/run.hpp"

namespace ordinal::mysql {
namespace {

namespace asio = boost::asio;
namespace sql = boost::mysql;

sql::error_code server_error(int number) { return {number, sql::get_common_server_category()}; }
sql::error_code system_error(int number) { return {number, boost::system::system_category()}; }
Kind kind_of(sql::error_code ec) { return from(ec, {}, "").kind; }

TEST_CASE("from: a server's no is denied, with MySQL's number") {
  for (const int number : {1040, 1044, 1045, 1142, 1143, 1227}) {
    const Error error = from(server_error(number), {}, "log in");
    CHECK(error.kind == Kind::denied);
    CHECK(error.code == number);
    CHECK(error.where == "log in");
  }
}

TEST_CASE("from: a server that is not there, or no longer, is unreachable") {
  CHECK(kind_of(system_error(ENOENT)) == Kind::unreachable);
  CHECK(kind_of(system_error(ECONNREFUSED)) == Kind::unreachable);
  CHECK(kind_of(system_error(ECONNRESET)) == Kind::unreachable);
  CHECK(kind_of(system_error(EPIPE)) == Kind::unreachable);
  CHECK(kind_of(asio::error::eof) == Kind::unreachable);
  CHECK(kind_of(server_error(1053)) == Kind::unreachable);
  CHECK(from(system_error(ENOENT), {}, "").code == ENOENT);
}

TEST_CASE("from: a limit that passed is timeout, here or in the server") {
  CHECK(kind_of(asio::error::operation_aborted) == Kind::timeout);
  CHECK(from(asio::error::operation_aborted, {}, "").code == 0);
  CHECK(kind_of(server_error(1205)) == Kind::timeout);
  CHECK(from(server_error(1205), {}, "").code == 1205);
  CHECK(kind_of(sql::error_code(3024, sql::get_mysql_server_category())) == Kind::timeout);
}

TEST_CASE("from: a socket without permission is denied, all else is unexpected") {
  CHECK(kind_of(system_error(EACCES)) == Kind::denied);
  CHECK(kind_of(server_error(1064)) == Kind::unexpected);
  CHECK(kind_of(sql::client_errc::protocol_value_error) == Kind::unexpected);
}

Result<sql::results> select_one(std::string socket, std::vector<Secret> passwords = {Secret("x")}) {
  return test::run([](std::string path, std::vector<Secret> candidates) -> asio::awaitable<Result<sql::results>> {
    Connection connection(co_await asio::this_coro::executor, {.socket = path}, [candidates] { return candidates; });
    co_return co_await connection.execute("SELECT 1", Milliseconds(1'000), "select");
  }(std::move(socket), std::move(passwords)));
}

TEST_CASE("connection: a socket path that no socket can have is an error, not an exception") {
  CHECK(select_one("/" + std::string(107, 'x')).error().kind == Kind::bad_config);
  CHECK(select_one("").error().kind == Kind::bad_config);
  CHECK(select_one("/" + std::string(106, 'x')).error().kind == Kind::unreachable);
}

TEST_CASE("connection: without a socket the server is unreachable") {
  const Error error = select_one("/nowhere/mysqld.sock").error();
  CHECK(error.kind == Kind::unreachable);
  CHECK(error.code == ENOENT);
  CHECK(error.where == "log in over /nowhere/mysqld.sock");
}

TEST_CASE("connection: without any password it is denied") { CHECK(select_one("/nowhere/mysqld.sock", {}).error().kind == Kind::denied); }

}  // namespace
}  // namespace ordinal::mysql
