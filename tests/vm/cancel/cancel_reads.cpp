// cancel_reads BUS-PORT READS SEED: reads the counting vendor device (usbside/device/software/
// counter_function.h) with random time-outs, so that most reads are cancelled at a random moment,
// and judges that the two byte streams have no gap and no repeat. The last line has the figures.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "tests/vm/bus_port.h"
#include "usbside/device/software/byte_counter.h"
#include "usbside/device/software/counter_function.h"

namespace {

namespace software = usbgw::device::software;

constexpr unsigned kControlTimeoutMs = 5000;
constexpr unsigned kLongTimeoutMs = 2000;
constexpr unsigned kMostTimeoutMs =
    40;                         // the path's round trip is 8 ms: before, during and after an answer
constexpr int kLongReads = 20;  // afterwards, to see that each stream goes on

struct Stream {
  usbgw::EndpointAddress endpoint;
  std::size_t packet_bytes;  // a read's length is a multiple of it
  bool is_bulk;
  software::ByteJudge judge;
};

struct Figures {
  int timed_out = 0;
  int errors = 0;
};

void read_once(libusb_device_handle* device, Stream& stream, std::size_t length,
               unsigned timeout_ms, Figures& figures) {
  static_assert(sizeof(std::byte) == 1);
  std::vector<unsigned char> buffer(length);
  int received = 0;
  const auto read = stream.is_bulk ? libusb_bulk_transfer : libusb_interrupt_transfer;
  const int result = read(device, stream.endpoint.value(), buffer.data(), static_cast<int>(length),
                          &received, timeout_ms);
  // A read that timed out may still have brought bytes, and they count.
  stream.judge.take(std::as_bytes(std::span(buffer).first(static_cast<std::size_t>(received))));
  if (result == LIBUSB_ERROR_TIMEOUT) {
    ++figures.timed_out;
  } else if (result != 0) {
    ++figures.errors;
    std::fprintf(stderr, "cancel_reads: endpoint %02x: %s\n", stream.endpoint.value(),
                 libusb_error_name(result));
  }
}

void read_at_random(libusb_device_handle* device, std::array<Stream, 2>& streams, int reads,
                    std::mt19937& random, Figures& figures) {
  for (int i = 0; i < reads; ++i) {
    Stream& stream = streams[random() % streams.size()];
    const std::size_t length = stream.packet_bytes * (1 + random() % 8);
    read_once(device, stream, length, 1 + static_cast<unsigned>(random() % kMostTimeoutMs),
              figures);
    if (i % 100 == 99) {
      std::printf("cancel_reads: %d reads, %d timed out\n", i + 1, figures.timed_out);
      std::fflush(stdout);
    }
  }
}

int run(libusb_device_handle* device, int reads, unsigned seed) {
  libusb_set_auto_detach_kernel_driver(device, 1);
  if (libusb_claim_interface(device, 0) != 0 ||
      libusb_control_transfer(device, 0x40, software::kCounterRestart, 0, 0, nullptr, 0,
                              kControlTimeoutMs) < 0) {
    std::fprintf(stderr, "cancel_reads: this is not the counting device\n");
    return 1;
  }
  std::array<Stream, 2> streams{Stream{software::kCounterBulkIn, 512, true, {}},
                                Stream{software::kCounterInterruptIn, 64, false, {}}};
  std::mt19937 random(seed);
  Figures figures;
  read_at_random(device, streams, reads, random, figures);
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
  std::uint64_t repeated = 0;
  std::uint64_t altered = 0;
  bool goes_on = true;
  for (Stream& stream : streams) {
    const auto before = stream.judge.counters().bytes;
    Figures after;
    for (int i = 0; i < kLongReads; ++i) {
      read_once(device, stream, stream.packet_bytes, kLongTimeoutMs, after);
    }
    const auto judged = stream.judge.counters();
    goes_on = goes_on && judged.bytes > before;
    figures.errors += after.errors;
    bytes += judged.bytes;
    lost += judged.lost;
    repeated += judged.repeated;
    altered += judged.altered;
  }
  std::printf(
      "%d reads, %d timed out, %d errors, %llu bytes, %llu lost, %llu repeated, %llu altered%s\n",
      reads, figures.timed_out, figures.errors, static_cast<unsigned long long>(bytes),
      static_cast<unsigned long long>(lost), static_cast<unsigned long long>(repeated),
      static_cast<unsigned long long>(altered), goes_on ? "" : ", a stream is dead");
  // A run in which little was cancelled shows nothing.
  const bool is_telling = figures.timed_out * 4 >= reads && bytes > 0;
  return is_telling && goes_on && lost + repeated + altered == 0 && figures.errors == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: cancel_reads BUS-PORT READS SEED\n");
    return 2;
  }
  if (libusb_init(nullptr) != 0) {
    std::fprintf(stderr, "cancel_reads: no libusb\n");
    return 1;
  }
  libusb_device_handle* device = usbgw::vm::open_at(argv[1]);
  if (device == nullptr) {
    std::fprintf(stderr, "cancel_reads: no device at %s\n", argv[1]);
    return 1;
  }
  return run(device, std::atoi(argv[2]), static_cast<unsigned>(std::atoi(argv[3])));
}
