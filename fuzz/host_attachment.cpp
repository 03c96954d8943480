// The host's side of an attachment between a hostile agent and a hostile vhci. The input is a list
// of steps: URBs, unlinks and raw bytes from vhci; replies, stream items, path estimates from the
// agent; time. Whatever comes, what is written to vhci must be PDUs that a real one accepts: known
// seqnums, each answered once, never longer than submitted (wire::usbip::ReplyReader reads as
// strictly as vhci_rx.c), and isochronous URBs must not wait.
#include "usbside/host/host_attachment.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>

#include "wire/usbip_reader.h"

namespace {

using namespace usbgw;

constexpr AttachmentId kAttachment{1};

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  [[nodiscard]] bool empty() const { return at_ >= size_; }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : data_[at_++]; }
  std::uint32_t word() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return value;
  }
  std::vector<std::byte> bytes(std::size_t most) {
    const std::size_t count = std::min({most, size_ - at_, std::size_t{byte()}});
    std::vector<std::byte> result;
    for (std::size_t i = 0; i < count; ++i) result.push_back(std::byte{byte()});
    return result;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

[[noreturn]] void violated() {
  std::abort();
}

class StrictVhci final : public host::VhciSocket, private wire::usbip::SubmittedUrbs {
 public:
  StrictVhci() : reader_(*this, 1 << 16) {}

  void submit(wire::usbip::Submit submit, std::span<const std::byte> data,
              std::span<const wire::usbip::IsoDescriptor> packets) {
    submit.seqnum = ++seqnum;
    send(wire::usbip::encode(submit));
    send(data);
    for (const auto& packet : packets) {
      std::array<std::byte, wire::usbip::kIsoDescriptorBytes> bytes;
      wire::usbip::encode(packet, bytes);
      send(bytes);
    }
    submitted_[seqnum] = {submit.endpoint.is_in(), !packets.empty(), submit.length};
  }
  void unlink(std::uint32_t target) {
    if (std::find(unlinked_.begin(), unlinked_.end(), target) != unlinked_.end()) return;
    unlinked_.push_back(target);  // usbcore unlinks an URB once
    wire::usbip::Unlink unlink;
    unlink.seqnum = ++seqnum;
    unlink.unlink_seqnum = target;
    unlinks_[seqnum] = target;
    send(wire::usbip::encode(unlink));
  }
  void send(std::span<const std::byte> bytes) {
    to_host_.insert(to_host_.end(), bytes.begin(), bytes.end());
  }
  [[nodiscard]] std::size_t pending() const { return submitted_.size(); }

  [[nodiscard]] std::size_t read(std::span<std::byte> to) override {
    const std::size_t count = std::min(to.size(), to_host_.size());
    std::copy_n(to_host_.begin(), count, to.begin());
    to_host_.erase(to_host_.begin(), to_host_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  [[nodiscard]] bool write(std::span<const std::byte> head, std::span<const std::byte> payload,
                           std::span<const std::byte> tail) override {
    if (is_raw) return true;  // the garbage may have looked like URBs
    for (const auto part : {head, payload, tail}) {
      const auto room = reader_.room();
      if (part.size() > room.size()) violated();
      std::copy(part.begin(), part.end(), room.begin());
      reader_.commit(part.size());
    }
    const auto pdu = reader_.next();
    if (!pdu || !*pdu) violated();
    take((**pdu).reply);
    const auto rest = reader_.next();
    if (!rest || *rest) violated();
    return true;
  }
  std::size_t flush() override { return 0; }
  [[nodiscard]] bool is_closed() const override { return false; }

  std::uint32_t seqnum = 0;
  bool is_raw = false;

 private:
  [[nodiscard]] std::optional<wire::usbip::SubmittedShape> find(
      std::uint32_t wanted) const override {
    const auto found = submitted_.find(wanted);
    if (found == submitted_.end()) return std::nullopt;
    return found->second;
  }
  void take(const wire::usbip::Reply& reply) {
    if (const auto* submit = std::get_if<wire::usbip::SubmitReply>(&reply)) {
      if (submitted_.erase(submit->seqnum) != 1) violated();
      return;
    }
    const auto& unlink = std::get<wire::usbip::UnlinkReply>(reply);
    const auto asked = unlinks_.find(unlink.seqnum);
    if (asked == unlinks_.end()) violated();
    if (unlink.status == UrbStatus::ok && submitted_.count(asked->second) != 0) violated();
    if (unlink.status != UrbStatus::ok && submitted_.erase(asked->second) != 1) violated();
    unlinks_.erase(asked);
  }

  std::deque<std::byte> to_host_;
  std::map<std::uint32_t, wire::usbip::SubmittedShape> submitted_;
  std::map<std::uint32_t, std::uint32_t> unlinks_;
  std::vector<std::uint32_t> unlinked_;
  wire::usbip::ReplyReader reader_;
};

class Sink final : public host::HostAttachmentSink {
 public:
  void submit(wire::UrbSubmit&& urb) override {
    transactions.push_back(urb.transaction);
    setups[urb.transaction.value()] = urb.setup;
  }
  void cancel(const wire::UrbCancel&) override {}
  void open_stream(const wire::StreamOpen& open) override { opens.push_back(open); }
  void close_stream(const wire::StreamClose&) override {}
  void reports_taken(const wire::StreamTaken&) override {}
  void margin_moved(const wire::StreamMargin&) override {}
  StreamLink& outbound() override { return link; }
  [[nodiscard]] std::size_t source_bytes() const override { return 200; }

  StreamLink link{16, 512, 16};
  std::vector<TransactionId> transactions;
  std::map<std::uint64_t, SetupPacket> setups;
  std::vector<wire::StreamOpen> opens;
};

// Alternate setting 1 of interface 0: isochronous OUT 01 and IN 81, PCM; interface 1: interrupt IN
// 82, bulk IN 83, bulk OUT 04.
host::RemoteDevice make_device() {
  constexpr std::array<std::uint8_t, 87> kConfiguration{
      9,  2,    87,   0, 2,   1, 0,  0x80, 50,             //
      9,  4,    0,    0, 0,   1, 2,  0,    0,              //
      9,  4,    0,    1, 2,   1, 2,  0,    0,              //
      7,  0x24, 1,    1, 1,   1, 0,                        //
      11, 0x24, 2,    1, 2,   2, 16, 1,    0x80, 0xBB, 0,  //
      7,  5,    0x01, 5, 200, 0, 1,                        //
      7,  5,    0x81, 5, 200, 0, 1,                        //
      9,  4,    1,    0, 3,   3, 0,  0,    0,              //
      7,  5,    0x82, 3, 8,   0, 1,                        //
      6,  0x21, 0,    0, 0,   0,                           //
      6,  0x30, 0,    0, 0,   0};
  host::RemoteDevice device;
  device.attachment = kAttachment;
  device.active_configuration = 1;
  std::vector<std::byte> bytes;
  for (const auto value : kConfiguration) bytes.push_back(std::byte{value});
  for (const auto endpoint : {0x83, 0x04}) {
    for (const int value : {7, 5, endpoint, 2, 64, 0, 0})
      bytes.push_back(static_cast<std::byte>(value));
  }
  bytes[2] = static_cast<std::byte>(bytes.size());
  device.configuration_descriptors.push_back(std::move(bytes));
  return device;
}

class Play {
 public:
  explicit Play(Input input)
      : input_(input), attachment_(make_device(), host::PlayoutConfig{}, vhci_, sink_) {
    select_alternate();
  }

  void run() {
    while (!input_.empty() && !attachment_.is_closed()) {
      step();
      turn();
    }
    vhci_.is_raw |= attachment_.is_closed();
    attachment_.peer_lost(now_);
    turn();
    if (!vhci_.is_raw && vhci_.pending() != 0) violated();
  }

 private:
  void select_alternate() {
    wire::usbip::Submit submit;
    submit.setup = {0x01, 11, 1, 0, 0};
    vhci_.submit(submit, {}, {});
    turn();
    answer(sink_.transactions.back(), UrbStatus::ok, {});
  }
  void turn() {
    for (int i = 0; i < 64 && attachment_.turn(now_) > 0; ++i) {
    }
    StreamItem item;
    while (sink_.link.pop(item)) sink_.link.release(item);
  }
  void answer(TransactionId transaction, UrbStatus status, std::vector<std::byte> data,
              std::optional<std::uint32_t> actual = std::nullopt) {
    wire::UrbReply reply;
    reply.attachment = kAttachment;
    reply.transaction = transaction;
    reply.status = status;
    reply.actual = actual.value_or(static_cast<std::uint32_t>(data.size()));
    reply.data = std::move(data);
    attachment_.receive(std::move(reply), now_);
  }
  void submit_iso() {
    wire::usbip::Submit submit;
    const bool is_in = (input_.byte() & 1) != 0;
    submit.endpoint = EndpointAddress(1, is_in ? Direction::in : Direction::out);
    std::vector<wire::usbip::IsoDescriptor> packets(1 + input_.byte() % 20);
    for (auto& packet : packets) {
      packet.offset = submit.length;
      packet.length = input_.byte();
      submit.length += packet.length;
    }
    submit.number_of_packets = static_cast<std::int32_t>(packets.size());
    const std::vector<std::byte> data(is_in ? 0 : submit.length);
    vhci_.submit(submit, data, packets);
  }
  void submit_other() {
    static constexpr std::array<std::uint8_t, 5> kEndpoints{0x82, 0x83, 0x04, 0x00, 0x80};
    wire::usbip::Submit submit;
    submit.endpoint = EndpointAddress{kEndpoints[input_.byte() % kEndpoints.size()]};
    submit.flags = input_.byte();
    submit.setup = {input_.byte(), input_.byte(), input_.byte(), input_.byte(), 0};
    auto data = input_.bytes(255);
    submit.length = static_cast<std::uint32_t>(data.size());
    if (submit.endpoint.is_in()) data.clear();
    vhci_.submit(submit, data, {});
  }
  void reply() {
    if (sink_.transactions.empty()) return;
    const auto transaction = sink_.transactions[input_.byte() % sink_.transactions.size()];
    const std::uint8_t kind = input_.byte();
    const auto status = (kind & 1) != 0   ? static_cast<UrbStatus>(input_.word())
                        : (kind & 2) != 0 ? UrbStatus::connection_reset
                                          : UrbStatus::ok;
    auto data = input_.bytes(255);
    const auto lie = (kind & 4) != 0 ? std::optional(input_.word()) : std::nullopt;
    answer(transaction, status, std::move(data), lie);
  }
  void item() {
    static constexpr std::array<std::uint8_t, 3> kStreams{0x01, 0x81, 0x82};
    StreamItem item;
    item.stream =
        stream_of(kAttachment, EndpointAddress{kStreams[input_.byte() % kStreams.size()]});
    const std::uint8_t kind = input_.byte();
    item.kind = (kind & 1) != 0 ? ItemKind::clock_report : ItemKind::source;
    item.epoch = StreamEpoch{static_cast<std::uint8_t>(kind >> 1 & 3)};
    item.time = now_;
    attachment_.receive(item, input_.bytes(255), now_);
  }
  void path() {
    PathEstimate path;
    path.valid = (input_.byte() & 1) != 0;
    path.inbound_offset = Duration{static_cast<std::int32_t>(input_.word())};
    path.outbound_offset = Duration{static_cast<std::int32_t>(input_.word())};
    path.round_trip_min = Duration{input_.word()};
    attachment_.set_path(path);
  }
  void step() {
    switch (input_.byte() % 9) {
      case 0:
        return submit_iso();
      case 1:
        return submit_other();
      case 2:
        return vhci_.unlink(1 + input_.byte());
      case 3:
        return reply();
      case 4:
      case 5:
        return item();
      case 6:
        now_ += Duration{input_.word() % 100'000'000};
        return;
      case 7:
        return path();
      default:
        vhci_.is_raw = true;
        return vhci_.send(input_.bytes(255));
    }
  }

  Input input_;
  StrictVhci vhci_;
  Sink sink_;
  host::HostAttachment attachment_;
  Instant now_{std::chrono::seconds(100)};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Play(Input(data, size)).run();
  return 0;
}
