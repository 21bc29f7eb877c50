// Logging in, running statements within a limit, and the translation of failures.
#include "mysql/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/mysql/common_server_errc.hpp>
#include <boost/mysql/error_categories.hpp>
#include <boost/mysql/is_fatal_error.hpp>
#include <boost/mysql/metadata_mode.hpp>
#include <boost/mysql/mysql_server_errc.hpp>
#include <boost/system/errc.hpp>
#include <utility>

namespace ordinal::mysql {

namespace asio = boost::asio;
namespace sql = boost::mysql;

namespace {

constexpr std::string_view user = "ordinal";
constexpr std::size_t socket_path_bytes_max = 107;
constexpr std::size_t buffer_bytes = 16 * 1024;  // what a cycle asks is answered in one piece; by default it is read in pieces of 1 KiB

// What a user's settings make of a new session must not change what our statements mean. A SELECT that nobody waits for any more ends by
// itself.
constexpr std::string_view session_setup =
    "SET autocommit=1, sql_mode='', lock_wait_timeout=1, sql_safe_updates=0, max_execution_time=3000";

bool is_server_error(sql::error_code ec) {
  return ec.category() == sql::get_common_server_category() || ec.category() == sql::get_mysql_server_category();
}

Kind kind_of_server_error(int code) {
  switch (code) {
    case static_cast<int>(sql::common_server_errc::er_con_count_error):
    case static_cast<int>(sql::common_server_errc::er_dbaccess_denied_error):
    case static_cast<int>(sql::common_server_errc::er_access_denied_error):
    case static_cast<int>(sql::common_server_errc::er_tableaccess_denied_error):
    case static_cast<int>(sql::common_server_errc::er_columnaccess_denied_error):
    case static_cast<int>(sql::common_server_errc::er_specific_access_denied_error): return Kind::denied;
    case static_cast<int>(sql::common_server_errc::er_server_shutdown): return Kind::unreachable;
    case static_cast<int>(sql::common_server_errc::er_lock_wait_timeout):
    case sql::mysql_server_errc::er_query_timeout: return Kind::timeout;
    default: return Kind::unexpected;
  }
}

Kind kind_of(sql::error_code ec) {
  if (is_server_error(ec)) return kind_of_server_error(ec.value());
  if (ec == asio::error::operation_aborted) return Kind::timeout;
  if (ec == boost::system::errc::no_such_file_or_directory || ec == asio::error::connection_refused ||
      ec == asio::error::connection_reset || ec == asio::error::broken_pipe || ec == asio::error::eof) {
    return Kind::unreachable;
  }
  if (ec == boost::system::errc::permission_denied) return Kind::denied;
  return Kind::unexpected;
}

std::string detail_of(sql::error_code ec, const sql::diagnostics& diagnostics) {
  if (ec == asio::error::operation_aborted) return "no answer within the limit";
  if (!diagnostics.server_message().empty()) return diagnostics.server_message();
  if (!diagnostics.client_message().empty()) return ec.message() + ": " + std::string(diagnostics.client_message());
  return ec.message();
}

// Asio reports a passed limit and a stopping agent by the same error code.
Error from(sql::error_code ec, const sql::diagnostics& diagnostics, std::string where, asio::cancellation_state state) {
  Error error = mysql::from(ec, diagnostics, std::move(where));
  if (ec == asio::error::operation_aborted && state.cancelled() != asio::cancellation_type::none) {
    error.kind = Kind::cancelled;
    error.detail = "the agent is stopping";
  }
  return error;
}

// Asio would throw, and past every handler.
Result<void> check_socket_path(const std::string& path, std::string where) {
  if (!path.empty() && path.size() <= socket_path_bytes_max) return {};
  return fail(Kind::bad_config, std::move(where), "the path of a unix socket has 1 to 107 bytes");
}

auto until(Instant deadline) { return asio::cancel_after(deadline - std::chrono::steady_clock::now(), asio::as_tuple(asio::deferred)); }

}  // namespace

Error from(sql::error_code ec, const sql::diagnostics& diagnostics, std::string where) {
  const bool numbered = is_server_error(ec) || (ec.category() == boost::system::system_category() && ec != asio::error::operation_aborted);
  return {.kind = kind_of(ec), .where = std::move(where), .detail = detail_of(ec, diagnostics), .code = numbered ? ec.value() : 0};
}

Connection::Connection(asio::any_io_executor executor, Endpoint endpoint, Passwords passwords)
    : executor_(std::move(executor)),
      endpoint_(std::move(endpoint)),
      passwords_(std::move(passwords)),
      connection_(executor_, {.initial_buffer_size = buffer_bytes}) {
  connection_.set_meta_mode(sql::metadata_mode::full);  // SHOW statements have no list of columns: their names count
}

Connection Connection::another() const { return {executor_, endpoint_, passwords_}; }

asio::awaitable<Result<sql::results>> Connection::execute(std::string text, Milliseconds limit, std::string where) {
  const Instant deadline = std::chrono::steady_clock::now() + limit;
  if (!open_) {
    Result<void> logged_in = co_await log_in(deadline);
    if (!logged_in) co_return std::unexpected(std::move(logged_in).error());
  }
  co_return co_await run(std::move(text), deadline, std::move(where));
}

asio::awaitable<Result<bool>> Connection::takes_password(std::string account, Secret password, std::optional<std::uint16_t> port,
                                                         Milliseconds limit) const {
  const std::string where = "log in as " + account;
  if (Result<void> usable = check_socket_path(endpoint_.socket, where); !usable) co_return std::unexpected(std::move(usable).error());
  const Instant deadline = std::chrono::steady_clock::now() + limit;
  sql::connect_params params;
  if (port) {
    params.server_address.emplace_host_and_port("127.0.0.1", *port);
  } else {
    params.server_address.emplace_unix_path(endpoint_.socket);
  }
  params.username = std::move(account);
  params.password = password.reveal();
  params.ssl = sql::ssl_mode::require;
  sql::any_connection connection(executor_);
  sql::diagnostics diagnostics;
  auto connected = co_await connection.async_connect(params, diagnostics, until(deadline));
  if (auto& [ec] = connected; ec == sql::common_server_errc::er_access_denied_error) {
    co_return false;
  } else if (ec) {
    co_return std::unexpected(from(ec, diagnostics, where, co_await asio::this_coro::cancellation_state));
  }
  co_await connection.async_close(diagnostics, until(deadline));
  co_return true;
}

asio::awaitable<void> Connection::close(Milliseconds limit) {
  if (!std::exchange(open_, false)) co_return;
  sql::diagnostics ignored;
  co_await connection_.async_close(ignored, until(std::chrono::steady_clock::now() + limit));
}

asio::awaitable<Result<void>> Connection::log_in(Instant deadline) {
  if (Result<void> usable = check_socket_path(endpoint_.socket, "log in over " + endpoint_.socket); !usable) co_return usable;
  Result<void> over_socket = co_await try_passwords(sql::unix_path{endpoint_.socket}, deadline, "log in over " + endpoint_.socket);
  if (over_socket || over_socket.error().code != static_cast<int>(sql::common_server_errc::er_con_count_error)) co_return over_socket;
  // MySQL keeps a single slot for administrators, and any other one may sit in it; the admin port has no such limit.
  const std::string where = "log in over the admin port " + std::to_string(endpoint_.admin_port);
  Result<void> over_port = co_await try_passwords(sql::host_and_port{"127.0.0.1", endpoint_.admin_port}, deadline, where);
  if (over_port || over_port.error().kind == Kind::cancelled) co_return over_port;
  over_socket.error().detail += "; " + over_port.error().to_string();
  co_return over_socket;
}

asio::awaitable<Result<void>> Connection::try_passwords(sql::any_address address, Instant deadline, std::string where) {
  sql::connect_params params;
  params.server_address = std::move(address);
  params.username = user;
  params.ssl = sql::ssl_mode::require;  // of the admin port; a unix socket needs none
  params.multi_queries = true;
  Result<void> outcome = fail(Kind::denied, where, "no password is known");
  const std::vector<Secret> passwords = passwords_();
  for (std::size_t i = 0; i < passwords.size(); ++i) {
    params.password = passwords[i].reveal();
    sql::diagnostics diagnostics;
    auto connected = co_await connection_.async_connect(params, diagnostics, until(deadline));
    auto& [ec] = connected;
    if (!ec) {
      Result<sql::results> set_up = co_await run(std::string(session_setup), deadline, "set up the session");
      if (!set_up) co_return std::unexpected(std::move(set_up).error());
      open_ = true;
      session_ = connection_.connection_id().value();
      ++logins_;
      password_used_ = i;
      co_return Result<void>{};
    }
    outcome = std::unexpected(from(ec, diagnostics, where, co_await asio::this_coro::cancellation_state));
    if (ec != sql::common_server_errc::er_access_denied_error) break;
  }
  co_return outcome;
}

asio::awaitable<Result<sql::results>> Connection::run(std::string text, Instant deadline, std::string where) {
  sql::results results;
  sql::diagnostics diagnostics;
  auto executed = co_await connection_.async_execute(std::string_view(text), results, diagnostics, until(deadline));
  auto& [ec] = executed;
  if (!ec) co_return results;
  if (sql::is_fatal_error(ec)) open_ = false;
  co_return std::unexpected(from(ec, diagnostics, std::move(where), co_await asio::this_coro::cancellation_state));
}

}  // namespace ordinal::mysql
