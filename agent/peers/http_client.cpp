// One request at a time over a connection that is kept while it works.
#include "peers/http_client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_at.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <format>
#include <sstream>
#include <utility>

namespace ordinal {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

constexpr std::size_t buffer_bytes = 4 * 1024;  // an ordinary /status comes in one piece; Beast reads as much as the buffer has room for

Kind kind_of(error_code ec) {
  if (ec == http::error::end_of_stream || ec == asio::error::eof) return Kind::unreachable;
  if (ec.category() == http::make_error_code(http::error::end_of_stream).category()) return Kind::protocol;
  if (ec == boost::system::errc::timed_out) return Kind::timeout;
  for (const auto gone : {boost::system::errc::connection_refused, boost::system::errc::connection_reset, boost::system::errc::broken_pipe,
                          boost::system::errc::host_unreachable, boost::system::errc::network_unreachable}) {
    if (ec == gone) return Kind::unreachable;
  }
  return Kind::unexpected;
}

}  // namespace

HttpClient::HttpClient(asio::any_io_executor executor, const asio::ip::tcp::endpoint& endpoint, std::string user_agent)
    : endpoint_(endpoint), address_(text_of(endpoint)), user_agent_(std::move(user_agent)), socket_(std::move(executor)) {
  buffer_.reserve(buffer_bytes);
}

asio::awaitable<Result<std::string>> HttpClient::fetch(std::string target, Milliseconds limit) {
  auto reply = co_await exchange(target, limit);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (reply->status != 200) co_return fail(Kind::protocol, "ask " + address_, std::format("it answered {} to {}", reply->status, target));
  co_return std::move(reply->body);
}

asio::awaitable<Result<HttpClient::Reply>> HttpClient::exchange(std::string target, Milliseconds limit) {
  const Instant deadline = std::chrono::steady_clock::now() + limit;
  // Bytes that are there before we have asked answer nothing of ours, and would be taken for the answer.
  error_code ignored;
  if (socket_.is_open() && (buffer_.size() > 0 || socket_.available(ignored) > 0)) close();
  const bool kept = socket_.is_open();
  auto reply = co_await attempt(target, deadline);
  // A server may close a connection that it thinks idle at any time, and we learn it only from the next request. One attempt on a fresh
  // connection tells that from a server that is gone; when it fails too, its error is the answer.
  if (kept && !reply && reply.error().kind == Kind::unreachable) reply = co_await attempt(std::move(target), deadline);
  co_return reply;
}

asio::awaitable<Result<HttpClient::Reply>> HttpClient::attempt(std::string target, Instant deadline) {
  const auto token = asio::cancel_at(deadline, asio::as_tuple(asio::use_awaitable));
  if (!socket_.is_open()) {
    auto connected = co_await socket_.async_connect(endpoint_, token);
    if (auto& [ec] = connected; ec) co_return failure("connect to", ec, co_await asio::this_coro::cancellation_state);
  }

  http::request<http::empty_body> request(http::verb::get, target, 11);
  request.set(http::field::host, address_);
  if (!user_agent_.empty()) request.set(http::field::user_agent, user_agent_);
  auto written = co_await http::async_write(socket_, request, token);
  if (auto& [ec, bytes] = written; ec) co_return failure("ask", ec, co_await asio::this_coro::cancellation_state);

  http::response_parser<http::string_body> parser;
  parser.header_limit(header_bytes_max);
  parser.body_limit(body_bytes_max);
  auto received = co_await http::async_read(socket_, buffer_, parser, token);
  if (auto& [ec, bytes] = received; ec) co_return failure("ask", ec, co_await asio::this_coro::cancellation_state);

  if (!parser.keep_alive()) close();
  co_return Reply{parser.get().result_int(), std::move(parser.get().body())};
}

std::unexpected<Error> HttpClient::failure(std::string_view step, error_code ec, asio::cancellation_state state) {
  close();
  auto where = std::format("{} {}", step, address_);
  if (ec == asio::error::operation_aborted) {
    // Asio says so for a passed limit as well as for a coroutine that is being cancelled.
    const bool cancelled = state.cancelled() != asio::cancellation_type::none;
    return fail(cancelled ? Kind::cancelled : Kind::timeout, std::move(where), "no whole answer came in time");
  }
  return fail(kind_of(ec), std::move(where), ec.message(), ec.category() == boost::system::system_category() ? ec.value() : 0);
}

void HttpClient::close() {
  error_code ignored;
  socket_.close(ignored);
  buffer_.clear();
}

}  // namespace ordinal
