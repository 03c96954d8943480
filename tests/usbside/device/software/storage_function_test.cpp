#include "usbside/device/software/storage_function.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <numeric>

#include "common/byte_order.h"
#include "common/random.h"
#include "tests/usbside/device/software/bus_host.h"
#include "usbside/device/software/catalogue.h"

namespace usbgw::device::software {
namespace {

using Bytes = std::vector<std::byte>;

Bytes be(std::initializer_list<int> fields) {
  Bytes bytes;
  for (const int field : fields) bytes.push_back(static_cast<std::byte>(field));
  return bytes;
}

struct Outcome {
  Bytes data;
  int status = -1;
  std::uint32_t residue = 0;
  bool has_stalled = false;
};

// As usb-storage: wrapper, data, clear halt after a stall, status.
class StorageHost {
 public:
  explicit StorageHost(DeviceOptions options = {}) {
    options.name = "storage";
    function = std::move(*make_function(options));
    host = std::make_unique<BusHost>(*function);
  }

  Outcome run(const Bytes& command, std::size_t length, bool is_in, const Bytes& out = {}) {
    Outcome outcome;
    Bytes wrapper(31);
    store_le<std::uint32_t>(wrapper.data(), 0x43425355);
    store_le<std::uint32_t>(wrapper.data() + 4, ++tag_);
    store_le<std::uint32_t>(wrapper.data() + 8, static_cast<std::uint32_t>(length));
    wrapper[12] = is_in ? std::byte{0x80} : std::byte{0};
    wrapper[14] = static_cast<std::byte>(command.size());
    std::copy(command.begin(), command.end(), wrapper.begin() + 15);
    EXPECT_EQ(move(kStorageOut, wrapper), UrbStatus::ok);
    if (length != 0) {
      outcome.data = is_in ? Bytes(length) : out;
      if (move(is_in ? kStorageIn : kStorageOut, outcome.data) == UrbStatus::stall) {
        outcome.has_stalled = true;
        outcome.data.clear();
        host->bus.clear_halt(kStorageIn);
      }
    }
    Bytes status(13);
    EXPECT_EQ(move(kStorageIn, status), UrbStatus::ok);
    EXPECT_EQ(load_le<std::uint32_t>(status.data()), 0x53425355u);
    EXPECT_EQ(load_le<std::uint32_t>(status.data() + 4), tag_);
    outcome.residue = load_le<std::uint32_t>(status.data() + 8);
    outcome.status = std::to_integer<int>(status[12]);
    return outcome;
  }

  std::unique_ptr<Function> function;
  std::unique_ptr<BusHost> host;

 private:
  UrbStatus move(EndpointAddress endpoint, Bytes& data) {
    auto urb = make_urb(endpoint, data.size());
    if (!endpoint.is_in()) std::copy(data.begin(), data.end(), urb->data.begin());
    const BusUrb* done = host->transfer(*urb, std::chrono::seconds(5));
    EXPECT_NE(done, nullptr);
    if (done == nullptr) return UrbStatus::timer_expired;
    if (endpoint.is_in())
      data.assign(urb->data.begin(), urb->data.begin() + static_cast<long>(done->actual));
    return done->status;
  }
  std::uint32_t tag_ = 0;
};

TEST(StorageFunction, DataRoundTripsThroughBothCommandSizes) {
  StorageHost storage;
  Random random(11);
  for (const int blocks : {1, 8, 240, 2048}) {
    Bytes data(static_cast<std::size_t>(blocks) * 512);
    for (auto& byte : data) byte = static_cast<std::byte>(random.next());
    const Bytes write = be({0x2A, 0, 0, 0, 1, 7, 0, blocks >> 8, blocks & 255, 0});
    EXPECT_EQ(storage.run(write, data.size(), false, data).status, 0);
    const Bytes read_16 =
        be({0x88, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, blocks >> 8, blocks & 255, 0, 0});
    const Outcome read = storage.run(read_16, data.size(), true);
    EXPECT_EQ(read.status, 0);
    EXPECT_EQ(read.residue, 0u);
    EXPECT_EQ(read.data, data);
  }
}

TEST(StorageFunction, TellsWhatADriverAsksAtItsStart) {
  StorageHost storage;
  Bytes lun(1, std::byte{9});
  EXPECT_EQ(storage.host->control({0xA1, 0xFE, 0, 0, 1}, lun), UrbStatus::ok);
  EXPECT_EQ(lun[0], std::byte{0});
  EXPECT_EQ(storage.run(be({0x12, 0, 0, 0, 36, 0}), 36, true).data.size(), 36u);
  EXPECT_EQ(storage.run(be({0, 0, 0, 0, 0, 0}), 0, false).status, 0);
  const Outcome capacity = storage.run(be({0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 8, true);
  EXPECT_EQ(load_be<std::uint32_t>(capacity.data.data()), 131071u);
  EXPECT_EQ(load_be<std::uint32_t>(capacity.data.data() + 4), 512u);
  const Outcome wide =
      storage.run(be({0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0}), 32, true);
  EXPECT_EQ(load_be<std::uint64_t>(wide.data.data()), 131071u);
  const Outcome mode = storage.run(be({0x1A, 0, 0x3F, 0, 192, 0}), 192, true);
  EXPECT_EQ(mode.status, 0);
  EXPECT_EQ(mode.data.size(), 4u);
  EXPECT_EQ(mode.residue, 188u);
  EXPECT_EQ(storage.run(be({0x1E, 0, 0, 0, 1, 0}), 0, false).status, 0);
  EXPECT_EQ(storage.run(be({0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 0, false).status, 0);
}

TEST(StorageFunction, BlockBehindTheEndIsRefusedWithSense) {
  StorageHost storage;
  const Outcome read = storage.run(be({0x28, 0, 0, 2, 0, 0, 0, 0, 1, 0}), 512, true);
  EXPECT_TRUE(read.has_stalled);
  EXPECT_EQ(read.status, 1);
  EXPECT_EQ(read.residue, 512u);
  const Outcome sense = storage.run(be({3, 0, 0, 0, 18, 0}), 18, true);
  EXPECT_EQ(sense.data[2], std::byte{5});
  EXPECT_EQ(sense.data[12], std::byte{0x21});
  const Outcome write = storage.run(be({0x2A, 0, 0, 2, 0, 0, 0, 0, 1, 0}), 512, false, Bytes(512));
  EXPECT_EQ(write.status, 1);
  EXPECT_EQ(storage.run(be({0, 0, 0, 0, 0, 0}), 0, false).status, 0);
}

TEST(StorageFunction, InvalidWrapperStallsUntilResetRecovery) {
  StorageHost storage;
  auto urb = make_urb(kStorageOut, 30);
  EXPECT_EQ(storage.host->transfer(*urb, std::chrono::seconds(1))->status, UrbStatus::stall);
  Bytes none;
  EXPECT_EQ(storage.host->control({0x21, 0xFF, 0, 0, 0}, none), UrbStatus::ok);
  storage.host->bus.clear_halt(kStorageIn);
  storage.host->bus.clear_halt(kStorageOut);
  EXPECT_EQ(storage.run(be({0, 0, 0, 0, 0, 0}), 0, false).status, 0);
}

TEST(StorageFunction, FileKeepsWhatWasWritten) {
  std::string path = ::testing::TempDir() + "software_disk_XXXXXX";
  const int fd = mkstemp(path.data());
  ASSERT_GE(fd, 0);
  ::close(fd);
  DeviceOptions options;
  options.storage_file = path;
  options.storage_bytes = 1 << 20;
  const Bytes data(512, std::byte{0x5A});
  {
    StorageHost storage(options);
    EXPECT_EQ(storage.run(be({0x2A, 0, 0, 0, 0, 9, 0, 0, 1, 0}), 512, false, data).status, 0);
  }
  StorageHost again(options);
  EXPECT_EQ(again.run(be({0x28, 0, 0, 0, 0, 9, 0, 0, 1, 0}), 512, true).data, data);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace usbgw::device::software
