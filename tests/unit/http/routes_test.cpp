// Every path and its answers, without a socket.
#include "http/routes.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "http/board_fixture.hpp"
#include "wire/status_json.hpp"

namespace json = boost::json;
using namespace ordinal;
using namespace ordinal::http;
using namespace ordinal::http::test;
using namespace std::chrono_literals;

namespace {

Response ask(const Board& board, std::string_view target, Milliseconds after = 0ms) {
  return answer({.method = "GET", .target = target, .accept = ""}, board, start + after, Limits{});
}

Response ask(const Snapshot& snapshot, std::string_view target, Milliseconds after = 0ms) {
  Board board(start);
  publish(board, snapshot);
  return ask(board, target, after);
}

/// What is said of this snapshot in JSON.
json::value ask_json(const Snapshot& snapshot, const std::string& target, Milliseconds after = 0ms) {
  const auto response = ask(snapshot, target + (target.contains('?') ? "&" : "?") + "format=json", after);
  CHECK(response.content_type == "application/json");
  return json::parse(response.body);
}

}  // namespace

TEST_CASE("routes: livez follows the heartbeat and nothing else") {
  Board board(start);
  CHECK(ask(board, "/livez", 10s).status == 200);
  CHECK(ask(board, "/livez", 10s).body == "ok\n");
  CHECK(ask(board, "/livez", 10s + 1ms).status == 503);
  CHECK(ask(board, "/livez", 11s).body == "The agent's loop last turned 11s ago; 10s is the limit.\n");
  board.beat(start + 11s);
  CHECK(ask(board, "/livez", 11s).status == 200);
  publish(board, unready(serving_replica(), reason(Code::LAG_TOO_HIGH)));
  CHECK(ask(board, "/livez", 11s).status == 200);
}

TEST_CASE("routes: before the first snapshot only the agent's own life is known") {
  const Board board(start);
  for (const auto* target :
       {"/readyz", "/readyz/replication", "/readyz/snapshot", "/primary", "/replica", "/read-only", "/status", "/cluster"}) {
    CAPTURE(target);
    CHECK(ask(board, target).status == 503);
    CHECK(ask(board, target).body.starts_with("AGENT_STARTING: "));
  }
  for (const auto* target : {"/", "/livez", "/mysql/livez", "/history", "/metrics", "/version"}) {
    CAPTURE(target);
    CHECK(ask(board, target).status == 200);
  }
}

TEST_CASE("routes: readyz says ok, or the reason") {
  CHECK(ask(serving_replica(), "/readyz").status == 200);
  CHECK(ask(serving_replica(), "/readyz").body == "ok\n");
  const auto no = ask(unready(serving_replica(), {Code::LAG_TOO_HIGH, "12 s."}), "/readyz");
  CHECK(no.status == 503);
  CHECK(no.body == "LAG_TOO_HIGH: 12 s.\n");
  CHECK(no.content_type == "text/plain; charset=utf-8");
  CHECK_FALSE(no.tells_of_drain);
}

TEST_CASE("routes: verbose readyz lists every check") {
  CHECK(ask(serving_replica(), "/readyz?verbose").body == "[+]snapshot ok\n[+]mysql ok\n[+]replication ok\nok\n");
  const auto no = unready(serving_replica(), {Code::LAG_TOO_HIGH, "12 s."});
  CHECK(ask(no, "/readyz?verbose=1").body == "[+]snapshot ok\n[+]mysql ok\n[-]replication LAG_TOO_HIGH: 12 s.\nLAG_TOO_HIGH: 12 s.\n");
  const auto value = ask_json(no, "/readyz");
  CHECK(value.at("ok") == false);
  CHECK(value.at("reason") == json::object{{"code", "LAG_TOO_HIGH"}, {"text", "12 s."}});
  CHECK(value.at("checks").at(1) == json::object{{"name", "mysql"}, {"ok", true}});
  CHECK(value.at("checks").at(2).at("reason").at("code") == "LAG_TOO_HIGH");
}

TEST_CASE("routes: a single check is asked for by name") {
  const auto no = unready(serving_replica(), {Code::LAG_TOO_HIGH, "12 s."});
  CHECK(ask(no, "/readyz/mysql").status == 200);
  CHECK(ask(no, "/readyz/snapshot").status == 200);
  CHECK(ask(no, "/readyz/replication").status == 503);
  CHECK(ask(no, "/readyz/replication").body == "LAG_TOO_HIGH: 12 s.\n");
  CHECK(ask(no, "/readyz/nonsense").status == 404);
  CHECK(ask(no, "/readyz/nonsense").body == "There is no such check; the checks are: snapshot mysql replication\n");
  CHECK(ask(no, "/readyz/").status == 404);
}

TEST_CASE("routes: a snapshot older than the limit is ready for nothing") {
  CHECK(ask(serving_replica(), "/readyz", 3s).status == 200);
  for (const auto* target : {"/readyz", "/readyz/mysql", "/readyz/snapshot", "/readyz/nonsense", "/replica", "/read-only"}) {
    CAPTURE(target);
    const auto response = ask(serving_replica(), target, 3s + 1ms);
    CHECK(response.status == 503);
    CHECK(response.body.starts_with("SNAPSHOT_STALE: "));
  }
  CHECK(ask(serving_primary(), "/primary", 3s + 1ms).status == 503);
  CHECK(ask(serving_replica(), "/readyz?verbose", 4s).body.starts_with("[-]snapshot SNAPSHOT_STALE: "));
}

TEST_CASE("routes: a drain is told of by readyz alone, and only to a readiness probe") {
  Board board(start);
  publish(board, unready(serving_replica(), reason(Code::DRAINING)));
  const auto told = [&](std::string_view target, std::string_view user_agent, Milliseconds after = 0ms) {
    const Request request{.method = "GET", .target = target, .accept = "", .user_agent = user_agent};
    return answer(request, board, start + after, Limits{}).tells_of_drain;
  };
  CHECK(ask(board, "/readyz").status == 503);
  CHECK(told("/readyz", "kube-probe/1.34"));
  CHECK(told("/readyz?format=json", "ordinal-probe/0.1.0"));
  CHECK_FALSE(told("/readyz/replication", "kube-probe/1.34"));
  CHECK_FALSE(told("/replica", "kube-probe/1.34"));
  CHECK_FALSE(told("/readyz", "kube-probe/1.34", 4s));
  for (const auto* stranger : {"", "curl/8.14.1", "Go-http-client/1.1", "kube-probe", "my kube-probe/1.34"}) {
    CAPTURE(stranger);
    CHECK_FALSE(told("/readyz", stranger));
  }
}

TEST_CASE("routes: mysql/livez is no only when mysqld must be killed, and that is known") {
  auto dead = serving_replica();
  CHECK(ask(dead, "/mysql/livez").status == 200);
  dead.mysql_life = {.alive = false, .reason = {Code::MYSQL_UNREACHABLE, "Silent for 61 s."}};
  CHECK(ask(dead, "/mysql/livez").status == 503);
  CHECK(ask(dead, "/mysql/livez").body == "MYSQL_UNREACHABLE: Silent for 61 s.\n");
  CHECK(ask(dead, "/mysql/livez", 4s).status == 200);
}

TEST_CASE("routes: primary needs the role, readiness and an open server") {
  auto snapshot = serving_primary();
  CHECK(ask(snapshot, "/primary").status == 200);
  CHECK(ask(serving_replica(), "/primary").status == 503);
  CHECK(ask(serving_replica(), "/primary").body == "This pod is a replica.\n");
  CHECK(ask_json(serving_replica(), "/primary").at("reason") == json::object{{"text", "This pod is a replica."}});
  CHECK(ask(unready(snapshot, reason(Code::DRAINING)), "/primary").status == 503);
  snapshot.status.mysql->open = false;
  CHECK(ask(snapshot, "/primary").body.starts_with("PRIMARY_CLOSED: "));
  snapshot.status.mysql.reset();
  CHECK(ask(snapshot, "/primary").status == 503);
}

TEST_CASE("routes: replica and read-only need readiness, the first one the role too") {
  CHECK(ask(serving_replica(), "/replica").status == 200);
  CHECK(ask(serving_replica(), "/read-only").status == 200);
  CHECK(ask(serving_primary(), "/replica").body == "This pod is a primary.\n");
  CHECK(ask(serving_primary(), "/read-only").status == 200);
  const auto no = unready(serving_replica(), reason(Code::LAG_TOO_HIGH));
  CHECK(ask(no, "/replica").status == 503);
  CHECK(ask(no, "/read-only").status == 503);
}

TEST_CASE("routes: the lag asked for is compared with the bound of this moment") {
  auto snapshot = serving_replica();
  CHECK(ask(snapshot, "/replica?lag=500ms").status == 200);
  CHECK(ask(snapshot, "/replica?lag=499ms").status == 503);
  CHECK(ask(snapshot, "/replica?lag=1s", 500ms).status == 200);
  CHECK(ask(snapshot, "/replica?lag=1s", 501ms).status == 503);
  CHECK(ask(snapshot, "/replica?lag=1s", 600ms).body == "LAG_TOO_HIGH: The data may be 1.100 s old; 1 s were asked for.\n");
  snapshot.status.replication->lag_seconds.reset();
  CHECK(ask(snapshot, "/replica").status == 200);
  CHECK(ask(snapshot, "/replica?lag=1h").body.starts_with("LAG_UNKNOWN: "));
}

TEST_CASE("routes: a malformed lag is refused with a sentence, ready or not") {
  for (const auto* target : {"/replica?lag=", "/replica?lag", "/replica?lag=5", "/replica?lag=-5s", "/replica?lag=5s%20",
                             "/replica?lag=five", "/replica?lag=99999999999999999999s", "/replica?x&lag=1e9s"}) {
    CAPTURE(target);
    CHECK(ask(serving_replica(), target).status == 400);
    CHECK(ask(serving_primary(), target).status == 400);
    CHECK(ask(serving_replica(), target).body == "lag must be a duration such as 5s or 500ms.\n");
  }
}

TEST_CASE("routes: status has the ages of the moment") {
  Board board(start);
  publish(board, serving_replica());
  board.beat(start + 200ms);
  const auto response = ask(board, "/status", 1s);
  CHECK(response.status == 200);
  CHECK(response.content_type == "application/json");
  const auto status = parse_status(response.body);
  REQUIRE(status.has_value());
  CHECK(status->ready);
  CHECK(status->agent.loop_age_ms == 800);
  CHECK(status->agent.sample_age_ms == 1040);
  CHECK(status->replication->lag_seconds == 1.5);
}

TEST_CASE("routes: the status of a stale snapshot is not ready, and keeps a reason that it had") {
  auto status = parse_status(ask(serving_replica(), "/status", 4s).body).value();
  CHECK_FALSE(status.ready);
  CHECK(status.reason.code == Code::SNAPSHOT_STALE);
  status = parse_status(ask(unready(serving_replica(), reason(Code::MYSQL_DENIED)), "/status", 4s).body).value();
  CHECK(status.reason.code == Code::MYSQL_DENIED);
}

TEST_CASE("routes: cluster lists all pods by ordinal, the silent ones with why") {
  auto snapshot = serving_replica();
  snapshot.status.owner.pod.ordinal = 2;
  PeerView silent{.pod = {"db", 10}, .host = "", .answer = {}, .last = {}, .why_silent = "no \"answer\"", .missing_since = {}};
  PeerView answering{.pod = {"db", 0}, .host = "", .answer = {}, .last = {}, .why_silent = "", .missing_since = {}};
  answering.answer = PeerAnswer{serving_primary().status, start - 100ms, start - 50ms};
  snapshot.peers = {silent, answering};
  const auto pods = json::parse(ask(snapshot, "/cluster", 1s).body).at("pods").as_array();
  REQUIRE(pods.size() == 3);
  CHECK(pods[0].at("pod") == "db-0");
  CHECK(pods[0].at("agent").at("sample_age_ms") == 40 + 100 + 1000);
  CHECK(pods[1].at("pod") == "db-2");
  CHECK(pods[1].at("agent").at("sample_age_ms") == 40 + 1000);
  CHECK(pods[2] == json::object{{"pod", "db-10"}, {"unreachable", "no \"answer\""}});
}

TEST_CASE("routes: history is the board's events") {
  Board board(start);
  CHECK(ask(board, "/history").body == "{\"events\":[]}\n");
  board.append_history(R"({"event":"provisioned"})");
  board.append_history(R"({"event":"reattached"})");
  CHECK(ask(board, "/history").body == "{\"events\":[{\"event\":\"provisioned\"},{\"event\":\"reattached\"}]}\n");
}

TEST_CASE("routes: version in both forms") {
  CHECK(ask(serving_replica(), "/version").body == "ordinal " ORDINAL_VERSION "\n");
  CHECK(ask_json(serving_replica(), "/version").at("version") == ORDINAL_VERSION);
}

TEST_CASE("routes: JSON is given to whoever accepts it") {
  Board board(start);
  const auto accepting = [&](std::string_view accept) {
    return answer({.method = "GET", .target = "/livez", .accept = accept}, board, start, Limits{}).body;
  };
  CHECK(accepting("application/json") == "{\"ok\":true}\n");
  CHECK(accepting("text/html, application/json;q=0.9") == "{\"ok\":true}\n");
  CHECK(accepting("*/*") == "ok\n");
  CHECK(ask(board, "/livez?format=json").body == "{\"ok\":true}\n");
  CHECK(ask(board, "/livez?format=text").body == "ok\n");
}

TEST_CASE("routes: an unknown path is answered with the list of the known ones") {
  for (const auto* target : {"/nothing", "", "/livez/", "/LIVEZ", "//", "/readyzz", "*", "/../status", "/%6civez", "?format=text"}) {
    CAPTURE(target);
    const auto response = ask(serving_replica(), target);
    CHECK(response.status == 404);
    for (const auto* path : {"/livez", "/readyz", "/mysql/livez", "/primary", "/replica", "/read-only", "/status", "/cluster", "/history",
                             "/metrics", "/version"}) {
      CHECK(response.body.contains(std::string("\n") + path + " "));
    }
  }
  CHECK(std::string_view(ask_json(serving_replica(), "/nothing").at("error").as_string()).contains("There is no such path"));
  CHECK(ask(serving_replica(), "/").body.contains("\n/livez "));
}

TEST_CASE("routes: only GET and HEAD work") {
  Board board(start);
  const auto with_method = [&](std::string_view method, std::string_view target) {
    return answer({.method = method, .target = target, .accept = ""}, board, start, Limits{});
  };
  for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", "", "BREW"}) {
    CAPTURE(method);
    CHECK(with_method(method, "/livez").status == 405);
    CHECK(with_method(method, "/livez").allow);
    CHECK(with_method(method, "/readyz/x").status == 405);
    CHECK(with_method(method, "/nothing").status == 404);
  }
  CHECK(with_method("HEAD", "/livez").status == 200);
  CHECK(with_method("HEAD", "/livez").body == "ok\n");
}
