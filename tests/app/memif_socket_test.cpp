#include "app/memif_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/file_descriptor.h"
#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

class MemifSocket : public ScratchFolder {
 protected:
  // As DPDK's server makes it.
  [[nodiscard]] control::FileDescriptor listen(const std::string& path) const {
    control::FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 1), 0);
    return socket;
  }
};

TEST_F(MemifSocket, Path_IsTheServersOnly) {
  EXPECT_EQ(memif_server_socket("memif:/run/m.sock,server"), "/run/m.sock");
  EXPECT_EQ(memif_server_socket("memif:/run/m.sock,client"), "");
  EXPECT_EQ(memif_server_socket("af_packet:eth1"), "");
}

TEST_F(MemifSocket, OnlyOneThatNobodyListensAt_IsRemoved) {
  const std::string path = root_ + "/m.sock";
  {
    const auto server = listen(path);
    remove_stale_memif_socket(path);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  remove_stale_memif_socket(path);
  EXPECT_FALSE(std::filesystem::exists(path));
  write("/m.sock", "a file");
  remove_stale_memif_socket(path);
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace usbgw::app
