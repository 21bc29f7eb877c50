// Asks DNS for addresses and services, without a thread and with a limit on every question. It owns a c-ares channel; it must not cache
// answers (a re-created pod has a new address), read the hosts file, or complete names with search domains.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "core/time.hpp"

namespace ordinal {

/// One SRV record. Priority and weight say nothing for a headless Service.
struct SrvRecord {
  std::string target;  ///< a full name without its final dot
  std::uint16_t port = 0;
  friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

class Resolver {
 public:
  struct Options {
    /// "127.0.0.1:5353,10.0.0.2": the servers to ask; "" for those in /etc/resolv.conf, which is read once, now.
    std::string servers;
  };

  Resolver(boost::asio::any_io_executor executor, const Options& options);
  /// Questions still in flight end as cancelled.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The IPv4 addresses of `name`, or its IPv6 addresses when it has none of IPv4; never empty. A name is taken as it stands, with or
  /// without its final dot. Fails with timeout; unreachable (`detail` says whether there is no such name, no address, or no DNS server);
  /// protocol (the server failed, refused or sent what is no answer); bad_config (no DNS name); cancelled.
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<boost::asio::ip::address>>> addresses(std::string name, Milliseconds limit);

  /// The SRV records of `name`, "_ordinal._tcp.db.shop.svc.cluster.local."; never empty. Fails as `addresses` does.
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<SrvRecord>>> services(std::string name, Milliseconds limit);

 private:
  class Channel;
  std::shared_ptr<Channel> channel_;
};

}  // namespace ordinal
