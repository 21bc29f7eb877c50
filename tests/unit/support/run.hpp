// Runs a coroutine to its end inside a test. It must not be used where several threads are wanted: the context is private and has one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace ordinal::test {

/// The result of `body`, run on an io_context of its own; what it throws is thrown here. When it has not ended after `limit`, this throws
/// instead of hanging. Whatever it spawned and left behind is destroyed with the context. T must be default-constructible.
template <class T>
T run(boost::asio::awaitable<T> body, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  // What the handlers write to is declared before the context, which destroys them.
  bool done = false;
  std::exception_ptr thrown;
  std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> result;
  boost::asio::io_context context{1};
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(context, std::move(body), [&](std::exception_ptr exception) {
      done = true;
      thrown = exception;
    });
  } else {
    boost::asio::co_spawn(context, std::move(body), [&](std::exception_ptr exception, T value) {
      done = true;
      thrown = exception;
      result = std::move(value);
    });
  }
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done && context.run_one_until(deadline) > 0) {
  }
  if (!done) throw std::runtime_error("the coroutine did not end within its limit");
  if (thrown) std::rethrow_exception(thrown);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace ordinal::test
