// The server on loopback sockets: limits, hostile clients, the end.
#include "http/server.hpp"

#include <doctest/doctest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <format>
#include <functional>
#include <string>
#include <vector>

#include "http/board_fixture.hpp"
#include "support/run.hpp"

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using namespace ordinal;
using namespace ordinal::http;
using namespace ordinal::http::test;
using namespace std::chrono_literals;

namespace {

/// On loopback, on a port of the kernel's choice, with limits that no test waits for unless it sets them.
ServerOptions options() {
  ServerOptions options;
  options.address = "127.0.0.1";
  options.port = 0;
  options.idle_limit = 1min;
  options.request_limit = 1min;
  return options;
}

/// A server that runs while the test does.
struct Running {
  Running(asio::any_io_executor executor, const ServerOptions& chosen)
      : board(Instant::clock::now()), server(executor, chosen, board), timer(executor) {
    auto snapshot = serving_replica();
    snapshot.taken_at = Instant::clock::now();
    publish(board, snapshot);
    REQUIRE(server.listen().has_value());
    asio::co_spawn(executor, server.run(), asio::bind_cancellation_slot(cancellation.slot(), [this](std::exception_ptr exception) {
                     CHECK(exception == nullptr);
                     ended = true;
                   }));
  }

  /// Waits until the condition holds; the limit is the test's.
  asio::awaitable<void> until(std::function<bool()> holds) {
    while (!holds()) {
      timer.expires_after(1ms);
      co_await timer.async_wait(asio::as_tuple);
    }
  }

  asio::awaitable<void> stopped() {
    server.stop();
    co_await until([this] { return ended; });
    CHECK(server.connections() == 0);
  }

  Board board;
  Server server;
  asio::steady_timer timer;
  asio::cancellation_signal cancellation;
  bool ended = false;
};

using Answer = beast::http::response<beast::http::string_body>;

struct Client {
  explicit Client(const asio::any_io_executor& executor) : socket(executor) {}

  asio::awaitable<void> connect(const Server& server) {
    co_await socket.async_connect({asio::ip::address_v4::loopback(), server.port()}, asio::use_awaitable);
  }
  asio::awaitable<void> write(std::string text) { co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable); }
  asio::awaitable<Answer> read() {
    Answer answer;
    co_await beast::http::async_read(socket, buffer, answer, asio::use_awaitable);
    co_return answer;
  }
  /// All that comes until the server closes; `end` then says whether it closed well (eof) or the connection was reset.
  asio::awaitable<std::string> read_to_end() {
    std::string text;
    const auto result = co_await asio::async_read(socket, asio::dynamic_buffer(text), asio::as_tuple);
    end = std::get<0>(result);
    co_return text;
  }

  tcp::socket socket;
  beast::flat_buffer buffer;
  boost::system::error_code end;
};

std::string get(std::string_view target, std::string_view more = "") {
  return std::format("GET {} HTTP/1.1\r\nHost: pod\r\n{}\r\n", target, more);
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

/// Runs a test's coroutine with a running server and an executor for clients, and stops the server at its end.
void serve(const ServerOptions& chosen, std::function<asio::awaitable<void>(Running&, asio::any_io_executor)> body) {
  ordinal::test::run(
      [](ServerOptions with, decltype(body) test) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Running running(executor, with);
        co_await test(running, executor);
        co_await running.stopped();
      }(chosen, std::move(body)),
      1min);
}

/// What the server says to these bytes before it closes.
std::string reply_to(std::string bytes) {
  std::string reply;
  serve(options(), [&](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    Client client(executor);
    co_await client.connect(running.server);
    co_await client.write(bytes);
    reply = co_await client.read_to_end();
    // A reset could cost the client the answer.
    CHECK(client.end == asio::error::eof);
  });
  return reply;
}

/// Enough of a history for an answer that fills no socket buffer alone, but a few of which do.
void fill_history(Board& board) {
  for (std::size_t i = 0; i < Board::history_events_max; ++i) {
    board.append_history("{\"text\":\"" + std::string(Board::history_event_bytes_max - 32, 'x') + "\"}");
  }
}

/// Asks for more than the socket buffers hold, and reads nothing.
asio::awaitable<void> ask_without_reading(Client& client, const Server& server) {
  co_await client.connect(server);
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += get("/history");
  co_await client.write(requests);
}

}  // namespace

TEST_CASE("server: one connection serves many requests") {
  serve(options(), [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    Client client(executor);
    co_await client.connect(running.server);
    for (int i = 0; i < 3; ++i) {
      co_await client.write(get("/readyz"));
      const auto answer = co_await client.read();
      CHECK(answer.result_int() == 200);
      CHECK(answer.body() == "ok\n");
      CHECK(answer["Content-Type"] == "text/plain; charset=utf-8");
      CHECK(answer["Cache-Control"] == "no-store");
    }
    CHECK(running.board.server.requests_total == 3);
    CHECK(running.board.server.connections == 1);
    CHECK(running.server.connections() == 1);
    co_await client.write(get("/readyz", "Accept: application/json\r\n"));
    const auto answer = co_await client.read();
    CHECK(answer["Content-Type"] == "application/json");
  });
}

TEST_CASE("server: HEAD has the header of GET and no body") {
  serve(options(), [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    Client client(executor);
    co_await client.connect(running.server);
    co_await client.write("HEAD /readyz HTTP/1.1\r\nHost: pod\r\n\r\n" + get("/livez", "Connection: close\r\n"));
    const auto text = co_await client.read_to_end();
    CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(count(text, "Content-Length: 3\r\n") == 2);
    CHECK(count(text, "ok\n") == 1);
  });
}

TEST_CASE("server: a wrong method is told which ones work") {
  const auto reply = reply_to("DELETE /status HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n");
  CHECK(reply.starts_with("HTTP/1.1 405 "));
  CHECK(reply.contains("\r\nAllow: GET, HEAD\r\n"));
  CHECK(reply_to("BREW /status HTTP/1.1\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 405 "));
}

TEST_CASE("server: pipelined requests are answered in their order") {
  const auto reply = reply_to(get("/version") + get("/livez") + get("/nothing", "Connection: close\r\n"));
  CHECK(count(reply, "HTTP/1.1 ") == 3);
  CHECK(reply.find("ordinal ") < reply.find("ok\n"));
  CHECK(reply.find("ok\n") < reply.find("HTTP/1.1 404 "));
}

TEST_CASE("server: an HTTP/1.0 client gets its connection closed, or kept where it asks for that") {
  const auto reply = reply_to("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /livez HTTP/1.0\r\n\r\n");
  CHECK(count(reply, "HTTP/1.0 200 OK\r\n") == 2);
  CHECK(count(reply, "Connection: keep-alive\r\n") == 1);
}

TEST_CASE("server: a header may have 8 KiB and not more") {
  const auto with_bytes = [](std::size_t total) {
    const std::string frame = get("/livez", "Connection: close\r\nX: \r\n");
    return get("/livez", "Connection: close\r\nX: " + std::string(total - frame.size(), 'x') + "\r\n");
  };
  REQUIRE(with_bytes(8'000).size() == 8'000);
  CHECK(reply_to(with_bytes(8'000)).starts_with("HTTP/1.1 200 "));
  for (const std::size_t total : {9'000UZ, 20'000UZ, 200'000UZ}) {
    CAPTURE(total);
    const auto reply = reply_to(with_bytes(total));
    CHECK(reply.starts_with("HTTP/1.1 431 "));
    CHECK(reply.contains("\r\nConnection: close\r\n"));
  }
}

TEST_CASE("server: an endless header is cut off") {
  serve(options(), [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    Client client(executor);
    co_await client.connect(running.server);
    co_await client.write("GET /livez HTTP/1.1\r\n");
    const std::string line = "X-Endless: " + std::string(1'000, 'x') + "\r\n";
    boost::system::error_code error;
    while (!error) {
      const auto written = co_await asio::async_write(client.socket, asio::buffer(line), asio::as_tuple);
      error = std::get<0>(written);
    }
    co_await running.until([&] { return running.server.connections() == 0; });
  });
}

TEST_CASE("server: bodies are refused, however they are announced") {
  for (const auto* framing :
       {"Content-Length: 5\r\n\r\nhello", "Content-Length: 99999999999\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"}) {
    CAPTURE(framing);
    const auto reply = reply_to(std::string("GET /livez HTTP/1.1\r\nHost: pod\r\n") + framing);
    CHECK(reply.starts_with("HTTP/1.1 413 "));
    CHECK(count(reply, "HTTP/1.1 ") == 1);
  }
  CHECK(reply_to(get("/livez", "Content-Length: 0\r\nConnection: close\r\n")).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("server: a request with two lengths is refused, and what follows it is not answered") {
  for (const auto* framing : {"Content-Length: 5\r\nContent-Length: 0\r\n", "Content-Length: 0\r\nContent-Length: 5\r\n",
                              "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
                              "Content-Length: -1\r\n", "Content-Length: 0x0\r\n", "Content-Length: 0, 5\r\n", "Content-Length : 0\r\n"}) {
    CAPTURE(framing);
    const auto reply = reply_to(get("/livez", framing) + get("/readyz"));
    CHECK((reply.starts_with("HTTP/1.1 400 ") || reply.starts_with("HTTP/1.1 413 ")));
    CHECK(count(reply, "HTTP/1.1 ") == 1);
  }
}

TEST_CASE("server: what is not HTTP/1 is refused") {
  using namespace std::string_literals;
  std::string junk;
  for (int byte = 0; byte < 256; ++byte) junk += static_cast<char>(byte);
  for (const auto& bytes : {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + junk, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s, junk,
                            std::string(4'096, '\0'), "GET / HTTP/1.1\r\nA\0B: c\r\n\r\n"s, "GET /\x01 HTTP/1.1\r\n\r\n"s,
                            "GET / HTTP/9.9\r\n\r\n"s, "GET /\r\n\r\n"s, "GET / HTTP/1.1\r\nfolded\r\n header: x\r\n\r\n"s}) {
    CAPTURE(bytes.substr(0, 16));
    const auto reply = reply_to(bytes);
    CHECK(reply.starts_with("HTTP/1.1 400 "));
    CHECK(count(reply, "HTTP/1.1 ") == 1);
  }
}

TEST_CASE("server: a client that vanishes in the middle of a request is forgotten") {
  serve(options(), [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    for (const auto* begun : {"", "G", "GET /livez HTTP/1.1\r\n", "GET /livez HTTP/1.1\r\n\r\nGET"}) {
      Client client(executor);
      co_await client.connect(running.server);
      co_await client.write(begun);
      co_await running.until([&] { return running.server.connections() == 1; });
      client.socket.close();
      co_await running.until([&] { return running.server.connections() == 0; });
    }
    CHECK(running.board.server.failures_total == 0);
  });
}

TEST_CASE("server: a connection that asks nothing is closed after the idle limit") {
  auto chosen = options();
  chosen.idle_limit = 50ms;
  serve(chosen, [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    Client client(executor);
    const auto begun = Instant::clock::now();
    co_await client.connect(running.server);
    const auto nothing = co_await client.read_to_end();
    CHECK(nothing.empty());
    CHECK(Instant::clock::now() - begun >= 45ms);

    Client kept(executor);
    co_await kept.connect(running.server);
    co_await kept.write(get("/livez"));
    const auto answer = co_await kept.read_to_end();
    CHECK(count(answer, "HTTP/1.1 200 ") == 1);
  });
}

TEST_CASE("server: a request that trickles in is cut off by its deadline, not prolonged by each byte") {
  auto chosen = options();
  chosen.request_limit = 100ms;
  serve(chosen, [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    Client client(executor);
    co_await client.connect(running.server);
    const auto begun = Instant::clock::now();
    co_await client.write("GET /livez HTTP/1.1\r\nX: ");
    boost::system::error_code error;
    asio::steady_timer pause(executor);
    while (!error) {
      const auto written = co_await asio::async_write(client.socket, asio::buffer("x", 1), asio::as_tuple);
      error = std::get<0>(written);
      pause.expires_after(10ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    CHECK(Instant::clock::now() - begun >= 95ms);
    co_await running.until([&] { return running.server.connections() == 0; });
  });
}

TEST_CASE("server: a client that does not read its answers is cut off") {
  auto chosen = options();
  chosen.request_limit = 100ms;
  serve(chosen, [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    fill_history(running.board);
    Client client(executor);
    co_await ask_without_reading(client, running.server);
    co_await running.until([&] { return running.board.server.requests_total > 0; });
    co_await running.until([&] { return running.server.connections() == 0; });
  });
}

TEST_CASE("server: above the cap the connections that were idle for longest make room") {
  serve(options(), [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < 300; ++i) {
      clients.push_back(std::make_unique<Client>(executor));
      co_await clients.back()->connect(running.server);
    }
    co_await running.until([&] { return running.board.server.evictions_total == 44 && running.server.connections() == 256; });
    for (std::size_t i = 0; i < 44; ++i) {
      const auto nothing = co_await clients[i]->read_to_end();
      CHECK(nothing.empty());
    }
    for (std::size_t i = 44; i < 300; ++i) {
      co_await clients[i]->write(get("/livez"));
      const auto answer = co_await clients[i]->read();
      CHECK(answer.result_int() == 200);
    }
    CHECK(running.server.connections() == 256);
  });
}

TEST_CASE("server: a connection that just asked is not the oldest") {
  auto chosen = options();
  chosen.connections_max = 2;
  serve(chosen, [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    Client first(executor);
    Client second(executor);
    Client third(executor);
    co_await first.connect(running.server);
    co_await second.connect(running.server);
    co_await running.until([&] { return running.server.connections() == 2; });
    co_await first.write(get("/livez"));
    static_cast<void>(co_await first.read());
    co_await third.connect(running.server);
    const auto nothing = co_await second.read_to_end();
    CHECK(nothing.empty());
    for (auto* client : {&first, &third}) {
      co_await client->write(get("/livez"));
      const auto answer = co_await client->read();
      CHECK(answer.result_int() == 200);
    }
  });
}

TEST_CASE("server: when every connection is owed an answer, the newcomer is turned away") {
  auto chosen = options();
  chosen.connections_max = 1;
  chosen.shutdown_limit = 10ms;
  serve(chosen, [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    fill_history(running.board);
    Client stuck(executor);
    co_await ask_without_reading(stuck, running.server);
    // Answered requests no longer growing is what shows that the server waits for the client.
    std::uint64_t seen = 0;
    co_await running.until([&, still = 0]() mutable {
      still = std::exchange(seen, running.board.server.requests_total) == seen && seen > 0 ? still + 1 : 0;
      return still == 20;
    });
    Client newcomer(executor);
    co_await newcomer.connect(running.server);
    const auto nothing = co_await newcomer.read_to_end();
    CHECK(nothing.empty());
    CHECK(running.server.connections() == 1);
    CHECK(running.board.server.evictions_total == 0);
  });
}

TEST_CASE("server: stopping closes the port and the idle connections at once") {
  auto chosen = options();
  chosen.shutdown_limit = 1min;
  serve(chosen, [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    Client client(executor);
    co_await client.connect(running.server);
    co_await running.until([&] { return running.server.connections() == 1; });
    const auto port = running.server.port();
    co_await running.stopped();
    const auto nothing = co_await client.read_to_end();
    CHECK(nothing.empty());
    tcp::socket late(executor);
    const auto connected = co_await late.async_connect({asio::ip::address_v4::loopback(), port}, asio::as_tuple);
    CHECK(std::get<0>(connected) == asio::error::connection_refused);
  });
}

TEST_CASE("server: an answer under way is finished before the server ends") {
  auto chosen = options();
  chosen.shutdown_limit = 1min;
  serve(chosen, [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    fill_history(running.board);
    Client client(executor);
    co_await ask_without_reading(client, running.server);
    co_await running.until([&] { return running.board.server.requests_total > 0; });
    running.server.stop();
    CHECK_FALSE(running.ended);
    const auto text = co_await client.read_to_end();
    CHECK(count(text, "HTTP/1.1 200 OK\r\n") == running.board.server.requests_total);
    CHECK(text.ends_with("]}\n"));
    co_await running.until([&] { return running.ended; });
  });
}

TEST_CASE("server: an answer that nobody reads does not hold the end up") {
  auto chosen = options();
  chosen.request_limit = 1min;
  chosen.shutdown_limit = 50ms;
  serve(chosen, [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    fill_history(running.board);
    Client client(executor);
    co_await ask_without_reading(client, running.server);
    co_await running.until([&] { return running.board.server.requests_total > 0; });
    co_await running.stopped();
  });
}

TEST_CASE("server: being cancelled is being stopped") {
  for (const auto type : {asio::cancellation_type::total, asio::cancellation_type::terminal}) {
    serve(options(), [type](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
      Client client(executor);
      co_await client.connect(running.server);
      co_await running.until([&] { return running.server.connections() == 1; });
      running.cancellation.emit(type);
      co_await running.until([&] { return running.ended; });
      CHECK(running.server.connections() == 0);
    });
  }
}

TEST_CASE("server: the board learns that two probes were told of a drain") {
  serve(options(), [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    auto draining = unready(serving_replica(), reason(Code::DRAINING));
    draining.taken_at = Instant::clock::now();
    publish(running.board, draining);
    Client client(executor);
    co_await client.connect(running.server);
    co_await client.write(get("/readyz", "User-Agent: curl/8.14.1\r\n"));
    static_cast<void>(co_await client.read());
    // The session notes it after the answer, and reads the next request only then.
    co_await client.write(get("/status", "User-Agent: kube-probe/1.34\r\n"));
    static_cast<void>(co_await client.read());
    CHECK_FALSE(running.board.drain_seen());
    for (int probe = 0; probe < 2; ++probe) {
      CHECK_FALSE(running.board.drain_seen());
      co_await client.write(get("/readyz", "User-Agent: kube-probe/1.34\r\n"));
      const auto answer = co_await client.read();
      CHECK(answer.result_int() == 503);
    }
    co_await running.until([&] { return running.board.drain_seen(); });
  });
}

TEST_CASE("server: a taken port and a wrong address are told apart") {
  serve(options(), [](Running& running, asio::any_io_executor executor) -> asio::awaitable<void> {
    auto chosen = options();
    chosen.port = running.server.port();
    CHECK(Server(executor, chosen, running.board).listen().error().kind == Kind::conflict);
    chosen.address = "localhost";
    CHECK(Server(executor, chosen, running.board).listen().error().kind == Kind::bad_config);
    co_return;
  });
}
