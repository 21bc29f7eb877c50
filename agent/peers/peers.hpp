// Who the other pods are, where they are, and what they say: finds them in DNS, asks each for its /status, and believes only an answer from
// the pod that was meant. It owns their connections and their last answers; it must not judge what they say about MySQL or data.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/identity.hpp"
#include "core/peer.hpp"
#include "peers/http_client.hpp"
#include "peers/resolver.hpp"

namespace ordinal {

class Peers {
 public:
  /// How the other pods are found.
  enum class Discovery : std::uint8_t {
    srv,    ///< by the SRV records of the headless Service; a name is looked up only once they name it
    fixed,  ///< the pods that the configuration counts, each looked up by its name (plain Docker)
  };

  /// Pods beyond the configured number that are believed in, at most this many peers in all. The configured ones always count.
  static constexpr std::size_t peers_max = 100;

  struct Options {
    Owner self;
    std::string service;  ///< the headless one; "" where there is none, so that a pod is known by its bare name
    std::string domain;   ///< "cluster.local"
    std::uint32_t replicas = 3;
    Discovery discovery = Discovery::srv;
    std::uint16_t port = 8008;
    Resolver::Options resolver;
    /// How long what DNS said is used while all is well; when something is missing or silent, DNS is asked in every round.
    Milliseconds lookup_interval{5'000};
  };

  Peers(boost::asio::any_io_executor executor, Options options);

  /// What every other pod says now, in ascending order of their ordinals: the configured ones, and those that SRV records name beyond them
  /// (design: "Who the peers are"). All are asked at once; it returns within `limit`, and sooner when all have answered. It never fails: a
  /// pod that cannot be found, does not answer, or answers as another one is silent and says why. One call at a time.
  [[nodiscard]] boost::asio::awaitable<std::vector<PeerView>> gather(Milliseconds limit);

 private:
  struct Peer {
    PeerView view;
    std::optional<HttpClient> client;  ///< absent while its address is unknown
    std::optional<Instant> looked_up_at;
    std::size_t failures = 0;  ///< rounds without a good answer, in a row
  };

  void expect(const PodName& pod, Instant now);
  void forget_unnamed();
  [[nodiscard]] bool all_answer() const;
  [[nodiscard]] std::string host(const PodName& pod) const;
  [[nodiscard]] std::optional<PodName> pod_of(const std::string& target) const;

  [[nodiscard]] boost::asio::awaitable<void> ask_services(Instant deadline);
  void accept_services(const std::vector<SrvRecord>& records);
  void services_unknown(std::string why);

  [[nodiscard]] boost::asio::awaitable<void> ask(Peer& peer, Instant deadline);
  [[nodiscard]] boost::asio::awaitable<bool> locate(Peer& peer, Instant deadline);
  [[nodiscard]] boost::asio::awaitable<Result<void>> look_up(Peer& peer, Instant deadline);
  void accept(Peer& peer, const Result<std::string>& body, Instant sent_at);
  static void silence(Peer& peer, std::string why);

  boost::asio::any_io_executor executor_;
  Options options_;
  std::string suffix_;  ///< ".db.shop.svc.cluster.local"
  Resolver resolver_;
  std::map<PodName, Peer> peers_;
  std::optional<std::set<PodName>> named_;  ///< by the newest SRV answer that names ourselves; absent before the first
  std::string services_why_;                ///< why the last SRV answer was none, "" when it was one
  std::optional<Instant> services_asked_at_;
};

}  // namespace ordinal
