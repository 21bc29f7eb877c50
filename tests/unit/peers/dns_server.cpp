// The wire format is RFC 1035, section 4; SRV is RFC 2782.
#include "peers/dns_server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <utility>

namespace ordinal::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t header_bytes = 12;
constexpr std::size_t udp_bytes_max = 512;
// Connections that tests make come from 127.0.0.1 and leave ports behind that are in use for a while; here none do.
constexpr auto address = "127.0.2.1";

struct Question {
  std::string name;
  DnsServer::Type type{};
  std::size_t end = 0;  ///< of the question section
};

Question parse_question(const std::string& message) {
  Question question;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(message.at(i)); };
  std::size_t at = header_bytes;
  while (byte(at) != 0) {
    if (!question.name.empty()) question.name += '.';
    question.name += message.substr(at + 1, byte(at));
    at += 1U + byte(at);
  }
  question.type = static_cast<DnsServer::Type>(byte(at + 1) * 256 + byte(at + 2));
  question.end = at + 5;
  return question;
}

void append_number(std::string& bytes, std::size_t number) {
  bytes += static_cast<char>(number / 256 % 256);
  bytes += static_cast<char>(number % 256);
}

std::string encode_name(const std::string& name) {
  std::string bytes;
  std::size_t begin = 0;
  while (begin < name.size()) {
    const auto end = std::min(name.find('.', begin), name.size());
    bytes += static_cast<char>(end - begin);
    bytes += name.substr(begin, end - begin);
    begin = end + 1;
  }
  return bytes + '\0';
}

template <class Bytes>
std::string text_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

std::vector<std::string> records_of(const DnsServer::Name& name, DnsServer::Type type) {
  std::vector<std::string> records;
  for (const auto& text : name.addresses) {
    const auto known = asio::ip::make_address(text);
    if (type == DnsServer::Type::a && known.is_v4()) records.push_back(text_of(known.to_v4().to_bytes()));
    if (type == DnsServer::Type::aaaa && known.is_v6()) records.push_back(text_of(known.to_v6().to_bytes()));
  }
  if (type == DnsServer::Type::srv) {
    for (const auto& service : name.services) {
      std::string record(4, '\0');  // priority and weight
      append_number(record, service.port);
      records.push_back(record + encode_name(service.target));
    }
  }
  return records;
}

}  // namespace

struct DnsServer::State {
  explicit State(const asio::any_io_executor& executor)
      : udp_socket(executor, udp::endpoint(asio::ip::make_address(address), 0)),
        acceptor(executor, tcp::endpoint(asio::ip::make_address(address), udp_socket.local_endpoint().port())) {}

  /// The answer to a message; nothing when the server is silent.
  std::optional<std::string> answer(const std::string& message, bool over_udp) {
    const auto question = parse_question(message);
    ++asked[{question.name, question.type}];
    const auto known = names.find(question.name);
    const auto as = known != names.end() && behaviour == Behaviour::answer ? known->second.behaviour : behaviour;
    if (as == Behaviour::silent) return std::nullopt;
    if (as == Behaviour::garbage) return message.substr(0, 2) + std::string("\x84\x00\x00\x01\x00\x01", 6) + "garbage";

    const auto records = known == names.end() ? std::vector<std::string>{} : records_of(known->second, question.type);
    std::string body;
    for (const auto& record : records) {
      body += std::string("\xc0\x0c", 2);  // the name of the question
      append_number(body, static_cast<std::size_t>(question.type));
      body += std::string("\0\1\0\0\0\5", 6);  // class IN, to be kept for 5 s
      append_number(body, record.size());
      body += record;
    }
    const bool truncated = over_udp && question.end + body.size() > udp_bytes_max;
    std::string reply = message.substr(0, 2);
    reply += truncated ? '\x86' : '\x84';  // an authoritative answer
    reply += as == Behaviour::server_failure ? '\2' : known == names.end() ? '\3' : '\0';
    append_number(reply, 1);
    append_number(reply, truncated ? 0 : records.size());
    reply += std::string(4, '\0');
    reply += message.substr(header_bytes, question.end - header_bytes);
    return truncated ? reply : reply + body;
  }

  udp::socket udp_socket;
  tcp::acceptor acceptor;
  std::map<std::string, Name> names;
  Behaviour behaviour = Behaviour::answer;
  std::map<std::pair<std::string, Type>, std::size_t> asked;
  std::size_t asked_over_tcp = 0;
};

namespace {

template <class State>
asio::awaitable<void> serve_udp(std::shared_ptr<State> state) {
  while (true) {
    std::string message(1024, '\0');
    udp::endpoint sender;
    auto received = co_await state->udp_socket.async_receive_from(asio::buffer(message), sender, token);
    auto& [ec, bytes] = received;
    if (ec) co_return;
    message.resize(bytes);
    if (const auto reply = state->answer(message, true)) co_await state->udp_socket.async_send_to(asio::buffer(*reply), sender, token);
  }
}

template <class State>
asio::awaitable<void> serve_connection(std::shared_ptr<State> state, tcp::socket socket) {
  while (true) {
    std::array<unsigned char, 2> length{};
    auto prefixed = co_await asio::async_read(socket, asio::buffer(length), token);
    if (std::get<0>(prefixed)) co_return;
    std::string message(length[0] * 256U + length[1], '\0');
    auto received = co_await asio::async_read(socket, asio::buffer(message), token);
    if (std::get<0>(received)) co_return;
    ++state->asked_over_tcp;
    if (const auto reply = state->answer(message, false)) {
      std::string framed;
      append_number(framed, reply->size());
      framed += *reply;
      co_await asio::async_write(socket, asio::buffer(framed), token);
    }
  }
}

template <class State>
asio::awaitable<void> serve_tcp(std::shared_ptr<State> state) {
  while (true) {
    auto accepted = co_await state->acceptor.async_accept(token);
    auto& [ec, socket] = accepted;
    if (ec) co_return;
    asio::co_spawn(state->acceptor.get_executor(), serve_connection(state, std::move(socket)), asio::detached);
  }
}

}  // namespace

DnsServer::DnsServer(asio::any_io_executor executor) : state_(std::make_shared<State>(executor)) {
  asio::co_spawn(executor, serve_udp(state_), asio::detached);
  asio::co_spawn(executor, serve_tcp(state_), asio::detached);
}

DnsServer::~DnsServer() {
  state_->udp_socket.close();
  state_->acceptor.close();
}

Resolver::Options DnsServer::options() const {
  return {address + std::string(":") + std::to_string(state_->udp_socket.local_endpoint().port())};
}

DnsServer::Name& DnsServer::operator[](const std::string& name) { return state_->names[name]; }

void DnsServer::remove(const std::string& name) { state_->names.erase(name); }

void DnsServer::behave(Behaviour behaviour) { state_->behaviour = behaviour; }

std::size_t DnsServer::asked(const std::string& name, Type type) const {
  const auto found = state_->asked.find({name, type});
  return found == state_->asked.end() ? 0 : found->second;
}

std::size_t DnsServer::asked_over_tcp() const { return state_->asked_over_tcp; }

}  // namespace ordinal::test
