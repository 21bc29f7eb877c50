// What `init` and `run` share: the io_context, the endpoints, the peers' answers, signals and the watchdog. It must not decide anything.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

#include "app/setup.hpp"
#include "core/peer.hpp"
#include "http/board.hpp"
#include "http/server.hpp"
#include "peers/peers.hpp"

namespace ordinal::app {

/// The answers of the other pods, refreshed for as long as the service lives.
struct PeerAnswers {
  std::vector<PeerView> views;
  bool asked = false;  ///< at least one round is over
  std::uint64_t errors_total = 0;
};

/// Logs the exception, if there is one, that ended a coroutine: it is a bug, and must not pass unseen.
void report_exception(std::string_view where, const std::exception_ptr& exception);

class Service {
 public:
  /// Where pods are found by SRV records, the first question about them waits for so long.
  explicit Service(const Setup& setup, Milliseconds first_question_after = Milliseconds(0));
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Runs `main` to its end and returns its exit code: opens the endpoints, asks the peers, watches that the loop turns. Fails with
  /// what HTTP listening fails with. An exception of `main`, of the asking or of the waiting for signals is logged and ends with
  /// exit_failed.
  int run(std::function<boost::asio::awaitable<int>()> main);

  /// Waits until the interval has passed, or wake() or a signal comes. Beats the heart.
  boost::asio::awaitable<void> pause(Milliseconds interval);
  /// Ends the present pause, or the next one at once.
  void wake();

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] http::Board& board() { return board_; }
  [[nodiscard]] const PeerAnswers& peers() const { return answers_; }
  /// How often peers are asked.
  void ask_every(Milliseconds interval) { ask_every_ = interval; }
  /// SIGTERM or SIGINT has come.
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] Instant started_at() const { return started_at_; }

  /// Names the step that the loop is in, for the watchdog's last words. `step` must live as long as the program.
  void entering(const char* step) { step_.store(step, std::memory_order_relaxed); }

 private:
  boost::asio::awaitable<void> ask_peers();
  boost::asio::awaitable<void> await_signals();
  void watch(const std::stop_token& stop);

  const Setup& setup_;
  boost::asio::io_context io_{1};
  Instant started_at_;
  http::Board board_;
  http::Server server_;
  Peers peers_;
  PeerAnswers answers_;
  Milliseconds first_question_after_;
  Milliseconds ask_every_{250};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer pause_;
  bool woken_ = false;
  bool stopping_ = false;
  std::atomic<const char*> step_{"starting"};
  std::jthread watchdog_;
};

}  // namespace ordinal::app
