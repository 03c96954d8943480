// What needs no hardware: mappings, names, sysfs (a tree of our own), the usbfs limit. Real devices
// are in tests/vm.
#include <gtest/gtest.h>
#include <libusb-1.0/libusb.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/usbside/device/fake_device.h"
#include "tests/wire/captured_descriptors.h"
#include "usbside/device/libusb/libusb_provider.h"
#include "usbside/device/libusb/libusb_status.h"
#include "usbside/device/libusb/open_error.h"
#include "usbside/device/libusb/usb_selector.h"
#include "usbside/device/libusb/usb_sysfs.h"
#include "usbside/device/libusb/usbfs_memory.h"

namespace usbgw::device {
namespace {

namespace fs = std::filesystem;

// Nothing is opened here, so nothing is stamped.
struct NoClock final : Clock {
  [[nodiscard]] Instant now() const override { return {}; }
};

std::vector<std::byte> bytes_of(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// A file tree that is gone at the end.
class Tree {
 public:
  Tree() {
    std::string pattern = (fs::temp_directory_path() / "usbgw_sysfs_XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~Tree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  void file(const std::string& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  void link(const std::string& path, const std::string& target) {
    fs::create_directories((root_ / path).parent_path());
    fs::create_symlink(target, root_ / path);
  }
  [[nodiscard]] const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

std::string raw(std::string_view hex) {
  const auto bytes = bytes_of(hex);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(LibusbStatus, TransferStatusBecomesTheErrnoOfTheKernel) {
  EXPECT_EQ(status_of_transfer(LIBUSB_TRANSFER_COMPLETED), UrbStatus::ok);
  EXPECT_EQ(status_of_transfer(LIBUSB_TRANSFER_STALL), UrbStatus::stall);
  EXPECT_EQ(status_of_transfer(LIBUSB_TRANSFER_ERROR), UrbStatus::protocol_error);
  EXPECT_EQ(status_of_transfer(LIBUSB_TRANSFER_OVERFLOW), UrbStatus::overflow);
  EXPECT_EQ(status_of_transfer(LIBUSB_TRANSFER_NO_DEVICE), UrbStatus::no_device);
  EXPECT_EQ(status_of_transfer(LIBUSB_TRANSFER_CANCELLED), UrbStatus::connection_reset);
}

TEST(LibusbStatus, EmptyDamagedPacketWasNotTransferred) {
  EXPECT_EQ(status_of_packet(LIBUSB_TRANSFER_ERROR, 0), UrbStatus::cross_device);
  EXPECT_EQ(status_of_packet(LIBUSB_TRANSFER_ERROR, 9), UrbStatus::protocol_error);
  EXPECT_EQ(status_of_packet(LIBUSB_TRANSFER_COMPLETED, 0), UrbStatus::ok);
}

TEST(LibusbStatus, SubmitOverTheMemoryLimitIsNoMemory) {
  EXPECT_EQ(status_of_submit(LIBUSB_SUCCESS), UrbStatus::ok);
  EXPECT_EQ(status_of_submit(LIBUSB_ERROR_IO), UrbStatus{-12});
  EXPECT_EQ(status_of_submit(LIBUSB_ERROR_NO_MEM), UrbStatus{-12});
  EXPECT_EQ(status_of_submit(LIBUSB_ERROR_NO_DEVICE), UrbStatus::no_device);
}

TEST(LibusbStatus, RefusedSettingIsAStall) {
  EXPECT_EQ(status_of_command(LIBUSB_SUCCESS), UrbStatus::ok);
  EXPECT_EQ(status_of_command(LIBUSB_ERROR_OTHER), UrbStatus::stall);
  EXPECT_EQ(status_of_command(LIBUSB_ERROR_NOT_FOUND), UrbStatus::stall);
  EXPECT_EQ(status_of_command(LIBUSB_ERROR_BUSY), UrbStatus{-16});
}

TEST(UsbSelector, TakesHexadecimalPairsAndASerial) {
  const auto pair = UsbSelector::parse("1209:A102");
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->vendor_id, 0x1209);
  EXPECT_EQ(pair->product_id, 0xA102);
  EXPECT_FALSE(pair->serial);
  EXPECT_EQ(UsbSelector::parse("1:2:ab:cd")->serial, "ab:cd");
  for (const auto* wrong :
       {"", "1209", "1209:", ":a102", "12090:a102", "1209:zz", "0x12:1", "-1:2"})
    EXPECT_FALSE(UsbSelector::parse(wrong)) << wrong;
}

TEST(UsbSelector, SerialIsComparedOnlyWhereGiven) {
  PresentDevice device;
  device.vendor_id = 0x1209;
  device.product_id = 0xA102;
  device.serial = "0001";
  EXPECT_TRUE(UsbSelector::parse("1209:a102")->matches(device));
  EXPECT_TRUE(UsbSelector::parse("1209:a102:0001")->matches(device));
  EXPECT_FALSE(UsbSelector::parse("1209:a102:0002")->matches(device));
  EXPECT_FALSE(UsbSelector::parse("1209:a101")->matches(device));
  EXPECT_EQ(usb_id(0x1209, 0xA102, "0001"), "1209:a102:0001");
  EXPECT_EQ(usb_id(0x20, 0x1, ""), "0020:0001");
}

TEST(UsbSysfs, DescriptorsStringsAndDriverFromTheKernelsTree) {
  Tree tree;
  const std::string folder = "sys/bus/usb/devices/1-2.4/";
  tree.file(folder + "descriptors",
            raw(wire::captured::kHeadsetDevice) + raw(wire::captured::kHeadset));
  tree.file(folder + "serial",
            "00\x01"
            "1\n");
  tree.file(folder + "product", "USB Headset \n");
  tree.file(folder + "bConfigurationValue", "1\n");
  tree.link(folder + "1-2.4:1.0/driver", "../../../../bus/usb/drivers/snd-usb-audio");
  const UsbSysfs sysfs("1-2.4", tree.root());
  DeviceInfo info;
  ASSERT_TRUE(sysfs.read_into(info));
  EXPECT_EQ(info.vendor_id, 0x0020);
  EXPECT_EQ(info.product, "USB Headset");
  EXPECT_EQ(info.serial, "00?1");
  EXPECT_EQ(info.active_configuration, 1);
  ASSERT_EQ(info.configuration_descriptors.size(), 1u);
  EXPECT_EQ(info.configuration_descriptors[0], bytes_of(wire::captured::kHeadset));
  EXPECT_EQ(sysfs.driver_of(1, 0), "snd-usb-audio");
  EXPECT_EQ(sysfs.driver_of(1, 1), "");
}

TEST(UsbSysfs, StringsOfTheDeviceAreMadePrintable) {
  Tree tree;
  const std::string folder = "sys/bus/usb/devices/1-2.4/";
  tree.file(folder + "descriptors",
            raw(wire::captured::kHeadsetDevice) + raw(wire::captured::kHeadset));
  tree.file(folder + "product", "a\x1B[31mb\x7F");
  // The second is U+009B, which terminals take for ESC [ too; the last byte is no UTF-8.
  tree.file(folder + "manufacturer", "M\xC3\xBCller \xC2\x9B 31m\xFF\n");
  const UsbSysfs sysfs("1-2.4", tree.root());
  DeviceInfo info;
  ASSERT_TRUE(sysfs.read_into(info));
  EXPECT_EQ(info.product, "a?[31mb?");
  EXPECT_EQ(info.manufacturer, "M\xC3\xBCller ?? 31m?");
}

TEST(UsbSysfs, TruncatedDescriptorsAtEveryLengthAreHarmless) {
  auto bytes = bytes_of(wire::captured::kHeadsetDevice);
  const auto configuration = bytes_of(wire::captured::kHeadset);
  bytes.insert(bytes.end(), configuration.begin(), configuration.end());
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const auto split =
        split_descriptors({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)});
    EXPECT_EQ(split.has_value(), length >= 18);
    if (split) {
      EXPECT_EQ(split->configurations.size(), length == bytes.size() ? 1u : 0u);
    }
  }
}

TEST(UsbSysfs, ProcessThatHoldsTheNodeIsNamed) {
  Tree tree;
  tree.file("proc/4242/comm", "qemu-system\n");
  tree.link("proc/4242/fd/7", "/dev/bus/usb/001/004");
  tree.link("proc/self/fd/7", "/dev/bus/usb/001/005");
  EXPECT_EQ(process_holding("/dev/bus/usb/001/004", tree.root()), "qemu-system (pid 4242)");
  EXPECT_FALSE(process_holding("/dev/bus/usb/001/005", tree.root()));
}

TEST(UsbfsMemory, WarningSaysWhatTheDeviceNeedsAndWhatToDo) {
  FakeDevice fake{Instant{}};
  const auto need = usbfs_need(fake.info(), {});
  EXPECT_GT(need, std::size_t{8} << 20);
  EXPECT_LT(need, std::size_t{10} << 20);
  EXPECT_FALSE(usbfs_memory_warning(need, 16));
  EXPECT_FALSE(usbfs_memory_warning(need, 0));  // no limit
  EXPECT_FALSE(usbfs_memory_warning(need, std::nullopt));
  const auto warning = usbfs_memory_warning(need, 4);
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->find("usbfs_memory_mb is 4"), std::string::npos);
  EXPECT_NE(warning->find(kUsbfsMemoryFile), std::string::npos);
}

TEST(UsbfsMemory, LimitIsReadFromItsFile) {
  Tree tree;
  tree.file("limit", "16\n");
  EXPECT_EQ(usbfs_memory_mb((tree.root() / "limit").c_str()), 16u);
  EXPECT_FALSE(usbfs_memory_mb((tree.root() / "none").c_str()));
}

TEST(OpenError, NamesTheDeviceTheNodeAndTheWayOut) {
  DeviceInfo info;
  info.vendor_id = 0x1209;
  info.product_id = 0xA102;
  info.location = "bus 1 port 2.4";
  const auto refused = open_error(LIBUSB_ERROR_ACCESS, {1, 4}, info);
  EXPECT_EQ(refused.code, ErrorCode::refused);
  for (const auto* part : {"1209:a102", "bus 1 port 2.4", "/dev/bus/usb/001/004", "udev"})
    EXPECT_NE(refused.context.find(part), std::string::npos) << part;
  EXPECT_EQ(refused.context.find('\n'), std::string::npos);
  EXPECT_EQ(open_error(LIBUSB_ERROR_NO_DEVICE, {1, 4}, info).code, ErrorCode::not_found);
  EXPECT_EQ(open_error(LIBUSB_ERROR_BUSY, {1, 4}, info).code, ErrorCode::busy);
}

// With a USB bus or without one: the answer is a list or one line.
TEST(LibusbProvider, UnknownDeviceIsNotFoundAndGarbageIsRefused) {
  const NoClock clock;
  auto provider = make_libusb_provider(clock);
  if (!provider) {
    EXPECT_EQ(provider.error().code, ErrorCode::unavailable);
    EXPECT_NE(provider.error().context.find("libusb"), std::string::npos);
    return;
  }
  for (const auto& device : (*provider)->list()) EXPECT_FALSE(device.location.empty());
  EXPECT_EQ((*provider)->open("ffff:fffe:none").error().code, ErrorCode::not_found);
  EXPECT_EQ((*provider)->open("headset").error().code, ErrorCode::invalid_argument);
  static_cast<void>((*provider)->has_changed());
}

}  // namespace
}  // namespace usbgw::device
