// c-ares inside Asio: c-ares says which descriptors to watch and when to look again, Asio waits for them.
#include "peers/resolver.hpp"

#include <ares.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

namespace ordinal {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// With one silent server a question ends after 0.4 s + 0.8 s + 1.6 s at the latest, when nobody waits for it any more.
constexpr int try_timeout_ms = 400;
constexpr int tries = 3;

/// What an answer holds of the kinds of records that we ask for; nothing after NODATA, or when it holds a CNAME that leads nowhere.
struct Reply {
  ares_status_t status = ARES_SUCCESS;
  std::vector<asio::ip::address> addresses;
  std::vector<SrvRecord> services;
};

/// One question in flight. c-ares answers each exactly once, at the latest when the channel is destroyed; whoever asked may have given up
/// by then, for c-ares cannot cancel one question alone. The asker waits for the timer, which ends at the limit or with the answer.
struct Question {
  asio::steady_timer timer;
  std::optional<Reply> reply;
};

asio::ip::address address_of(const in_addr& address) {
  asio::ip::address_v4::bytes_type bytes;
  std::memcpy(bytes.data(), &address, bytes.size());
  return asio::ip::address_v4(bytes);
}

asio::ip::address address_of(const ares_in6_addr& address) {
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &address, bytes.size());
  return asio::ip::address_v6(bytes);
}

/// Records of other types, such as the CNAMEs on the way, are passed over.
Reply reply_of(ares_status_t status, const ares_dns_record_t* answer) {
  Reply reply;
  reply.status = status;
  if (status != ARES_SUCCESS || answer == nullptr) return reply;
  const std::size_t count = ares_dns_record_rr_cnt(answer, ARES_SECTION_ANSWER);
  for (std::size_t i = 0; i < count; ++i) {
    const ares_dns_rr_t* record = ares_dns_record_rr_get_const(answer, ARES_SECTION_ANSWER, i);
    const ares_dns_rec_type_t type = ares_dns_rr_get_type(record);
    if (type == ARES_REC_TYPE_A) {
      reply.addresses.push_back(address_of(*ares_dns_rr_get_addr(record, ARES_RR_A_ADDR)));
    } else if (type == ARES_REC_TYPE_AAAA) {
      reply.addresses.push_back(address_of(*ares_dns_rr_get_addr6(record, ARES_RR_AAAA_ADDR)));
    } else if (type == ARES_REC_TYPE_SRV) {
      std::string target = ares_dns_rr_get_str(record, ARES_RR_SRV_TARGET);
      if (target.ends_with('.')) target.pop_back();
      reply.services.push_back({std::move(target), ares_dns_rr_get_u16(record, ARES_RR_SRV_PORT)});
    }
  }
  return reply;
}

Error error_of(ares_status_t status, const std::string& name) {
  const auto error = [&](Kind kind, std::string detail) { return Error{kind, "look up " + name, std::move(detail), 0}; };
  switch (status) {
    case ARES_ENOTFOUND: return error(Kind::unreachable, "there is no such name (NXDOMAIN)");
    case ARES_ENODATA: return error(Kind::unreachable, "the name has no such record (NODATA)");
    case ARES_ECONNREFUSED:
    case ARES_ENOSERVER: return error(Kind::unreachable, "no DNS server is there to ask");
    case ARES_ETIMEOUT: return error(Kind::timeout, "the DNS server has not answered in time");
    case ARES_ESERVFAIL: return error(Kind::protocol, "the DNS server failed (SERVFAIL)");
    case ARES_EREFUSED: return error(Kind::protocol, "the DNS server refused to answer (REFUSED)");
    case ARES_EFORMERR:
    case ARES_ENOTIMP:
    case ARES_EBADRESP: return error(Kind::protocol, std::string("the DNS server's answer is none: ") + ares_strerror(status));
    case ARES_EBADNAME: return error(Kind::bad_config, "this is no DNS name");
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION: return error(Kind::cancelled, "the agent is stopping");
    default: return error(Kind::unexpected, ares_strerror(status));
  }
}

}  // namespace

class Resolver::Channel : public std::enable_shared_from_this<Channel> {
 public:
  explicit Channel(asio::any_io_executor executor) : executor_(std::move(executor)), timer_(executor_) {}
  ~Channel() { close(); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void open(const std::string& servers);
  void close();

  [[nodiscard]] asio::awaitable<Result<Reply>> query(std::string name, ares_dns_rec_type_t type, Instant deadline);

 private:
  enum Direction : std::uint8_t { read, write };

  /// A descriptor of c-ares, which opens and closes it; we only wait on it.
  struct Watched {
    asio::posix::stream_descriptor descriptor;
    std::array<bool, 2> wanted{};
    std::array<bool, 2> waiting{};
  };

  void watch(int fd, bool readable, bool writable);
  void wait(std::shared_ptr<Watched> watched, Direction direction);
  void arm_timer();

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  ares_status_t open_status_ = ARES_ENOTINITIALIZED;
  ares_channel_t* channel_ = nullptr;
  std::map<int, std::shared_ptr<Watched>> watched_;
};

void Resolver::Channel::open(const std::string& servers) {
  ares_options options{};
  options.timeout = try_timeout_ms;
  options.tries = tries;
  options.qcache_max_ttl = 0;  // c-ares would answer a re-created pod's name with its old address
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Channel*>(self)->watch(fd, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_QUERY_CACHE | ARES_OPT_SOCK_STATE_CB;
  open_status_ = static_cast<ares_status_t>(ares_init_options(&channel_, &options, mask));
  if (open_status_ == ARES_SUCCESS && !servers.empty()) {
    open_status_ = static_cast<ares_status_t>(ares_set_servers_csv(channel_, servers.c_str()));
  }
}

void Resolver::Channel::close() {
  if (channel_ == nullptr) return;
  timer_.cancel();
  ares_destroy(std::exchange(channel_, nullptr));  // it answers what is in flight and gives up every descriptor
}

asio::awaitable<Result<Reply>> Resolver::Channel::query(std::string name, ares_dns_rec_type_t type, Instant deadline) {
  if (open_status_ != ARES_SUCCESS) co_return std::unexpected(error_of(open_status_, name));

  const auto question = std::make_shared<Question>(asio::steady_timer(executor_, deadline));
  const auto answered = [](void* held, ares_status_t status, std::size_t, const ares_dns_record_t* answer) {
    const std::unique_ptr<std::shared_ptr<Question>> owner(static_cast<std::shared_ptr<Question>*>(held));
    (*owner)->reply = reply_of(status, answer);
    (*owner)->timer.cancel();
  };
  auto held = std::make_unique<std::shared_ptr<Question>>(question);
  ares_query_dnsrec(channel_, name.c_str(), ARES_CLASS_IN, type, answered, held.release(), nullptr);
  arm_timer();

  error_code waited;
  if (!question->reply) co_await question->timer.async_wait(asio::redirect_error(asio::use_awaitable, waited));
  if (!question->reply) co_return std::unexpected(error_of(waited ? ARES_ECANCELLED : ARES_ETIMEOUT, name));
  const ares_status_t status = question->reply->status;
  if (status != ARES_SUCCESS && status != ARES_ENODATA) co_return std::unexpected(error_of(status, name));
  co_return std::move(*question->reply);
}

void Resolver::Channel::watch(int fd, bool readable, bool writable) {
  if (!readable && !writable) {
    // c-ares is about to close it, so it is released and never closed here; the waits for it end as aborted.
    if (auto node = watched_.extract(fd)) node.mapped()->descriptor.release();
    return;
  }
  auto& watched = watched_[fd];
  if (!watched) watched = std::make_shared<Watched>(asio::posix::stream_descriptor(executor_, fd));
  watched->wanted = {readable, writable};
  wait(watched, read);
  wait(watched, write);
}

void Resolver::Channel::wait(std::shared_ptr<Watched> watched, Direction direction) {
  if (!watched->descriptor.is_open() || !watched->wanted[direction] || watched->waiting[direction]) return;
  watched->waiting[direction] = true;
  const auto event = direction == read ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write;
  watched->descriptor.async_wait(event, [self = shared_from_this(), watched, direction](error_code ec) {
    watched->waiting[direction] = false;
    if (ec || self->channel_ == nullptr || !watched->descriptor.is_open()) return;
    const int fd = watched->descriptor.native_handle();
    ares_process_fd(self->channel_, direction == read ? fd : ARES_SOCKET_BAD, direction == write ? fd : ARES_SOCKET_BAD);
    self->wait(watched, direction);
    self->arm_timer();
  });
}

void Resolver::Channel::arm_timer() {
  timeval storage{};
  const timeval* next = ares_timeout(channel_, nullptr, &storage);
  if (next == nullptr) {
    timer_.cancel();  // nothing is in flight
    return;
  }
  timer_.expires_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec));
  timer_.async_wait([self = shared_from_this()](error_code ec) {
    if (ec || self->channel_ == nullptr) return;
    ares_process_fds(self->channel_, nullptr, 0, ARES_PROCESS_FLAG_NONE);
    self->arm_timer();
  });
}

Resolver::Resolver(asio::any_io_executor executor, const Options& options) : channel_(std::make_shared<Channel>(std::move(executor))) {
  channel_->open(options.servers);
}

Resolver::~Resolver() { channel_->close(); }

asio::awaitable<Result<std::vector<asio::ip::address>>> Resolver::addresses(std::string name, Milliseconds limit) {
  const Instant deadline = std::chrono::steady_clock::now() + limit;
  auto reply = co_await channel_->query(name, ARES_REC_TYPE_A, deadline);
  if (reply && reply->addresses.empty()) reply = co_await channel_->query(name, ARES_REC_TYPE_AAAA, deadline);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (reply->addresses.empty()) co_return std::unexpected(error_of(ARES_ENODATA, name));
  co_return std::move(reply->addresses);
}

asio::awaitable<Result<std::vector<SrvRecord>>> Resolver::services(std::string name, Milliseconds limit) {
  auto reply = co_await channel_->query(name, ARES_REC_TYPE_SRV, std::chrono::steady_clock::now() + limit);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (reply->services.empty()) co_return std::unexpected(error_of(ARES_ENODATA, name));
  co_return std::move(reply->services);
}

}  // namespace ordinal
