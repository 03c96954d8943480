#include "tests/vm/relay/urb_relay.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/byte_order.h"

namespace usbgw::relay {
namespace {

constexpr std::uint32_t kCmdSubmit = 1;
constexpr std::uint32_t kCmdUnlink = 2;
constexpr std::uint32_t kRetSubmit = 3;
constexpr std::uint32_t kRetUnlink = 4;
constexpr std::uint32_t kMostPackets = 1024;  // USBIP_MAX_ISO_PACKETS
constexpr std::uint32_t kMostBytes = 1U << 20;
constexpr std::size_t kPacketDescriptorBytes = 16;
constexpr unsigned kControlTimeoutMs = 5000;

std::uint32_t field(std::span<const std::byte> header, std::size_t offset) {
  return load_be<std::uint32_t>(header.data() + offset);
}

void put(std::vector<std::byte>& to, std::uint32_t value) {
  to.resize(to.size() + sizeof value);
  store_be<std::uint32_t>(to.data() + to.size() - sizeof value, value);
}

// Linux errno values, as USB/IP carries them.
std::int32_t errno_of(libusb_transfer_status status) {
  switch (status) {
    case LIBUSB_TRANSFER_COMPLETED:
      return 0;
    case LIBUSB_TRANSFER_STALL:
      return -EPIPE;
    case LIBUSB_TRANSFER_TIMED_OUT:
      return -ETIMEDOUT;
    case LIBUSB_TRANSFER_CANCELLED:
      return -ECONNRESET;
    case LIBUSB_TRANSFER_NO_DEVICE:
      return -ESHUTDOWN;
    case LIBUSB_TRANSFER_OVERFLOW:
      return -EOVERFLOW;
    default:
      return -EPROTO;
  }
}

std::vector<std::byte> return_header(std::uint32_t seqnum, std::int32_t status,
                                     std::uint32_t actual, std::uint32_t packets,
                                     std::uint32_t errors) {
  std::vector<std::byte> pdu;
  pdu.reserve(512);
  for (const std::uint32_t value :
       {kRetSubmit, seqnum, 0U, 0U, 0U, static_cast<std::uint32_t>(status), actual, 0U, packets,
        errors, 0U, 0U}) {
    put(pdu, value);
  }
  return pdu;
}

void append(std::vector<std::byte>& to, const std::uint8_t* bytes, std::uint32_t count) {
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  to.insert(to.end(), first, first + count);
}

// The packets' bytes back to back, as USB/IP wants them, then their descriptors.
void append_packets(std::vector<std::byte>& pdu, libusb_transfer& transfer, bool in,
                    std::span<const std::uint32_t> offsets) {
  const std::span packets(transfer.iso_packet_desc, offsets.size());
  const std::uint8_t* at = transfer.buffer;
  for (const auto& packet : packets) {
    if (in) {
      append(pdu, at, packet.actual_length);
    }
    at += packet.length;
  }
  for (std::size_t i = 0; i < packets.size(); ++i) {
    put(pdu, offsets[i]);
    put(pdu, packets[i].length);
    put(pdu, packets[i].actual_length);
    put(pdu, static_cast<std::uint32_t>(errno_of(packets[i].status)));
  }
}

}  // namespace

void UrbRelay::read_urbs() {
  Header header;
  while (read_exactly(header)) {
    const std::uint32_t command = field(header, 0);
    if (command == kCmdUnlink) {
      unlink(header);
    } else if (command != kCmdSubmit || !submit(header)) {
      return;
    }
  }
}

bool UrbRelay::submit(const Header& header) {
  const std::uint32_t seqnum = field(header, 4);
  const bool in = field(header, 12) != 0;
  const auto endpoint = static_cast<std::uint8_t>(field(header, 16) | (in ? 0x80U : 0U));
  const std::uint32_t length = field(header, 24);
  const std::uint32_t packets = field(header, 32);
  if (length > kMostBytes || packets > kMostPackets) {
    return false;
  }
  std::vector<std::byte> data(in ? 0 : length);
  std::vector<std::byte> descriptors(packets * kPacketDescriptorBytes);
  if (!read_exactly(data) || !read_exactly(descriptors)) {
    return false;
  }
  const Setup setup = std::span(header).subspan<40, 8>();
  const bool control = (endpoint & 0x0F) == 0;
  if (control && standard_request(seqnum, setup)) {
    return true;
  }

  auto urb = std::make_unique<Pending>();
  urb->relay = this;
  urb->seqnum = seqnum;
  urb->in = in;
  urb->transfer = libusb_alloc_transfer(static_cast<int>(packets));
  if (control) {
    fill_control(*urb, setup, data);
  } else if (packets > 0) {
    fill_isochronous(*urb, endpoint, data, descriptors);
  } else {
    fill_other(*urb, endpoint, length, data);
  }
  const std::lock_guard lock(mutex_);
  const int error = libusb_submit_transfer(urb->transfer);
  if (error != 0) {
    std::fprintf(stderr, "urb_relay: endpoint %02x: %s\n", endpoint, libusb_error_name(error));
    send_return(seqnum, -EPROTO);
    return true;
  }
  pending_.emplace(seqnum, std::move(urb));
  return true;
}

void UrbRelay::unlink(const Header& header) {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(field(header, 20));
  if (found == pending_.end()) {
    send_unlinked(field(header, 4), 0);
    return;
  }
  found->second->unlink_seqnum = field(header, 4);
  libusb_cancel_transfer(found->second->transfer);
}

bool UrbRelay::standard_request(std::uint32_t seqnum, Setup setup) {
  const auto byte = [&](std::size_t i) { return std::to_integer<int>(setup[i]); };
  const int request = byte(0) << 8 | byte(1);
  const int value = byte(2) | byte(3) << 8;
  const int index = byte(4) | byte(5) << 8;
  int error = 0;
  if (request == 0x0009) {  // SET_CONFIGURATION: the active one is kept
    error = value == configuration_ ? 0 : LIBUSB_ERROR_NOT_SUPPORTED;
  } else if (request == 0x010B) {  // SET_INTERFACE
    error = libusb_set_interface_alt_setting(device_, index, value);
  } else if (request == 0x0201 && value == 0) {  // CLEAR_FEATURE(ENDPOINT_HALT)
    error = libusb_clear_halt(device_, static_cast<unsigned char>(index));
  } else {
    return false;
  }
  const std::lock_guard lock(mutex_);
  send_return(seqnum, error == 0 ? 0 : -EPIPE);
  return true;
}

void UrbRelay::fill_control(Pending& urb, Setup setup, std::span<const std::byte> data) {
  const std::size_t length =
      std::to_integer<std::size_t>(setup[6]) | std::to_integer<std::size_t>(setup[7]) << 8;
  urb.buffer.resize(LIBUSB_CONTROL_SETUP_SIZE + length);
  std::memcpy(urb.buffer.data(), setup.data(), setup.size());
  std::memcpy(urb.buffer.data() + LIBUSB_CONTROL_SETUP_SIZE, data.data(),
              std::min(length, data.size()));
  libusb_fill_control_transfer(urb.transfer, device_, urb.buffer.data(), on_transfer, &urb,
                               kControlTimeoutMs);
}

void UrbRelay::fill_isochronous(Pending& urb, std::uint8_t endpoint,
                                std::span<const std::byte> data,
                                std::span<const std::byte> descriptors) {
  const std::size_t packets = descriptors.size() / kPacketDescriptorBytes;
  for (std::size_t i = 0; i < packets; ++i) {
    const auto descriptor = descriptors.subspan(i * kPacketDescriptorBytes, kPacketDescriptorBytes);
    const std::uint32_t offset = field(descriptor, 0);
    const std::uint32_t length = std::min(field(descriptor, 4), kMostBytes);
    const std::size_t start = urb.buffer.size();
    urb.packet_offsets.push_back(offset);
    urb.transfer->iso_packet_desc[i].length = length;
    urb.buffer.resize(start + length);
    if (!urb.in && std::size_t{offset} + length <= data.size()) {
      std::memcpy(urb.buffer.data() + start, data.data() + offset, length);
    }
  }
  libusb_fill_iso_transfer(urb.transfer, device_, endpoint, urb.buffer.data(),
                           static_cast<int>(urb.buffer.size()), static_cast<int>(packets),
                           on_transfer, &urb, 0);
}

void UrbRelay::fill_other(Pending& urb, std::uint8_t endpoint, std::uint32_t length,
                          std::span<const std::byte> data) {
  urb.buffer.resize(length);
  std::memcpy(urb.buffer.data(), data.data(), data.size());
  libusb_fill_bulk_transfer(urb.transfer, device_, endpoint, urb.buffer.data(),
                            static_cast<int>(length), on_transfer, &urb, 0);
}

void UrbRelay::on_transfer(libusb_transfer* transfer) {
  auto* urb = static_cast<Pending*>(transfer->user_data);
  urb->relay->complete(*urb);
}

void UrbRelay::complete(Pending& urb) {
  const std::lock_guard lock(mutex_);
  libusb_transfer& transfer = *urb.transfer;
  if (urb.unlink_seqnum != 0 && transfer.status == LIBUSB_TRANSFER_CANCELLED) {
    send_unlinked(urb.unlink_seqnum, -ECONNRESET);
    pending_.erase(urb.seqnum);
    return;
  }
  const auto packets = static_cast<std::uint32_t>(urb.packet_offsets.size());
  auto actual = static_cast<std::uint32_t>(transfer.actual_length);
  std::uint32_t errors = 0;
  for (std::uint32_t i = 0; i < packets; ++i) {
    actual += transfer.iso_packet_desc[i].actual_length;
    errors += transfer.iso_packet_desc[i].status == LIBUSB_TRANSFER_COMPLETED ? 0 : 1;
  }
  auto pdu = return_header(urb.seqnum, errno_of(transfer.status), actual, packets, errors);
  if (packets > 0) {
    append_packets(pdu, transfer, urb.in, urb.packet_offsets);
  } else if (urb.in) {
    const bool control = transfer.type == LIBUSB_TRANSFER_TYPE_CONTROL;
    append(pdu, transfer.buffer + (control ? LIBUSB_CONTROL_SETUP_SIZE : 0), actual);
  }
  send(pdu);
  if (urb.unlink_seqnum != 0) {
    send_unlinked(urb.unlink_seqnum, 0);
  }
  pending_.erase(urb.seqnum);
}

bool UrbRelay::read_exactly(std::span<std::byte> into) {
  return into.empty() ||
         recv(socket_, into.data(), into.size(), MSG_WAITALL) == static_cast<ssize_t>(into.size());
}

// A blocking stream socket takes all of it, unless vhci is gone; then read_urbs() ends.
void UrbRelay::send(std::span<const std::byte> bytes) {
  if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(bytes.size())) {
    shutdown(socket_, SHUT_RDWR);
  }
}

void UrbRelay::send_return(std::uint32_t seqnum, std::int32_t status) {
  send(return_header(seqnum, status, 0, 0, 0));
}

void UrbRelay::send_unlinked(std::uint32_t seqnum, std::int32_t status) {
  std::vector<std::byte> pdu;
  for (const std::uint32_t value :
       {kRetUnlink, seqnum, 0U, 0U, 0U, static_cast<std::uint32_t>(status)}) {
    put(pdu, value);
  }
  pdu.resize(std::tuple_size_v<Header>);
  send(pdu);
}

}  // namespace usbgw::relay
