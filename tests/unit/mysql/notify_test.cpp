// The words of mysqld on NOTIFY_SOCKET.
#include "mysql/notify.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>

namespace ordinal::mysql {
namespace {

namespace asio = boost::asio;
using run::MysqldPhase;

TEST_CASE("phase_after: a whole life of mysqld, as 9.7.4 tells it") {
  MysqldPhase phase = MysqldPhase::unknown;
  const auto hear = [&](std::string_view message) { return phase = phase_after(phase, message); };
  CHECK(hear("STATUS=Server startup in progress\n") == MysqldPhase::starting);
  CHECK(hear("STATUS=InnoDB initialization in progress\n") == MysqldPhase::starting);
  CHECK(hear("STATUS=InnoDB crash recovery in progress\n") == MysqldPhase::recovering);
  CHECK(hear("STATUS=InnoDB crash recovery successful\n") == MysqldPhase::starting);
  CHECK(hear("STATUS=Components initialization successful\n") == MysqldPhase::starting);
  CHECK(hear("READY=1\nSTATUS=Server is operational\nMAIN_PID=66\n") == MysqldPhase::ready);
  CHECK(hear("STOPPING=1\nSTATUS=Server shutdown in progress\n") == MysqldPhase::stopping);
  CHECK(hear("Shutdown of components in progress\n") == MysqldPhase::stopping);
  CHECK(hear("STATUS=Server shutdown complete (with return value = 0)") == MysqldPhase::stopping);
  CHECK(hear("STATUS=Server startup in progress\n") == MysqldPhase::starting);
}

TEST_CASE("phase_after: lines may come together or one by one, with or without a newline at the end") {
  CHECK(phase_after(MysqldPhase::unknown, "STATUS=Server startup in progress\nREADY=1\nSTATUS=Server is operational") ==
        MysqldPhase::ready);
  CHECK(phase_after(MysqldPhase::starting, "READY=1") == MysqldPhase::ready);
  CHECK(phase_after(MysqldPhase::ready, "STOPPING=1\n") == MysqldPhase::stopping);
}

TEST_CASE("phase_after: what means nothing changes nothing") {
  for (const std::string_view message :
       {"", "\n\n", "READY=", "READY=10", "XREADY=1", "STATUS=READY=1", "STATUS=InnoDB crash recovery in prog"}) {
    CHECK(phase_after(MysqldPhase::recovering, message) == MysqldPhase::recovering);
  }
}

// A directory that goes with the test.
struct Directory {
  Directory() {
    char name[] = "/tmp/notify_test.XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

void say(asio::io_context& context, const std::string& path, std::string_view words) {
  asio::local::datagram_protocol::socket speaker(context, asio::local::datagram_protocol());
  speaker.send_to(asio::buffer(words), asio::local::datagram_protocol::endpoint(path));
}

TEST_CASE("notify: hears datagrams as they come, and takes the place of a stale socket") {
  const Directory directory;
  const std::string path = directory.path / "notify";
  for (int agent = 0; agent < 2; ++agent) {  // the first one leaves its socket behind
    asio::io_context context{1};
    Notify notify(context.get_executor());
    REQUIRE(notify.open(path));
    CHECK(notify.phase() == MysqldPhase::unknown);
    say(context, path, "STATUS=Server startup in progress\n");
    say(context, path, "READY=1\nSTATUS=Server is operational\n");
    asio::co_spawn(context, notify.listen(), asio::cancel_after(std::chrono::milliseconds(50), asio::detached));
    context.run();
    CHECK(notify.phase() == MysqldPhase::ready);
  }
}

TEST_CASE("notify: a path that cannot be a socket's is an error") {
  asio::io_context context{1};
  Notify notify(context.get_executor());
  CHECK(notify.open("/" + std::string(107, 'x')).error().kind == Kind::bad_config);
  CHECK(notify.open("").error().kind == Kind::bad_config);
  CHECK(notify.open("/nowhere/notify").error().code == ENOENT);
}

}  // namespace
}  // namespace ordinal::mysql
