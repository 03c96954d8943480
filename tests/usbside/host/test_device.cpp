#include "tests/usbside/host/test_device.h"

#include <initializer_list>

namespace usbgw::host::test {
namespace {

class Bytes {
 public:
  Bytes& add(std::initializer_list<int> values) {
    for (const int value : values) bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  std::vector<std::byte> bytes_;
};

void interface(Bytes& to, int number, int alternate, int endpoints, int cls, int subclass) {
  to.add({9, 4, number, alternate, endpoints, cls, subclass, 0, 0});
}

void endpoint(Bytes& to, EndpointAddress address, int attributes, int size, int interval) {
  to.add({7, 5, address.value(), attributes, size & 0xFF, size >> 8, interval});
}

void audio_format(Bytes& to) {
  to.add({7, 0x24, 1, 1, 1, 1, 0});                         // AS_GENERAL, PCM
  to.add({11, 0x24, 2, 1, 2, 2, 16, 1, 0x80, 0xBB, 0x00});  // Type I, 48000
}

// The same at any rate from 8 to 96 kHz.
void audio_format_of_any_rate(Bytes& to) {
  to.add({7, 0x24, 1, 1, 1, 1, 0});
  to.add({14, 0x24, 2, 1, 2, 2, 16, 0, 0x40, 0x1F, 0x00, 0x00, 0x77, 0x01});
}

std::vector<std::byte> configuration(Speed speed) {
  const bool high = speed == Speed::high;
  const int audio_bytes = static_cast<int>(nominal_bytes(speed)) + 4;
  Bytes to;
  to.add({9, 2, 0, 0, 7, 1, 0, 0x80, 50});
  interface(to, 0, 0, 0, 1, 1);
  interface(to, 1, 0, 0, 1, 2);
  interface(to, 1, 1, 2, 1, 2);
  audio_format(to);
  endpoint(to, kAudioOut, 0x05, audio_bytes, 1);
  endpoint(to, kFeedback, 0x11, high ? 4 : 3, high ? 4 : 1);
  interface(to, 2, 0, 0, 1, 2);
  interface(to, 2, 1, 1, 1, 2);
  audio_format(to);
  endpoint(to, kAudioIn, 0x05, audio_bytes, 1);
  interface(to, 2, 2, 1, 1, 2);
  audio_format_of_any_rate(to);
  endpoint(to, kAudioIn, 0x05, 2 * audio_bytes, 1);
  interface(to, 3, 0, 1, 3, 0);
  endpoint(to, kHid, 0x03, 8, high ? 4 : 1);
  interface(to, 4, 0, 2, 0xFF, 0);
  endpoint(to, kBulkIn, 0x02, high ? 512 : 64, 0);
  endpoint(to, kBulkOut, 0x02, high ? 512 : 64, 0);
  interface(to, 5, 0, 1, 1, 3);
  endpoint(to, kMidiIn, 0x02, high ? 512 : 64, 0);
  interface(to, 6, 0, 0, 14, 2);
  interface(to, 6, 1, 1, 14, 2);
  endpoint(to, kVideoIn, 0x05, 512, 1);
  to.bytes_[2] = static_cast<std::byte>(to.bytes_.size() & 0xFF);
  to.bytes_[3] = static_cast<std::byte>(to.bytes_.size() >> 8);
  return to.bytes_;
}

}  // namespace

RemoteDevice make_device(Speed speed) {
  RemoteDevice device;
  device.attachment = kAttachment;
  device.name = "test device";
  device.speed = speed;
  device.configuration_descriptors.push_back(configuration(speed));
  device.active_configuration = 1;
  return device;
}

Duration interval_of(Speed speed) {
  return speed == Speed::high ? std::chrono::microseconds(125) : std::chrono::microseconds(1000);
}

std::uint32_t nominal_bytes(Speed speed) {
  return speed == Speed::high ? 24 : 192;
}

}  // namespace usbgw::host::test
