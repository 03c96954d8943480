#include "usbside/device/software/disk_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace usbgw::device::software {
namespace {

// A descriptor of a file that is at least `bytes` long.
Result<int> open_sized(const std::string& file, std::uint64_t bytes) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::io, with_errno(file, errno));
  struct stat status {};
  const bool is_known = fstat(fd, &status) == 0;
  const auto length = static_cast<off_t>(bytes);
  if (is_known && (status.st_size >= length || ftruncate(fd, length) == 0)) return fd;
  const int error = errno;
  ::close(fd);
  return fail(ErrorCode::io, with_errno(file, error));
}

}  // namespace

Result<DiskImage> DiskImage::open(const std::string& file, std::uint64_t bytes) {
  int fd = -1;
  if (!file.empty()) {
    const auto opened = open_sized(file, bytes);
    if (!opened) return tl::unexpected(opened.error());
    fd = *opened;
  }
  const int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (memory == MAP_FAILED) {
    return fail(ErrorCode::io, with_errno("a disk of " + std::to_string(bytes) + " bytes", error));
  }
  return DiskImage(static_cast<std::byte*>(memory), bytes, fd >= 0);
}

DiskImage::DiskImage(DiskImage&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      is_file_(other.is_file_) {}

DiskImage::~DiskImage() {
  if (memory_ != nullptr) munmap(memory_, size_);
}

void DiskImage::flush() {
  if (is_file_) msync(memory_, size_, MS_ASYNC);
}

}  // namespace usbgw::device::software
