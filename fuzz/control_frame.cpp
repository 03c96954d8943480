// However a stream is cut, the assembler gives the same messages, never more bytes than came.
#include <cstdint>
#include <cstdlib>

#include "control/frame_assembler.h"

namespace {

struct Outcome {
  bool sound = true;
  std::size_t arrivals = 0;
  std::size_t bytes = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome assemble(std::span<const std::byte> stream, std::size_t piece) {
  usbgw::control::FrameAssembler assembler;
  std::vector<usbgw::control::Arrival> arrivals;
  Outcome outcome;
  for (std::size_t at = 0; at < stream.size() && outcome.sound; at += piece)
    outcome.sound =
        assembler.feed(stream.subspan(at, std::min(piece, stream.size() - at)), arrivals);
  outcome.arrivals = arrivals.size();
  for (const auto& arrival : arrivals)
    if (const auto* message = std::get_if<usbgw::control::Message>(&arrival))
      outcome.bytes += message->body.size();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto stream = std::as_bytes(std::span(data, size));
  const Outcome whole = assemble(stream, size == 0 ? 1 : size);
  if (whole.bytes > size || assemble(stream, 1) != whole || assemble(stream, 7) != whole)
    std::abort();
  return 0;
}
