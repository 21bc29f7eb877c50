// The table of paths, and what each answers.
#include "http/routes.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "http/metrics.hpp"
#include "wire/status_json.hpp"

namespace ordinal::http {

namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";
constexpr std::string_view json_type = "application/json";
constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view check_prefix = "/readyz/";

/// A request taken apart, and all that there is to answer it from.
struct Question {
  std::string_view path;
  std::string_view query;
  bool json = false;
  bool by_probe = false;
  const Board& board;
  Instant now;
  const Limits& limits;
};

/// Yes, or no and why.
struct Verdict {
  bool ok = true;
  std::string_view code;  ///< "" where no reason code fits
  std::string text;
};

Verdict yes() { return {}; }
Verdict no(const Reason& reason) { return {.ok = false, .code = to_string(reason.code), .text = reason.text}; }
Verdict no(std::string text) { return {.ok = false, .code = "", .text = std::move(text)}; }

/// The value of `key` in the query, "" when it has none; nothing when it is not there.
std::optional<std::string_view> parameter(std::string_view query, std::string_view key) {
  for (const auto part : split(query, '&')) {
    const auto equals = part.find('=');
    if (part.substr(0, equals) == key) return equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
  }
  return std::nullopt;
}

Response as_json(unsigned status, std::string body) {
  return {.status = status, .content_type = json_type, .body = std::move(body) + "\n"};
}
Response as_text(unsigned status, std::string body) {
  return {.status = status, .content_type = plain_text, .body = std::move(body) + "\n"};
}

std::string sentence(const Verdict& verdict) {
  if (verdict.ok) return "ok";
  return verdict.code.empty() ? verdict.text : std::format("{}: {}", verdict.code, verdict.text);
}

/// `"ok":…` and, when it is not, `"reason":…`: members of a JSON object.
std::string json_members(const Verdict& verdict) {
  if (verdict.ok) return R"("ok":true)";
  const auto code = verdict.code.empty() ? std::string() : std::format(R"("code":{},)", json_text(verdict.code));
  return std::format(R"("ok":false,"reason":{{{}"text":{}}})", code, json_text(verdict.text));
}

Response say(const Question& question, const Verdict& verdict) {
  const unsigned status = verdict.ok ? 200 : 503;
  return question.json ? as_json(status, "{" + json_members(verdict) + "}") : as_text(status, sentence(verdict));
}

Response complain(const Question& question, unsigned status, const std::string& text) {
  return question.json ? as_json(status, std::format(R"({{"error":{}}})", json_text(text))) : as_text(status, text);
}

/// Whether the pod may serve. Everything that says "ready" asks this.
Verdict readiness(const Question& question) {
  if (const auto stale = staleness(question.board, question.now, question.limits)) return no(*stale);
  const auto& status = question.board.latest()->status;
  return status.ready ? yes() : no(status.reason);
}

Response livez(const Question& question) {
  const auto age = elapsed(question.board.last_beat(), question.now);
  if (age <= question.limits.heartbeat_age_max) return say(question, yes());
  return say(question, no(std::format("The agent's loop last turned {} ago; {} is the limit.", format_duration(age),
                                      format_duration(question.limits.heartbeat_age_max))));
}

/// Every check by name, the snapshot's freshness first. Of a stale snapshot only that is known.
std::vector<std::pair<std::string, Verdict>> checks(const Question& question) {
  if (const auto stale = staleness(question.board, question.now, question.limits)) return {{"snapshot", no(*stale)}};
  std::vector<std::pair<std::string, Verdict>> all{{"snapshot", yes()}};
  for (const auto& check : question.board.latest()->status.checks) all.emplace_back(check.name, check.ok ? yes() : no(check.reason));
  return all;
}

Response readyz(const Question& question) {
  const auto verdict = readiness(question);
  const unsigned status = verdict.ok ? 200 : 503;
  std::string list;
  Response response;
  if (question.json) {
    for (const auto& [name, check] : checks(question)) {
      list += std::format("{}{{\"name\":{},{}}}", list.empty() ? "" : ",", json_text(name), json_members(check));
    }
    response = as_json(status, std::format(R"({{{},"checks":[{}]}})", json_members(verdict), list));
  } else {
    if (parameter(question.query, "verbose")) {
      for (const auto& [name, check] : checks(question)) list += std::format("[{}]{} {}\n", check.ok ? '+' : '-', name, sentence(check));
    }
    response = as_text(status, list + sentence(verdict));
  }
  response.tells_of_drain = question.by_probe && verdict.code == to_string(Code::DRAINING);
  return response;
}

Response readyz_check(const Question& question) {
  const auto wanted = question.path.substr(check_prefix.size());
  const auto all = checks(question);
  const auto found = std::ranges::find(all, wanted, [](const auto& check) -> std::string_view { return check.first; });
  if (found != all.end()) return say(question, found->second);
  // Which checks there are is not known without a fresh snapshot, so none can be said not to exist.
  if (const auto stale = staleness(question.board, question.now, question.limits)) return say(question, no(*stale));
  std::string names;
  for (const auto& [name, check] : all) names += " " + name;
  return complain(question, 404, "There is no such check; the checks are:" + names);
}

/// A stale snapshot says nothing about mysqld, and what is not known must not kill it.
Response mysql_livez(const Question& question) {
  if (staleness(question.board, question.now, question.limits)) return say(question, yes());
  const auto& life = question.board.latest()->mysql_life;
  return say(question, life.alive ? yes() : no(life.reason));
}

/// Whether the pod is ready and of this role.
Verdict readiness_as(const Question& question, Role role) {
  auto verdict = readiness(question);
  if (!verdict.ok) return verdict;
  const auto actual = question.board.latest()->status.owner.role();
  return actual == role ? yes() : no(std::format("This pod is a {}.", to_string(actual)));
}

Response primary(const Question& question) {
  auto verdict = readiness_as(question, Role::primary);
  if (verdict.ok) {
    const auto& mysql = question.board.latest()->status.mysql;
    if (!mysql || !mysql->open) verdict = no(reason(Code::PRIMARY_CLOSED));
  }
  return say(question, verdict);
}

Response replica(const Question& question) {
  const auto text = parameter(question.query, "lag");
  const auto lag_max = text ? parse_duration(*text) : std::nullopt;
  if (text && !lag_max) return complain(question, 400, "lag must be a duration such as 5s or 500ms.");
  auto verdict = readiness_as(question, Role::replica);
  if (verdict.ok && lag_max) {
    const auto replication = status_at(question.board, question.now, question.limits).replication;
    const auto lag = replication ? replication->lag_seconds : std::nullopt;
    const auto lag_seconds_max = std::chrono::duration<double>(*lag_max).count();
    if (!lag) {
      verdict = no(reason(Code::LAG_UNKNOWN));
    } else if (*lag > lag_seconds_max) {
      verdict = no(reason(Code::LAG_TOO_HIGH, std::format("The data may be {:.3f} s old; {} s were asked for.", *lag, lag_seconds_max)));
    }
  }
  return say(question, verdict);
}

Response read_only(const Question& question) { return say(question, readiness(question)); }

Response status(const Question& question) {
  if (!question.board.latest()) return say(question, no(reason(Code::AGENT_STARTING)));
  return as_json(200, to_json(status_at(question.board, question.now, question.limits)));
}

Response cluster(const Question& question) {
  const auto snapshot = question.board.latest();
  if (!snapshot) return say(question, no(reason(Code::AGENT_STARTING)));
  auto own = to_json(status_at(question.board, question.now, question.limits));
  std::vector<std::pair<PodName, std::string>> pods{{snapshot->status.owner.pod, std::move(own)}};
  for (const auto& peer : snapshot->peers) {
    pods.emplace_back(peer.pod, peer.answer ? to_json(status_at(*peer.answer, question.now))
                                            : std::format(R"({{"pod":{},"unreachable":{}}})", json_text(peer.pod.to_string()),
                                                          json_text(peer.why_silent)));
  }
  std::ranges::sort(pods, {}, [](const auto& pod) -> const PodName& { return pod.first; });
  std::string list;
  for (const auto& [name, json] : pods) list += (list.empty() ? "" : ",") + json;
  return as_json(200, std::format(R"({{"pods":[{}]}})", list));
}

Response history(const Question& question) {
  std::string list;
  for (const auto& event : question.board.history()) list += (list.empty() ? "" : ",") + event;
  return as_json(200, std::format(R"({{"events":[{}]}})", list));
}

Response metrics(const Question& question) {
  return {.status = 200, .content_type = metrics_type, .body = metrics_text(question.board, question.now, question.limits)};
}

Response version(const Question& question) {
  return question.json ? as_json(200, std::format(R"({{"version":{}}})", json_text(ORDINAL_VERSION)))
                       : as_text(200, "ordinal " ORDINAL_VERSION);
}

Response index(const Question& question);

struct Route {
  std::string_view path;
  std::string_view meaning;
  Response (*answer)(const Question&);
};

constexpr std::array routes{
    Route{"/", "this list", index},
    Route{"/livez", "the agent's loop turns", livez},
    Route{"/readyz", "this pod may serve; ?verbose lists the checks, /readyz/<check> asks for one", readyz},
    Route{"/mysql/livez", "mysqld need not be killed", mysql_livez},
    Route{"/primary", "this pod takes writes", primary},
    Route{"/replica", "this pod is a replica that may serve; ?lag=5s bounds how old its data may be", replica},
    Route{"/read-only", "this pod takes reads", read_only},
    Route{"/status", "this pod, in JSON", status},
    Route{"/cluster", "all pods, in JSON", cluster},
    Route{"/history", "the events of this volume's life, in JSON", history},
    Route{"/metrics", "Prometheus text", metrics},
    Route{"/version", "the agent's version", version},
};

std::string list_of_paths() {
  std::string list;
  for (const auto& route : routes) list += std::format("\n{:<14}{}", route.path, route.meaning);
  return list;
}

Response index(const Question&) { return as_text(200, "Ordinal " ORDINAL_VERSION + list_of_paths()); }

Response not_found(const Question& question) { return complain(question, 404, "There is no such path; the paths are:" + list_of_paths()); }

}  // namespace

Response answer(const Request& request, const Board& board, Instant now, const Limits& limits) {
  const auto path_end = request.target.find('?');
  const auto query = path_end == std::string_view::npos ? std::string_view() : request.target.substr(path_end + 1);
  const bool json = parameter(query, "format") == "json" || request.accept.contains(json_type);
  const bool by_probe = request.user_agent.starts_with(kubelet_agent) || request.user_agent.starts_with(probe_agent);
  const Question question{request.target.substr(0, path_end), query, json, by_probe, board, now, limits};

  const auto found = std::ranges::find(routes, question.path, &Route::path);
  const bool is_check = question.path.starts_with(check_prefix);
  if (found == routes.end() && !is_check) return not_found(question);
  if (request.method != "GET" && request.method != "HEAD") {
    auto response = complain(question, 405, std::format("Only {} work here.", allowed_methods));
    response.allow = true;
    return response;
  }
  return is_check ? readyz_check(question) : found->answer(question);
}

Response refusal(unsigned status) {
  switch (status) {
    case 413: return as_text(status, "Nothing here takes a body.");
    case 431: return as_text(status, "The header is too long.");
    case 500: return as_text(status, "The agent failed to answer; this is a bug.");
    default: return as_text(400, "This is not a valid HTTP request.");
  }
}

}  // namespace ordinal::http
