#include "simulation/usb_core_model.h"

#include <algorithm>
#include <cstring>

namespace usbgw::simulation {
namespace {

namespace usbip = wire::usbip;

constexpr std::uint8_t kGetDescriptor = 6;
constexpr std::uint8_t kSetConfiguration = 9;

}  // namespace

std::uint32_t DeviceModel::submit(ModelUrb&& urb, Instant now) {
  urb.seqnum = next_seqnum_++;
  urb.submitted = now;
  usbip::Submit submit;
  submit.seqnum = urb.seqnum;
  submit.endpoint = urb.endpoint;
  submit.flags = urb.endpoint.is_in() ? usbip::kDirectionIn : 0u;
  submit.length = urb.length;
  submit.number_of_packets = static_cast<std::int32_t>(urb.packets.size());
  submit.setup = urb.setup;
  const auto header = usbip::encode(submit);
  commands_.insert(commands_.end(), header.begin(), header.end());
  if (!urb.endpoint.is_in()) commands_.insert(commands_.end(), urb.data.begin(), urb.data.end());
  for (const auto& packet : urb.packets) {
    std::array<std::byte, usbip::kIsoDescriptorBytes> bytes{};
    usbip::encode(packet, bytes);
    commands_.insert(commands_.end(), bytes.begin(), bytes.end());
  }
  const std::uint32_t seqnum = urb.seqnum;
  urbs_.emplace(seqnum, std::move(urb));
  return seqnum;
}

void DeviceModel::unlink(std::uint32_t seqnum) {
  const auto urb = urbs_.find(seqnum);
  if (urb == urbs_.end()) return;
  urb->second.unlinked = true;
  usbip::Unlink unlink;
  unlink.seqnum = next_seqnum_++;
  unlink.unlink_seqnum = seqnum;
  unlinks_.emplace(unlink.seqnum, seqnum);
  const auto header = usbip::encode(unlink);
  commands_.insert(commands_.end(), header.begin(), header.end());
}

void DeviceModel::unlink_all() {
  for (const auto& [seqnum, urb] : urbs_) {
    if (urb.endpoint.number() != 0 && !urb.unlinked) unlink(seqnum);
  }
}

std::size_t DeviceModel::take_commands(std::span<std::byte> to) {
  const std::size_t count = std::min(to.size(), commands_.size() - commands_taken_);
  if (count > 0) std::memcpy(to.data(), commands_.data() + commands_taken_, count);
  commands_taken_ += count;
  if (commands_taken_ == commands_.size()) {
    commands_.clear();
    commands_taken_ = 0;
  }
  return count;
}

void DeviceModel::give_replies(std::span<const std::byte> bytes, Instant now) {
  while (!bytes.empty() && connected_) {
    const auto room = reader_.room();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    reader_.commit(count);
    bytes = bytes.subspan(count);
    while (connected_) {
      auto pdu = reader_.next();
      if (!pdu)
        return violate(
            "an answer that disconnects vhci: " + std::string(wire::to_string(pdu.error())), now);
      if (!*pdu) break;
      take_reply(**pdu, now);
    }
  }
}

std::optional<usbip::SubmittedShape> DeviceModel::find(std::uint32_t seqnum) const {
  const auto urb = urbs_.find(seqnum);
  if (urb == urbs_.end()) return std::nullopt;
  return usbip::SubmittedShape{urb->second.endpoint.is_in(), !urb->second.packets.empty(),
                               urb->second.length};
}

void DeviceModel::take_reply(const usbip::ReplyPdu& pdu, Instant now) {
  if (const auto* reply = std::get_if<usbip::SubmitReply>(&pdu.reply))
    return finish(*reply, pdu, now);
  const auto& reply = std::get<usbip::UnlinkReply>(pdu.reply);
  const auto unlink = unlinks_.find(reply.seqnum);
  if (unlink == unlinks_.end()) return violate("an answer to an unlink that was never sent", now);
  const auto urb = urbs_.find(unlink->second);
  unlinks_.erase(unlink);
  if (urb == urbs_.end()) {  // its answer came first, as it must
    if (reply.status != UrbStatus::ok)
      violate("an unlink of an answered URB must be answered with 0", now);
    return;
  }
  ModelUrb done = std::move(urb->second);
  urbs_.erase(urb);
  done.status = reply.status;
  if (done.status == UrbStatus::ok) return violate("a pending URB was unlinked with status 0", now);
  driver_.completed(*this, std::move(done), now);
}

bool DeviceModel::unpack(ModelUrb& urb, const usbip::SubmitReply& reply, const usbip::ReplyPdu& pdu,
                         Instant now) {
  urb.status = reply.status;
  urb.actual = reply.actual;
  if (urb.packets.empty()) {
    if (urb.endpoint.is_in()) urb.data.assign(pdu.data.begin(), pdu.data.end());
    return true;
  }
  if (pdu.packets.size() != urb.packets.size()) {
    violate("number_of_packets differs from the submitted one", now);
    return false;
  }
  if (urb.endpoint.is_in()) urb.data.assign(urb.length, std::byte{0});
  std::size_t taken = 0;
  for (std::size_t i = 0; i < urb.packets.size(); ++i) {
    const usbip::IsoDescriptor packet = pdu.packets[i];
    if (packet.offset != urb.packets[i].offset || packet.length != urb.packets[i].length ||
        packet.actual > packet.length) {
      violate("an isochronous descriptor differs from the submitted one", now);
      return false;
    }
    if (urb.endpoint.is_in()) {
      if (taken + packet.actual > pdu.data.size()) {
        violate("isochronous lengths exceed the data", now);
        return false;
      }
      std::memcpy(urb.data.data() + packet.offset, pdu.data.data() + taken, packet.actual);
      taken += packet.actual;
    }
    urb.packets[i] = packet;
  }
  return true;
}

void DeviceModel::finish(const usbip::SubmitReply& reply, const usbip::ReplyPdu& pdu, Instant now) {
  const auto known = urbs_.find(reply.seqnum);
  if (known == urbs_.end()) return violate("an answer to a URB that is not pending", now);
  ModelUrb urb = std::move(known->second);
  urbs_.erase(known);
  if (!unpack(urb, reply, pdu, now)) return;
  if (!urb.packets.empty())
    longest_isochronous_wait_ = std::max(longest_isochronous_wait_, now - urb.submitted);
  if (stage_ != Stage::configured) return enumerate(std::move(urb), now);
  driver_.completed(*this, std::move(urb), now);
}

void DeviceModel::violate(std::string what, Instant now) {
  violations_.push_back(std::move(what));
  disconnect(now);
}

void DeviceModel::disconnect(Instant now) {
  if (!connected_) return;
  connected_ = false;
  urbs_.clear();
  unlinks_.clear();
  driver_.disconnected(now);
}

void DeviceModel::request(SetupPacket setup, Instant now) {
  ModelUrb urb;
  urb.endpoint = EndpointAddress(0, setup.is_in() ? Direction::in : Direction::out);
  urb.setup = setup;
  urb.length = setup.length;
  submit(std::move(urb), now);
}

void DeviceModel::enumerate(ModelUrb&& urb, Instant now) {
  if (urb.status != UrbStatus::ok) return violate("a request of the enumeration failed", now);
  switch (stage_) {
    case Stage::device_descriptor:
      stage_ = Stage::configuration_header;
      return request({0x80, kGetDescriptor, 0x0200, 0, 9}, now);
    case Stage::configuration_header: {
      if (urb.data.size() < 4)
        return violate("the configuration descriptor is shorter than its header", now);
      const auto total = static_cast<std::uint16_t>(std::to_integer<unsigned>(urb.data[2]) |
                                                    std::to_integer<unsigned>(urb.data[3]) << 8);
      stage_ = Stage::configuration;
      return request({0x80, kGetDescriptor, 0x0200, 0, total}, now);
    }
    case Stage::configuration: {
      auto parsed = wire::parse_configuration(urb.data, speed_);
      if (!parsed) return violate("the configuration descriptor does not parse", now);
      configuration_ = std::move(*parsed);
      stage_ = Stage::set;
      return request({0x00, kSetConfiguration, configuration_.value, 0, 0}, now);
    }
    case Stage::set:
      stage_ = Stage::configured;
      return driver_.configured(*this, configuration_, now);
    case Stage::start:
    case Stage::configured:
      return;
  }
}

std::size_t DeviceModel::turn(Instant now) {
  if (!connected_) return 0;
  if (stage_ == Stage::start) {
    stage_ = Stage::device_descriptor;
    request({0x80, kGetDescriptor, 0x0100, 0, 18}, now);
    return 1;
  }
  return driver_.turn(*this, now);
}

Instant DeviceModel::next_deadline() const {
  if (!connected_) return kNever;
  if (stage_ == Stage::start) return Instant{};
  return driver_.next_deadline();
}

}  // namespace usbgw::simulation
