#include "control/tls_listener.h"

#include <algorithm>
#include <utility>

namespace usbgw::control {
namespace {

constexpr std::size_t kAcceptsPerTurn = 16;
constexpr std::size_t kKeptRefusals = 16;
// The connection that could not be accepted stays readable: without a pause the thread would spin.
constexpr Duration kPauseAfterFailure = std::chrono::seconds(1);

}  // namespace

Result<std::unique_ptr<TlsListener>> TlsListener::open(const crypto::TlsContext& context,
                                                       const ListenerConfig& config) {
  auto socket = listen_tcp(config.local, config.socket);
  if (!socket) return tl::unexpected(socket.error());
  const auto local = local_address(socket->get());
  if (!local) return tl::unexpected(local.error());
  return std::unique_ptr<TlsListener>(new TlsListener(context, config, std::move(*socket), *local));
}

TlsListener::TlsListener(const crypto::TlsContext& context, const ListenerConfig& config,
                         FileDescriptor socket, const SocketAddress& local)
    : context_(context), config_(config), socket_(std::move(socket)), local_(local) {}

std::size_t TlsListener::turn(Instant now) {
  std::size_t work = accept_waiting(now);
  for (auto& channel : half_open_) work += channel->turn(now);
  for (auto& channel : ending_) work += channel->turn(now);
  for (auto& channel : open_) work += channel->turn(now);
  sort_out();
  return work;
}

bool TlsListener::may_accept() const {
  return !accept_again_ && open_.size() < config_.untaken;
}

std::size_t TlsListener::accept_waiting(Instant now) {
  if (accept_again_ && now >= *accept_again_) accept_again_.reset();
  std::size_t count = 0;
  for (; count < kAcceptsPerTurn && may_accept(); ++count) {
    auto accepted = accept_tcp(socket_.get(), config_.socket);
    if (!accepted) {
      if (!std::exchange(accept_failed_, true)) note_refusal(accepted.error().context);
      accept_again_ = now + kPauseAfterFailure;
      return count;
    }
    if (!*accepted) return count;
    accept_failed_ = false;
    admit(std::move(**accepted), now);
  }
  return count;
}

void TlsListener::admit(Accepted&& accepted, Instant now) {
  if (half_open_.size() + ending_.size() >= config_.half_open) {
    auto& crowd = half_open_.empty() ? ending_ : half_open_;
    note_refusal(crowd.front()->remote().to_string() + " gave way to newer connections");
    crowd.erase(crowd.begin());
  }
  auto tls = context_.accept(accepted.remote.to_string());
  half_open_.push_back(std::make_unique<TlsChannel>(std::move(accepted.socket),
                                                    SocketProgress::connected, accepted.remote,
                                                    std::move(tls), config_.channel, now));
}

void TlsListener::sort_out() {
  for (auto& channel : half_open_) {
    if (channel->state() == ChannelState::open) open_.push_back(std::move(channel));
    if (!channel || channel->state() != ChannelState::closed) continue;
    note_refusal(channel->close_reason());
    ending_.push_back(std::move(channel));
  }
  std::erase(half_open_, nullptr);
  for (auto& channel : open_) {  // gone before anybody took it
    if (channel->state() != ChannelState::closed) continue;
    note_refusal(channel->close_reason());
    ending_.push_back(std::move(channel));
  }
  std::erase(open_, nullptr);
  std::erase_if(ending_, [](const auto& channel) { return channel->is_finished(); });
}

void TlsListener::note_refusal(std::string why) {
  ++refusals_;
  if (reasons_.size() >= kKeptRefusals) reasons_.pop_front();
  reasons_.push_back(std::move(why));
}

std::unique_ptr<TlsChannel> TlsListener::take() {
  if (open_.empty()) return nullptr;
  auto channel = std::move(open_.front());
  open_.pop_front();
  return channel;
}

std::optional<std::string> TlsListener::take_refusal() {
  if (reasons_.empty()) return std::nullopt;
  std::string why = std::move(reasons_.front());
  reasons_.pop_front();
  return why;
}

Instant TlsListener::next_deadline() const {
  Instant next = accept_again_.value_or(kNever);
  for (const auto& channel : half_open_) next = std::min(next, channel->next_deadline());
  for (const auto& channel : ending_) next = std::min(next, channel->next_deadline());
  for (const auto& channel : open_) next = std::min(next, channel->next_deadline());
  return next;
}

void TlsListener::append_descriptors(std::vector<int>& readable) const {
  if (may_accept()) readable.push_back(socket_.get());
  for (const auto& channel : half_open_) channel->append_descriptors(readable);
  for (const auto& channel : ending_) channel->append_descriptors(readable);
  for (const auto& channel : open_) channel->append_descriptors(readable);
}

void TlsListener::append_writable(std::vector<int>& writable) const {
  for (const auto& channel : half_open_) channel->append_writable(writable);
  for (const auto& channel : ending_) channel->append_writable(writable);
  for (const auto& channel : open_) channel->append_writable(writable);
}

}  // namespace usbgw::control
