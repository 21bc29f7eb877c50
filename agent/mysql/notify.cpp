// The datagram socket that mysqld speaks to.
#include "mysql/notify.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <cerrno>

#include "base/text.hpp"

namespace ordinal::mysql {

namespace asio = boost::asio;
using run::MysqldPhase;

MysqldPhase phase_after(MysqldPhase before, std::string_view message) {
  MysqldPhase phase = before;
  for (const std::string_view line : split(message, '\n')) {
    if (line == "READY=1") phase = MysqldPhase::ready;
    if (line == "STOPPING=1") phase = MysqldPhase::stopping;
    if (line == "STATUS=Server startup in progress" || line == "STATUS=InnoDB crash recovery successful") phase = MysqldPhase::starting;
    if (line == "STATUS=InnoDB crash recovery in progress") phase = MysqldPhase::recovering;
  }
  return phase;
}

Result<void> Notify::open(const std::string& path) {
  const std::string where = "listen on " + path;
  if (path.empty() || path.size() > 107) return fail(Kind::bad_config, where, "the path of a unix socket has 1 to 107 bytes");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(where, errno);
  boost::system::error_code ec;
  socket_.open(asio::local::datagram_protocol(), ec);
  if (!ec) socket_.bind(asio::local::datagram_protocol::endpoint(path), ec);
  if (ec) return fail_errno(where, ec.value());
  return {};
}

asio::awaitable<void> Notify::listen() {
  std::array<char, 4096> buffer;
  while (true) {
    auto received = co_await socket_.async_receive(asio::buffer(buffer), asio::as_tuple(asio::deferred));
    auto& [ec, bytes] = received;
    if (ec) {
      // One that nobody reads fills, and mysqld would wait for room in it when it ends; a closed one it passes over.
      boost::system::error_code ignored;
      socket_.close(ignored);
      co_return;
    }
    phase_ = phase_after(phase_, std::string_view(buffer.data(), bytes));
  }
}

}  // namespace ordinal::mysql
