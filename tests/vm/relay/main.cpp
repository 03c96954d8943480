// urb_relay BUS-PORT VHCI_PORT: takes the USB device at BUS-PORT (as in /sys/bus/usb/devices) with
// libusb and presents it again at a vhci port of the same kernel, URB by URB, until it is detached
// or killed. VHCI_PORT must be on another vhci controller than the device, or the kernel deadlocks.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "tests/vm/bus_port.h"
#include "tests/vm/relay/urb_relay.h"

namespace {

constexpr const char* kAttachFile = "/sys/devices/platform/vhci_hcd.0/attach";

[[noreturn]] void die(const char* what, const char* why) {
  std::fprintf(stderr, "urb_relay: %s: %s\n", what, why);
  std::exit(1);
}

// Returns the active configuration's value.
int claim_all(libusb_device_handle* device) {
  libusb_set_auto_detach_kernel_driver(device, 1);
  libusb_config_descriptor* configuration = nullptr;
  if (const int error =
          libusb_get_active_config_descriptor(libusb_get_device(device), &configuration);
      error != 0) {
    die("configuration", libusb_error_name(error));
  }
  for (int i = 0; i < configuration->bNumInterfaces; ++i) {
    if (const int error = libusb_claim_interface(device, i); error != 0) {
      die("claim", libusb_error_name(error));
    }
  }
  return configuration->bConfigurationValue;
}

// enum usb_device_speed: what vhci's attach file expects.
int kernel_speed(libusb_device_handle* device) {
  switch (libusb_get_device_speed(libusb_get_device(device))) {
    case LIBUSB_SPEED_LOW:
      return 1;
    case LIBUSB_SPEED_FULL:
      return 2;
    case LIBUSB_SPEED_SUPER:
      return 5;
    default:
      return 3;
  }
}

// Returns our end of the pair that vhci was given.
int attach(const std::string& vhci_port, int speed) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    die("socketpair", "failed");
  }
  const std::string line =
      vhci_port + " " + std::to_string(ends[1]) + " 65538 " + std::to_string(speed);
  const int file = open(kAttachFile, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    die(kAttachFile, "attach refused");
  }
  close(file);
  close(ends[1]);
  return ends[0];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: urb_relay BUS-PORT VHCI_PORT\n");
    return 2;
  }
  if (const int error = libusb_init(nullptr); error != 0) {
    die("libusb", libusb_error_name(error));
  }
  libusb_device_handle* device = usbgw::vm::open_at(argv[1]);
  if (device == nullptr) {
    die(argv[1], "no such device, or it cannot be opened");
  }
  const int configuration = claim_all(device);
  const int socket = attach(argv[2], kernel_speed(device));
  usbgw::relay::UrbRelay relay(socket, device, configuration);
  std::thread([] {
    while (libusb_handle_events(nullptr) == 0) {
    }
  }).detach();
  std::printf("urb_relay: %s is at vhci port %s\n", argv[1], argv[2]);
  std::fflush(stdout);
  relay.read_urbs();
  // Transfers may still be on their way; the kernel takes back what this process holds.
  std::quick_exit(0);
}
