#include "wire/usbip.h"

#include <algorithm>

#include "common/byte_reader.h"

namespace usbgw::wire::usbip {
namespace {

constexpr std::uint32_t kCmdSubmit = 1;
constexpr std::uint32_t kCmdUnlink = 2;
constexpr std::uint32_t kRetSubmit = 3;
constexpr std::uint32_t kRetUnlink = 4;

using Reader = HeaderReader<kHeaderBytes>;
using Writer = HeaderWriter<kHeaderBytes>;

struct Basic {
  std::uint32_t command = 0;
  std::uint32_t seqnum = 0;
  std::uint32_t devid = 0;
  EndpointAddress endpoint;
};

Writer begin(Header& header, const Basic& basic) {
  auto writer = *Writer::over(header);
  writer.store<std::uint32_t, 0>(basic.command);
  writer.store<std::uint32_t, 4>(basic.seqnum);
  writer.store<std::uint32_t, 8>(basic.devid);
  writer.store<std::uint32_t, 12>(basic.endpoint.is_in() ? 1 : 0);
  writer.store<std::uint32_t, 16>(basic.endpoint.number());
  return writer;
}

void store_setup(const SetupPacket& setup, std::byte* to) {
  to[0] = std::byte{setup.request_type};
  to[1] = std::byte{setup.request};
  store_le<std::uint16_t>(to + 2, setup.value);
  store_le<std::uint16_t>(to + 4, setup.index);
  store_le<std::uint16_t>(to + 6, setup.length);
}

SetupPacket load_setup(const std::byte* from) {
  SetupPacket setup;
  setup.request_type = std::to_integer<std::uint8_t>(from[0]);
  setup.request = std::to_integer<std::uint8_t>(from[1]);
  setup.value = load_le<std::uint16_t>(from + 2);
  setup.index = load_le<std::uint16_t>(from + 4);
  setup.length = load_le<std::uint16_t>(from + 6);
  return setup;
}

template <std::size_t Offset>
std::int32_t load_signed(const Reader& reader) {
  return static_cast<std::int32_t>(reader.load<std::uint32_t, Offset>());
}

WireResult<Basic> decode_basic(const Reader& reader) {
  const auto direction = reader.load<std::uint32_t, 12>();
  const auto number = reader.load<std::uint32_t, 16>();
  if (direction > 1 || number > 15) return tl::unexpected(WireError::malformed);
  return Basic{reader.load<std::uint32_t, 0>(), reader.load<std::uint32_t, 4>(),
               reader.load<std::uint32_t, 8>(),
               EndpointAddress(static_cast<std::uint8_t>(number),
                               direction == 1 ? Direction::in : Direction::out)};
}

WireResult<Command> decode_submit(const Basic& basic, const Reader& reader,
                                  std::span<const std::byte> header) {
  if (load_signed<24>(reader) < 0) return tl::unexpected(WireError::malformed);
  Submit submit;
  submit.seqnum = basic.seqnum;
  submit.devid = basic.devid;
  submit.endpoint = basic.endpoint;
  submit.flags = reader.load<std::uint32_t, 20>();
  submit.length = reader.load<std::uint32_t, 24>();
  submit.start_frame = load_signed<28>(reader);
  submit.number_of_packets = load_signed<32>(reader);
  submit.interval = load_signed<36>(reader);
  submit.setup = load_setup(header.data() + 40);
  return submit;
}

}  // namespace

Header encode(const Submit& submit) {
  Header header{};
  auto writer = begin(header, {kCmdSubmit, submit.seqnum, submit.devid, submit.endpoint});
  writer.store<std::uint32_t, 20>(submit.flags);
  writer.store<std::uint32_t, 24>(submit.length);
  writer.store<std::uint32_t, 28>(static_cast<std::uint32_t>(submit.start_frame));
  writer.store<std::uint32_t, 32>(static_cast<std::uint32_t>(submit.number_of_packets));
  writer.store<std::uint32_t, 36>(static_cast<std::uint32_t>(submit.interval));
  store_setup(submit.setup, header.data() + 40);
  return header;
}

Header encode(const SubmitReply& reply) {
  Header header{};
  auto writer = begin(header, {kRetSubmit, reply.seqnum, 0, {}});
  writer.store<std::uint32_t, 20>(static_cast<std::uint32_t>(reply.status));
  writer.store<std::uint32_t, 24>(reply.actual);
  writer.store<std::uint32_t, 28>(static_cast<std::uint32_t>(reply.start_frame));
  writer.store<std::uint32_t, 32>(static_cast<std::uint32_t>(reply.number_of_packets));
  writer.store<std::uint32_t, 36>(static_cast<std::uint32_t>(reply.error_count));
  return header;
}

Header encode(const Unlink& unlink) {
  Header header{};
  auto writer = begin(header, {kCmdUnlink, unlink.seqnum, unlink.devid, {}});
  writer.store<std::uint32_t, 20>(unlink.unlink_seqnum);
  return header;
}

Header encode(const UnlinkReply& reply) {
  Header header{};
  auto writer = begin(header, {kRetUnlink, reply.seqnum, 0, {}});
  writer.store<std::uint32_t, 20>(static_cast<std::uint32_t>(reply.status));
  return header;
}

void encode(const IsoDescriptor& packet, std::span<std::byte, kIsoDescriptorBytes> to) {
  store_be<std::uint32_t>(to.data(), packet.offset);
  store_be<std::uint32_t>(to.data() + 4, packet.length);
  store_be<std::uint32_t>(to.data() + 8, packet.actual);
  store_be<std::uint32_t>(to.data() + 12, static_cast<std::uint32_t>(packet.status));
}

WireResult<Command> decode_command(std::span<const std::byte> header) {
  const auto reader = Reader::over(header);
  if (!reader) return tl::unexpected(WireError::truncated);
  const auto basic = decode_basic(*reader);
  if (!basic) return tl::unexpected(basic.error());
  if (basic->command == kCmdSubmit) return decode_submit(*basic, *reader, header);
  if (basic->command == kCmdUnlink) {
    return Unlink{basic->seqnum, basic->devid, reader->load<std::uint32_t, 20>()};
  }
  return tl::unexpected(WireError::unknown_type);
}

WireResult<Reply> decode_reply(std::span<const std::byte> header) {
  const auto reader = Reader::over(header);
  if (!reader) return tl::unexpected(WireError::truncated);
  const auto basic = decode_basic(*reader);
  if (!basic) return tl::unexpected(basic.error());
  const auto status = UrbStatus{load_signed<20>(*reader)};
  if (basic->command == kRetUnlink) return UnlinkReply{basic->seqnum, status};
  if (basic->command != kRetSubmit) return tl::unexpected(WireError::unknown_type);
  if (load_signed<24>(*reader) < 0) return tl::unexpected(WireError::malformed);
  return SubmitReply{basic->seqnum,
                     status,
                     reader->load<std::uint32_t, 24>(),
                     load_signed<28>(*reader),
                     load_signed<32>(*reader),
                     load_signed<36>(*reader)};
}

IsoDescriptor decode_iso(std::span<const std::byte, kIsoDescriptorBytes> bytes) {
  return {load_be<std::uint32_t>(bytes.data()), load_be<std::uint32_t>(bytes.data() + 4),
          load_be<std::uint32_t>(bytes.data() + 8),
          UrbStatus{static_cast<std::int32_t>(load_be<std::uint32_t>(bytes.data() + 12))}};
}

}  // namespace usbgw::wire::usbip
