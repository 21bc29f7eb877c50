// A round of asking: names by SRV, addresses by name, and /status from each, all at once.
#include "peers/peers.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <format>
#include <tuple>
#include <utility>

#include "wire/status_json.hpp"

namespace ordinal {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

Milliseconds left(Instant deadline) { return std::max(Milliseconds(0), elapsed(steady_clock::now(), deadline)); }

}  // namespace

Peers::Peers(asio::any_io_executor executor, Options options)
    : executor_(executor),
      options_(std::move(options)),
      suffix_(std::format(".{}.{}.svc.{}", options_.service, options_.self.name_space, options_.domain)),
      resolver_(std::move(executor), options_.resolver) {
  const Instant now = steady_clock::now();
  for (std::uint32_t i = 0; i < options_.replicas; ++i) expect({options_.self.pod.statefulset, options_.self.first_ordinal + i}, now);
}

asio::awaitable<std::vector<PeerView>> Peers::gather(Milliseconds limit) {
  const Instant deadline = steady_clock::now() + limit;
  const bool due = services_asked_at_ < steady_clock::now() - options_.lookup_interval;
  const bool asks_services = options_.discovery == Discovery::srv && (due || !all_answer());
  // Before the first SRV answer nobody may be looked up, so it is worth waiting for. Later ones count from the next round on: a DNS server
  // that hangs must not delay the questions to pods whose addresses are known.
  const bool waits_for_services = asks_services && !named_;
  if (waits_for_services) co_await ask_services(deadline);
  forget_unnamed();

  const auto spawn = [&](asio::awaitable<void> question) { return asio::co_spawn(executor_, std::move(question), asio::deferred); };
  std::vector<decltype(spawn(ask_services(deadline)))> asked;
  for (auto& [pod, peer] : peers_) asked.push_back(spawn(ask(peer, deadline)));
  if (asks_services && !waits_for_services) asked.push_back(spawn(ask_services(deadline)));
  if (!asked.empty()) {
    auto [order, exceptions] = co_await asio::experimental::make_parallel_group(std::move(asked))
                                   .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (const auto& exception : exceptions) {
      if (exception) std::rethrow_exception(exception);
    }
  }

  std::vector<PeerView> views;
  for (const auto& [pod, peer] : peers_) views.push_back(peer.view);
  co_return views;
}

void Peers::expect(const PodName& pod, Instant now) {
  if (pod == options_.self.pod || peers_.contains(pod)) return;
  Peer& peer = peers_[pod];
  peer.view.pod = pod;
  peer.view.host = host(pod);
  peer.view.why_silent = "it was not asked yet";
  peer.view.silent_since = now;
}

/// Drops pods beyond the configured number that SRV records name no more: they were scaled away.
void Peers::forget_unnamed() {
  const auto configured = [&](const PodName& pod) {
    return pod.ordinal >= options_.self.first_ordinal && pod.ordinal - options_.self.first_ordinal < options_.replicas;
  };
  std::erase_if(peers_, [&](const auto& entry) { return !configured(entry.first) && named_ && !named_->contains(entry.first); });
}

bool Peers::all_answer() const {
  return std::ranges::all_of(peers_, [](const auto& entry) { return entry.second.view.answer.has_value(); });
}

/// Where there is no Service, a pod is known by its bare name.
std::string Peers::host(const PodName& pod) const { return options_.service.empty() ? pod.to_string() : pod.to_string() + suffix_; }

/// The pod whose stable name `target` is; nothing for all other names.
std::optional<PodName> Peers::pod_of(const std::string& target) const {
  const auto pod = parse_pod_name(target);
  if (!pod || pod->statefulset != options_.self.pod.statefulset || target != host(*pod)) return std::nullopt;
  return *pod;
}

asio::awaitable<void> Peers::ask_services(Instant deadline) {
  services_asked_at_ = steady_clock::now();
  const auto records = co_await resolver_.services("_ordinal._tcp" + suffix_, left(deadline));
  if (records) {
    accept_services(*records);
  } else {
    services_unknown(records.error().to_string());
  }
}

void Peers::accept_services(const std::vector<SrvRecord>& records) {
  std::set<PodName> named;
  for (const auto& record : records) {
    if (const auto pod = pod_of(record.target)) named.insert(*pod);
  }
  // Our own name is published as soon as our pod runs. An answer without it is older than that, or about another Service.
  if (!named.contains(options_.self.pod)) return services_unknown("the SRV records do not name this pod itself");

  const Instant now = steady_clock::now();
  services_why_.clear();
  for (const auto& pod : named) {
    if (peers_.size() < peers_max) expect(pod, now);
  }
  for (auto& [pod, peer] : peers_) {
    if (named.contains(pod)) {
      peer.view.missing_since.reset();
    } else if (!peer.view.missing_since) {
      peer.view.missing_since = now;
    }
  }
  named_ = std::move(named);
}

/// Nobody can be called missing by an answer that is none: the time that counts starts anew with the next good one.
void Peers::services_unknown(std::string why) {
  services_why_ = std::move(why);
  for (auto& [pod, peer] : peers_) peer.view.missing_since.reset();
}

asio::awaitable<void> Peers::ask(Peer& peer, Instant deadline) {
  if (!co_await locate(peer, deadline)) co_return;
  const Instant sent_at = steady_clock::now();
  accept(peer, co_await peer.client->fetch("/status", left(deadline)), sent_at);
  // A pod that still answers may have a successor by the same name already, so its name is looked up from time to time all the same. When
  // that fails, the answer is no worse for it.
  const bool due = peer.looked_up_at < steady_clock::now() - options_.lookup_interval;
  if (peer.view.answer && due) std::ignore = co_await look_up(peer, deadline);
}

/// Sees to it that the peer has a client; false, with the reason in its view, when nobody knows where it is.
asio::awaitable<bool> Peers::locate(Peer& peer, Instant deadline) {
  if (peer.client && peer.failures == 0) co_return true;
  // A resolver may remember for 30 s that a name does not exist, so a name is not looked up before it does.
  if (options_.discovery == Discovery::srv && !(named_ && named_->contains(peer.view.pod))) {
    peer.client.reset();
    silence(peer, services_why_.empty() ? "the SRV records do not name it" : services_why_);
    co_return false;
  }
  const auto found = co_await look_up(peer, deadline);
  if (!found && !peer.client) silence(peer, found.error().to_string());
  co_return peer.client.has_value();
}

/// Points the client to an address of the peer's name, to another one than the last time when that did not answer well. When DNS says
/// nothing, the old address stays: it may well be right, and who answers there is checked.
asio::awaitable<Result<void>> Peers::look_up(Peer& peer, Instant deadline) {
  peer.looked_up_at = steady_clock::now();
  const auto found = co_await resolver_.addresses(peer.view.host, left(deadline));
  if (!found) co_return std::unexpected(found.error());
  const bool confirmed = peer.client && std::ranges::contains(*found, peer.client->endpoint().address());
  if (confirmed && peer.failures == 0) co_return Result<void>{};
  const asio::ip::tcp::endpoint endpoint((*found)[peer.failures % found->size()], options_.port);
  if (!peer.client || peer.client->endpoint() != endpoint) peer.client.emplace(executor_, endpoint);
  co_return Result<void>{};
}

void Peers::accept(Peer& peer, const Result<std::string>& body, Instant sent_at) {
  if (!body) return silence(peer, body.error().to_string());
  auto status = parse_status(*body);
  if (!status) return silence(peer, status.error().to_string());
  const Owner expected{options_.self.name_space, peer.view.pod, options_.self.first_ordinal};
  if (status->owner != expected) {
    const bool same_pod = status->owner.name_space == expected.name_space && status->owner.pod == expected.pod;
    const auto why = same_pod ? std::format("not with our first ordinal {}", expected.first_ordinal) : "the address was reused";
    return silence(peer, std::format("it answered as {}: {}", status->owner.to_string(), why));
  }
  peer.failures = 0;
  peer.view.answer = PeerAnswer{std::move(*status), sent_at, steady_clock::now()};
  peer.view.last = peer.view.answer;
  peer.view.why_silent.clear();
}

void Peers::silence(Peer& peer, std::string why) {
  if (peer.view.answer) peer.view.silent_since = peer.view.answer->received_at;
  peer.view.answer.reset();
  peer.view.why_silent = std::move(why);
  ++peer.failures;
}

}  // namespace ordinal
