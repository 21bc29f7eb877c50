// A real mysqld for the tests, in a directory of its own.
#include "mysql_server/server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdlib>
#include <cstring>
#include <format>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "mysql/observe.hpp"

namespace ordinal::test {

namespace asio = boost::asio;
namespace sql = boost::mysql;

namespace {

// What the first pod's init file makes; see the accounts in the design.
std::string accounts() {
  std::string quoted;
  for (const char c : agent_password) quoted += (c == '\'' || c == '\\') ? std::string{'\\', c} : std::string{c};
  return std::format(R"(CREATE USER ordinal@localhost IDENTIFIED BY '{0}';
CREATE USER ordinal@'127.0.0.1' IDENTIFIED BY '{0}';
GRANT RELOAD, REPLICATION CLIENT, CREATE USER, REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN, )"
                     R"(CONNECTION_ADMIN, SERVICE_CONNECTION_ADMIN, EVENT ON *.* TO ordinal@localhost, ordinal@'127.0.0.1';
GRANT SELECT ON performance_schema.* TO ordinal@localhost, ordinal@'127.0.0.1';
GRANT CREATE, SELECT, INSERT, DELETE ON ordinal.* TO ordinal@localhost, ordinal@'127.0.0.1';
GRANT SELECT (Host, User, User_attributes) ON mysql.user TO ordinal@localhost, ordinal@'127.0.0.1';
CREATE USER ordinal_replication@'%' IDENTIFIED BY "{1}" REQUIRE SSL;
GRANT REPLICATION SLAVE ON *.* TO ordinal_replication@'%';
CREATE USER ordinal_clone@'%' IDENTIFIED BY 'clone' REQUIRE SSL;
GRANT BACKUP_ADMIN ON *.* TO ordinal_clone@'%';
CREATE DATABASE ordinal;
CREATE TABLE ordinal.cluster (id TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (id = 1), cluster_id CHAR(36) NOT NULL, )"
                     R"(made_at DATETIME NOT NULL) ENGINE=InnoDB CHARACTER SET ascii;
INSERT INTO ordinal.cluster (id, cluster_id, made_at) VALUES (1, '{2}', '2026-11-22 11:20:59');
CREATE DATABASE shop;
CREATE TABLE shop.orders (number INT PRIMARY KEY);
)",
                     quoted, replication_password, cluster_id);
}

std::filesystem::path new_directory() {
  char name[] = "/tmp/server.XXXXXX";
  if (::mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp failed");
  return name;
}

pid_t spawn_mysqld(std::vector<std::string> arguments, const std::filesystem::path& log, const std::string& notify_socket) {
  arguments.insert(arguments.begin(), {"mysqld", "--no-defaults"});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  std::string notify = "NOTIFY_SOCKET=" + notify_socket;
  std::array<char*, 3> environment{path.data(), notify_socket.empty() ? nullptr : notify.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, "mysqld", &actions, nullptr, argv.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(std::string("mysqld cannot be started: ") + std::strerror(error));
  return pid;
}

void initialize(const std::filesystem::path& directory) {
  std::ofstream(directory / "init.sql") << accounts();
  const pid_t pid = spawn_mysqld({"--initialize-insecure", "--datadir=" + (directory / "data").string(), "--innodb-redo-log-capacity=8M",
                                  "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--init-file=" + (directory / "init.sql").string()},
                                 directory / "log", {});
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid || status != 0) throw std::runtime_error("mysqld --initialize failed, see " + directory.string());
  // Each server that runs on a copy makes a server_uuid of its own.
  std::filesystem::remove(directory / "data" / "auto.cnf");
}

// Initialising takes seconds, copying its outcome does not.
const std::filesystem::path& initialized_once() {
  struct Origin {
    Origin() : directory(new_directory()) { initialize(directory); }
    ~Origin() { std::filesystem::remove_all(directory); }
    std::filesystem::path directory;
  };
  static const Origin origin;
  return origin.directory;
}

// A datagram socket that is bound before mysqld starts, so that no word of it is lost.
class ReadySocket {
 public:
  explicit ReadySocket(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ::unlink(path.c_str());
    const timeval limit{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) throw std::runtime_error("bind " + path);
  }
  ~ReadySocket() { ::close(fd_); }
  ReadySocket(const ReadySocket&) = delete;
  ReadySocket& operator=(const ReadySocket&) = delete;

  void wait() {
    std::array<char, 4096> buffer;
    while (true) {
      const ssize_t bytes = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (bytes < 0) throw std::runtime_error("mysqld did not become ready");
      const std::string_view words(buffer.data(), static_cast<std::size_t>(bytes));
      if (words.contains("READY=1")) return;
      if (words.contains("STOPPING=1") || words.contains("shutdown complete")) throw std::runtime_error("mysqld ended while it started");
    }
  }

 private:
  int fd_;
};

}  // namespace

Server::Server(std::uint16_t number) : number_(number), directory_(new_directory()) {
  std::filesystem::copy(initialized_once() / "data", directory_ / "data", std::filesystem::copy_options::recursive);
}

Server::~Server() {
  kill();
  std::filesystem::remove_all(directory_);
}

void Server::start(const std::vector<std::string>& settings, const std::string& notify_socket) {
  std::vector<std::string> arguments = {"--datadir=" + (directory_ / "data").string(),
                                        "--socket=" + endpoint().socket,
                                        std::format("--port={}", port()),
                                        "--admin-address=127.0.0.1",
                                        std::format("--admin-port={}", endpoint().admin_port),
                                        std::format("--server-id={}", 100 + number_),
                                        "--pid-file=" + (directory_ / "pid").string(),
                                        "--mysqlx=OFF",
                                        "--secure-file-priv=NULL",
                                        "--innodb-redo-log-capacity=8M",
                                        "--innodb-buffer-pool-size=32M",
                                        "--gtid-mode=ON",
                                        "--enforce-gtid-consistency=ON",
                                        "--skip-replica-start=ON",
                                        "--super-read-only=ON",
                                        "--read-only=ON",
                                        "--persisted-globals-load=OFF",
                                        "--relay-log-recovery=OFF",
                                        "--replicate-same-server-id=ON",
                                        "--replica-net-timeout=10",
                                        "--rpl-stop-replica-timeout=10",
                                        "--event-scheduler=OFF",
                                        "--skip-name-resolve=ON",
                                        "--plugin-load-add=mysql_clone.so",
                                        "--plugin-load-add=semisync_source.so",
                                        "--plugin-load-add=semisync_replica.so"};
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  if (!notify_socket.empty()) {
    pid_ = spawn_mysqld(std::move(arguments), directory_ / "log", notify_socket);
    return;
  }
  const std::string path = directory_ / "ready";
  ReadySocket ready(path);
  pid_ = spawn_mysqld(std::move(arguments), directory_ / "log", path);
  ready.wait();
}

void Server::kill() { end(SIGKILL); }
void Server::stop() { end(SIGTERM); }

void Server::terminate() { ::kill(pid_, SIGTERM); }
void Server::freeze() {
  ::kill(pid_, SIGSTOP);
  ::waitpid(pid_, nullptr, WUNTRACED);  // some of its threads may run on for a moment
}
void Server::thaw() { ::kill(pid_, SIGCONT); }

void Server::end(int signal) {
  if (pid_ < 0) return;
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

mysql::Endpoint Server::endpoint() const {
  return {.socket = directory_ / "mysqld.sock", .admin_port = static_cast<std::uint16_t>(33061 + number_)};
}

asio::awaitable<mysql::Connection> Server::connect(std::vector<std::string> passwords) const {
  co_return mysql::Connection(co_await asio::this_coro::executor, endpoint(),
                              [passwords] { return std::vector<Secret>(passwords.begin(), passwords.end()); });
}

asio::awaitable<std::string> Server::root(std::string statements) const {
  sql::any_connection connection(co_await asio::this_coro::executor);
  sql::connect_params params;
  params.server_address = sql::unix_path{endpoint().socket};
  params.username = "root";
  params.multi_queries = true;
  co_await connection.async_connect(params);
  sql::results results;
  co_await connection.async_execute(std::string_view(statements), results);
  const sql::resultset_view last = results.at(results.size() - 1);
  std::string answer;
  if (!last.rows().empty()) {
    std::ostringstream text;
    text << last.rows().at(0).at(0);
    answer = text.str();
  }
  co_await connection.async_close();
  co_return answer;
}

asio::awaitable<run::MysqlFacts> observed(mysql::Connection& connection, std::function<bool(const run::MysqlFacts&)> wanted) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  const Instant deadline = std::chrono::steady_clock::now() + std::chrono::seconds(40);
  std::string last = "nothing was observed";
  while (std::chrono::steady_clock::now() < deadline) {
    Result<run::MysqlFacts> facts = co_await mysql::observe(connection, Milliseconds(5'000));
    if (facts && wanted(*facts)) co_return *std::move(facts);
    if (!facts) last = facts.error().to_string();
    if (facts && facts->replica)
      last = std::format("io {} {} sql {} {}", facts->replica->io_errno, facts->replica->io_error, facts->replica->sql_errno,
                         facts->replica->sql_error);
    timer.expires_after(std::chrono::milliseconds(20));
    co_await timer.async_wait(asio::deferred);
  }
  throw std::runtime_error("not observed in time; last: " + last);
}

}  // namespace ordinal::test
