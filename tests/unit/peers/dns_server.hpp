// A small real DNS server for tests, over UDP and TCP on one loopback port. It knows A, AAAA and SRV, and how to misbehave.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "peers/resolver.hpp"

namespace ordinal::test {

class DnsServer {
 public:
  enum class Type : std::uint16_t { a = 1, aaaa = 28, srv = 33 };
  enum class Behaviour : std::uint8_t { answer, silent, server_failure, garbage };

  /// What the server does with questions about a name. A name that it does not know gets NXDOMAIN, a type without records NODATA.
  struct Name {
    std::vector<std::string> addresses;
    std::vector<SrvRecord> services;
    Behaviour behaviour = Behaviour::answer;
  };

  explicit DnsServer(boost::asio::any_io_executor executor);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  /// For Resolver::Options.
  [[nodiscard]] Resolver::Options options() const;

  /// The name without its final dot, to be filled or changed at any time.
  Name& operator[](const std::string& name);
  void remove(const std::string& name);
  /// What it does with every question, whatever its name; `answer` restores the names' own behaviour.
  void behave(Behaviour behaviour);

  /// How often the name was asked for.
  [[nodiscard]] std::size_t asked(const std::string& name, Type type) const;
  [[nodiscard]] std::size_t asked_over_tcp() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ordinal::test
