// The plain URB relay that audio scenarios compare with: every URB that vhci hands over becomes one
// libusb transfer, and every completion one answer, with no network, buffer or clock between them.
#pragma once

#include <libusb-1.0/libusb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace usbgw::relay {

// Two threads: read_urbs() on one, libusb's event loop (which calls complete()) on the other; the
// mutex covers the table of pending URBs and the order of answers.
class UrbRelay {
 public:
  // `socket` is our end of the pair that vhci was given; `configuration` is the device's active
  // one.
  UrbRelay(int socket, libusb_device_handle* device, int configuration)
      : socket_(socket), device_(device), configuration_(configuration) {}

  // Serves URBs until vhci closes its end.
  void read_urbs();

 private:
  using Header = std::array<std::byte, 48>;  // Documentation/usb/usbip_protocol.rst
  using Setup = std::span<const std::byte, 8>;

  struct Pending {
    UrbRelay* relay = nullptr;
    std::uint32_t seqnum = 0;
    std::uint32_t unlink_seqnum = 0;  // of the CMD_UNLINK that wants it back; 0: none
    bool in = false;
    std::vector<std::uint32_t> packet_offsets;  // as submitted; the answer repeats them
    std::vector<std::uint8_t> buffer;           // for control transfers the setup packet first
    libusb_transfer* transfer = nullptr;

    ~Pending() { libusb_free_transfer(transfer); }
  };

  [[nodiscard]] bool read_exactly(std::span<std::byte> into);
  [[nodiscard]] bool submit(const Header& header);
  void unlink(const Header& header);
  // True when the request is one that libusb must make itself; it is answered then.
  [[nodiscard]] bool standard_request(std::uint32_t seqnum, Setup setup);
  void fill_control(Pending& urb, Setup setup, std::span<const std::byte> data);
  void fill_isochronous(Pending& urb, std::uint8_t endpoint, std::span<const std::byte> data,
                        std::span<const std::byte> descriptors);
  void fill_other(Pending& urb, std::uint8_t endpoint, std::uint32_t length,
                  std::span<const std::byte> data);
  void complete(Pending& urb);

  void send(std::span<const std::byte> bytes);
  void send_return(std::uint32_t seqnum, std::int32_t status);
  void send_unlinked(std::uint32_t seqnum, std::int32_t status);
  static void LIBUSB_CALL on_transfer(libusb_transfer* transfer);

  int socket_;
  libusb_device_handle* device_;
  int configuration_;
  std::mutex mutex_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Pending>> pending_;
};

}  // namespace usbgw::relay
