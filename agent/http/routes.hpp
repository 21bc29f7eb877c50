// What every path answers, as a function of the board and the time: no sockets, no queries, no waiting. It must not name Beast.
#pragma once

#include <string>
#include <string_view>

#include "core/time.hpp"
#include "http/board.hpp"
#include "http/freshness.hpp"

namespace ordinal::http {

struct Request {
  std::string_view method;        ///< "GET", as the client wrote it
  std::string_view target;        ///< path and query, as the client wrote them
  std::string_view accept;        ///< the Accept header; "" without one
  std::string_view user_agent{};  ///< the User-Agent header; "" without one
};

struct Response {
  unsigned status = 200;
  std::string_view content_type;
  std::string body;             ///< for HEAD too; whoever sends it leaves it out
  bool allow = false;           ///< an Allow header naming `allowed_methods` belongs to it
  bool tells_of_drain = false;  ///< it tells a readiness probe that the pod drains
};

constexpr std::string_view allowed_methods = "GET, HEAD";

/// How the User-Agent of a readiness probe begins: the kubelet's, "kube-probe/1.34" (Kubernetes, pkg/probe/http), and that of `ordinal
/// probe`. Whoever else asks, nobody stops sending this pod connections because of the answer.
constexpr std::string_view kubelet_agent = "kube-probe/";
constexpr std::string_view probe_agent = "ordinal-probe/";

/// The answer to any request at all, whatever it contains.
[[nodiscard]] Response answer(const Request& request, const Board& board, Instant now, const Limits& limits);

/// The answer to a request that never became one: 400, 413, 431 or 500 with a sentence.
[[nodiscard]] Response refusal(unsigned status);

}  // namespace ordinal::http
