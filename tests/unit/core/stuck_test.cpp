// When mysqld must be killed to be of use again: what /mysql/livez answers, and so when the kubelet restarts it.
#include <doctest/doctest.h>

#include "core/run_decision.hpp"

namespace ordinal::run {
namespace {

using std::chrono_literals::operator""s;
using Why = MysqlUnknown::Why;

constexpr auto limit = 60s;

struct Row {
  const char* what;
  std::variant<MysqlUnknown, MysqlFacts> mysql;
  MysqldPhase phase = MysqldPhase::ready;
  bool donated_last = false;
  bool stuck = false;
};

/// Since the clock's zero, that is for as long as the observation's `now`.
MysqlUnknown unknown(Why why) { return {.why = why, .detail = "no answer within the limit"}; }

}  // namespace

TEST_CASE("stuck: only a mysqld that accepts connections and answers none for longer than the limit, without a reason to") {
  for (const auto& [what, mysql, phase, donated_last, expected] : {
           Row{.what = "it answers", .mysql = MysqlFacts{}},
           Row{.what = "nobody listens: the kubelet sees that itself", .mysql = unknown(Why::unreachable)},
           Row{.what = "it refuses the password: a restart changes nothing", .mysql = unknown(Why::denied)},
           Row{.what = "it is silent", .mysql = unknown(Why::silent), .stuck = true},
           Row{.what = "it is silent, and nothing is known of its phase",
               .mysql = unknown(Why::silent),
               .phase = MysqldPhase::unknown,
               .stuck = true},
           Row{.what = "it starts", .mysql = unknown(Why::silent), .phase = MysqldPhase::starting},
           Row{.what = "it recovers from a crash, perhaps for an hour", .mysql = unknown(Why::silent), .phase = MysqldPhase::recovering},
           Row{.what = "it was donating, which blocks DDL and whoever waits for it", .mysql = unknown(Why::silent), .donated_last = true},
       }) {
    CAPTURE(what);
    Observation observation;
    observation.mysql = mysql;
    observation.phase = phase;
    observation.now = Instant{} + limit + 1s;
    const auto why = run::stuck(observation, donated_last, limit);
    REQUIRE(why.has_value() == expected);
    if (why) CHECK(why->code == Code::MYSQL_SILENT);
    observation.now = Instant{} + limit;
    CHECK_FALSE(run::stuck(observation, donated_last, limit));
  }
}

}  // namespace ordinal::run
