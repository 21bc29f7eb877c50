// Accepting, the sessions, and how they end. The only file that speaks HTTP through Beast.
#include "http/server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <exception>
#include <format>

namespace ordinal::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t header_bytes_max = 8 * 1024;
constexpr std::size_t buffer_bytes_max = 16 * 1024;
/// What is read and thrown away after a refusal.
constexpr std::size_t linger_bytes_max = 256 * 1024;
constexpr std::chrono::milliseconds accept_pause{100};

using Parser = beast::http::request_parser<beast::http::empty_body>;

/// What to answer when a request could not be read; 0 where there is nobody to answer.
unsigned refusal_status(error_code failure) {
  using beast::http::error;
  if (failure == error::header_limit || failure == error::buffer_overflow) return 431;
  if (failure == error::body_limit || failure == error::unexpected_body) return 413;
  if (failure == error::end_of_stream || failure == error::partial_message) return 0;
  // What is left of Beast's errors are malformed requests; everything else is a lost connection.
  return failure.category() == make_error_code(error::bad_method).category() ? 400 : 0;
}

/// How a response is framed.
struct Framing {
  bool head = false;
  bool keep_alive = false;
  unsigned version = 11;  ///< an HTTP/1.0 client wants to see its keep-alive confirmed
};

/// Sends the response; true when all of it was handed to the kernel. The stream's deadline is set.
asio::awaitable<bool> send(beast::tcp_stream& stream, Response response, Framing framing) {
  beast::http::response<beast::http::string_body> message(static_cast<beast::http::status>(response.status), framing.version);
  message.set(beast::http::field::content_type, response.content_type);
  message.set(beast::http::field::cache_control, "no-store");
  if (response.allow) message.set(beast::http::field::allow, allowed_methods);
  message.keep_alive(framing.keep_alive);
  message.body() = std::move(response.body);
  message.prepare_payload();
  beast::http::response_serializer<beast::http::string_body> serializer(message);
  if (framing.head) {
    serializer.split(true);
    const auto written = co_await beast::http::async_write_header(stream, serializer, asio::as_tuple);
    co_return !std::get<0>(written);
  }
  const auto written = co_await beast::http::async_write(stream, serializer, asio::as_tuple);
  co_return !std::get<0>(written);
}

/// Says that nothing more will be sent, and waits within the stream's deadline until the client has closed too: closing a socket with
/// unread data makes the kernel reset the connection, and the client would lose the answer (RFC 9112, section 9.6).
asio::awaitable<void> linger(beast::tcp_stream& stream) {
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  std::array<char, 4096> scratch{};
  for (std::size_t total = 0; total < linger_bytes_max;) {
    const auto read = co_await stream.async_read_some(asio::buffer(scratch), asio::as_tuple);
    const auto& [error, bytes] = read;
    if (error) co_return;
    total += bytes;
  }
}

}  // namespace

Server::Server(asio::any_io_executor executor, ServerOptions options, Board& board)
    : options_(std::move(options)), board_(board), acceptor_(executor), session_ended_(executor) {}

Result<void> Server::listen() {
  const auto where = std::format("listen on {} port {}", options_.address, options_.port);
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) return fail(Kind::bad_config, where, "the address is not a numeric IPv4 or IPv6 address");
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  // The port of an agent that just ended is still held by its closed connections.
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && address.is_v6()) acceptor_.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return {};
  error_code ignored;
  acceptor_.close(ignored);
  if (error == asio::error::address_in_use) return fail(Kind::conflict, where, "another process has this port", error.value());
  return fail_errno(where, error.value());
}

std::uint16_t Server::port() const {
  error_code error;
  const auto endpoint = acceptor_.local_endpoint(error);
  return error ? std::uint16_t{0} : endpoint.port();
}

asio::awaitable<void> Server::run() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  // What follows a cancellation still has to wait for the sessions.
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!stopping_) {
    auto accepted = co_await acceptor_.async_accept(asio::as_tuple);
    auto& [error, socket] = accepted;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) break;
    if (!error) {
      admit(std::move(socket));
    } else if (!stopping_) {
      // Out of descriptors, above all: the next attempt would fail at once too, unless a session ends.
      ++board_.server.failures_total;
      session_ended_.expires_after(accept_pause);
      co_await session_ended_.async_wait(asio::as_tuple);
    }
  }
  stop();
  co_await join_sessions();
}

void Server::stop() {
  if (stopping_) return;
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (auto& session : sessions_) {
    if (session.phase == Phase::idle) session.close();
  }
}

asio::awaitable<void> Server::join_sessions() {
  session_ended_.expires_after(options_.shutdown_limit);
  while (!sessions_.empty()) {
    const auto waited = co_await session_ended_.async_wait(asio::as_tuple);
    if (std::get<0>(waited)) continue;
    for (auto& session : sessions_) session.close();
    session_ended_.expires_at(Instant::max());
  }
}

void Server::Session::close() {
  phase = Phase::closed;
  stream.close();
}

void Server::admit(tcp::socket socket) {
  if (!make_room()) return;
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const auto session = sessions_.emplace(sessions_.end(), std::move(socket));
  session->idle_since = Instant::clock::now();
  board_.server.connections = sessions_.size();
  asio::co_spawn(acceptor_.get_executor(), serve(*session), [this, session](std::exception_ptr exception) {
    if (exception) ++board_.server.failures_total;
    sessions_.erase(session);
    board_.server.connections = sessions_.size();
    session_ended_.cancel();
  });
}

/// Whether one more connection may be had. Turning the newcomer away would make clients spin, and it may be the kubelet: the connection
/// that has been idle for longest goes instead.
bool Server::make_room() {
  const auto is_open = [](const Session& session) { return session.phase != Phase::closed; };
  if (std::cmp_less(std::ranges::count_if(sessions_, is_open), options_.connections_max)) return true;
  Session* oldest = nullptr;
  for (auto& session : sessions_) {
    if (session.phase == Phase::idle && (oldest == nullptr || session.idle_since < oldest->idle_since)) oldest = &session;
  }
  if (oldest == nullptr) return false;
  oldest->close();
  ++board_.server.evictions_total;
  return true;
}

/// Waits for a request's first byte, unless it came with the last one; false when the connection ends instead. Sets the request's deadline.
asio::awaitable<bool> Server::request_begins(Session& session, beast::flat_buffer& buffer) {
  session.phase = Phase::idle;
  session.idle_since = Instant::clock::now();
  if (buffer.size() == 0) {
    session.stream.expires_after(options_.idle_limit);
    const auto read = co_await session.stream.async_read_some(buffer.prepare(buffer.max_size()), asio::as_tuple);
    const auto& [error, bytes] = read;
    if (error) co_return false;
    buffer.commit(bytes);
  }
  session.stream.expires_after(options_.request_limit);
  co_return true;
}

/// The requests of one connection, one after another.
asio::awaitable<void> Server::serve(Session& session) {
  beast::flat_buffer buffer(buffer_bytes_max);
  bool keep_alive = true;
  while (keep_alive && !stopping_) {
    if (!co_await request_begins(session, buffer)) co_return;
    Parser parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(0);
    const auto read = co_await beast::http::async_read(session.stream, buffer, parser, asio::as_tuple);
    if (session.phase == Phase::closed) co_return;
    session.phase = Phase::answering;
    if (const auto& error = std::get<0>(read)) {
      const auto status = refusal_status(error);
      if (status == 0 || !co_await send(session.stream, refusal(status), {})) co_return;
      session.phase = Phase::idle;
      co_await linger(session.stream);
      co_return;
    }
    const auto& request = parser.get();
    keep_alive = request.keep_alive() && !stopping_;
    auto response =
        respond({request.method_string(), request.target(), request[beast::http::field::accept], request[beast::http::field::user_agent]});
    const bool tells_of_drain = response.tells_of_drain;
    const Framing framing{request.method() == beast::http::verb::head, keep_alive, request.version() == 10 ? 10U : 11U};
    if (!co_await send(session.stream, std::move(response), framing)) co_return;
    if (tells_of_drain) board_.note_drain_told();
  }
  error_code ignored;
  session.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

/// The answer; an exception in it is a bug, and must cost this request alone.
Response Server::respond(const Request& request) {
  ++board_.server.requests_total;
  try {
    return answer(request, board_, Instant::clock::now(), options_.limits);
  } catch (const std::exception&) {
    ++board_.server.failures_total;
    return refusal(500);
  }
}

}  // namespace ordinal::http
