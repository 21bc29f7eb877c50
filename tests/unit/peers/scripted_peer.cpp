// One coroutine a connection; the script is read anew for each request.
#include "peers/scripted_peer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <format>
#include <utility>
#include <vector>

namespace ordinal::test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

}  // namespace

struct ScriptedPeer::State {
  State(const asio::any_io_executor& executor, const tcp::endpoint& endpoint) : acceptor(executor, endpoint) {}

  tcp::acceptor acceptor;
  Script script;
  std::vector<std::shared_ptr<tcp::socket>> open;
  std::size_t connections = 0;
  std::size_t requests = 0;
  std::string last_request;
};

namespace {

template <class State>
asio::awaitable<void> serve(std::shared_ptr<State> state, std::shared_ptr<tcp::socket> socket) {
  std::string buffer;
  while (true) {
    auto read = co_await asio::async_read_until(*socket, asio::dynamic_buffer(buffer), "\r\n\r\n", token);
    auto& [read_error, bytes] = read;
    if (read_error) co_return;
    ++state->requests;
    state->last_request = buffer.substr(0, bytes);
    buffer.erase(0, bytes);

    const auto script = state->script;
    auto written = co_await asio::async_write(*socket, asio::buffer(script.bytes), token);
    while (!std::get<0>(written) && script.then == ScriptedPeer::Then::repeat) {
      written = co_await asio::async_write(*socket, asio::buffer(script.repeated), token);
    }
    if (std::get<0>(written)) co_return;
    if (script.then == ScriptedPeer::Then::close) {
      socket->close();
      co_return;
    }
    if (script.then == ScriptedPeer::Then::stall) co_await socket->async_wait(tcp::socket::wait_error, token);
  }
}

template <class State>
asio::awaitable<void> accept(std::shared_ptr<State> state) {
  while (true) {
    auto accepted = co_await state->acceptor.async_accept(token);
    auto& [ec, socket] = accepted;
    if (ec) co_return;
    ++state->connections;
    state->open.push_back(std::make_shared<tcp::socket>(std::move(socket)));
    asio::co_spawn(state->acceptor.get_executor(), serve(state, state->open.back()), asio::detached);
  }
}

}  // namespace

ScriptedPeer::ScriptedPeer(asio::any_io_executor executor, const std::string& address, std::uint16_t port, Script script)
    : state_(std::make_shared<State>(executor, tcp::endpoint(asio::ip::make_address(address), port))) {
  state_->script = std::move(script);
  asio::co_spawn(executor, test::accept(state_), asio::detached);
}

ScriptedPeer::~ScriptedPeer() { stop(); }

tcp::endpoint ScriptedPeer::endpoint() const { return state_->acceptor.local_endpoint(); }

void ScriptedPeer::answer(Script script) { state_->script = std::move(script); }

void ScriptedPeer::close_connections() {
  for (const auto& socket : state_->open) socket->close();
  state_->open.clear();
}

void ScriptedPeer::send_unasked(const std::string& bytes) {
  for (const auto& socket : state_->open) asio::write(*socket, asio::buffer(bytes));
}

void ScriptedPeer::stop() {
  state_->acceptor.close();
  close_connections();
}

std::size_t ScriptedPeer::connections() const { return state_->connections; }

std::size_t ScriptedPeer::requests() const { return state_->requests; }

std::string ScriptedPeer::last_request() const { return state_->last_request; }

std::string http_reply(std::string_view body, std::string_view status) {
  return std::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

}  // namespace ordinal::test
