// USB/IP stream reader: whatever arrives, in whatever pieces, gives PDUs inside the buffer or an
// error. Byte 0: how the input is cut and which endpoints are isochronous.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "wire/usbip_reader.h"

namespace {

using namespace usbgw::wire::usbip;

constexpr std::size_t kMaxTransfer = 512;

class AnySubmitted : public SubmittedUrbs {
 public:
  std::optional<SubmittedShape> find(std::uint32_t seqnum) const override {
    if (seqnum % 5 == 4) return std::nullopt;
    return SubmittedShape{(seqnum & 1) != 0, (seqnum & 2) != 0, seqnum % 1024};
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

template <class Reader>
void run(Reader& reader, std::span<const std::byte> input, std::size_t step) {
  while (!input.empty()) {
    const auto room = reader.room();
    const std::size_t count = std::min({step, room.size(), input.size()});
    require(count > 0);
    std::memcpy(room.data(), input.data(), count);
    reader.commit(count);
    input = input.subspan(count);
    for (;;) {
      const auto pdu = reader.next();
      if (!pdu) return;
      if (!*pdu) break;
      require((*pdu)->data.size() <= kMaxTransfer + kMaxIsoPackets * kIsoDescriptorBytes);
      require((*pdu)->packets.size() <= kMaxIsoPackets);
      for (std::size_t i = 0; i < (*pdu)->packets.size(); ++i) (void)(*pdu)->packets[i];
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto input = std::as_bytes(std::span(data + 1, size - 1));
  CommandReader commands(kMaxTransfer);
  for (std::uint8_t number = 0; number < 16; ++number) {
    if ((data[0] >> (number % 8) & 1) == 0) continue;
    commands.set_isochronous(usbgw::EndpointAddress(number, usbgw::Direction::in), true);
    commands.set_isochronous(usbgw::EndpointAddress(number, usbgw::Direction::out), true);
  }
  run(commands, input, 1u + data[0]);
  AnySubmitted submitted;
  ReplyReader replies(submitted, kMaxTransfer);
  run(replies, input, 1u + data[0]);
  return 0;
}
