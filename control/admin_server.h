// The local admin socket of a running usbgw: accepts the commands of people on this machine and
// hands them to the roles, which answer when they can. Control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/loop.h"
#include "common/result.h"
#include "common/strong.h"
#include "control/admin_protocol.h"
#include "control/file_descriptor.h"

namespace usbgw::control {

// Names one request until it is answered; an answer to a client that has left is dropped.
using AdminToken = Strong<struct AdminTokenTag, std::uint64_t>;

// Implemented by node/. Each call is answered once, now or later, by AdminServer::answer or fail
// with its token, unless it is withdrawn.
class AdminHandler {
 public:
  virtual ~AdminHandler() = default;
  virtual void list(AdminToken token, const ListRequest& request) = 0;
  virtual void attach(AdminToken token, const AttachRequest& request) = 0;
  virtual void detach(AdminToken token, const DetachRequest& request) = 0;
  virtual void status(AdminToken token, const StatusRequest& request) = 0;
  // The client left before its answer, as a person does with Ctrl-C: what it asked for is not
  // wanted any more.
  virtual void withdraw(AdminToken token) = 0;
};

class AdminServer final : public Loop {
 public:
  // Listens at `path`, for this user alone. A socket file that nobody answers at is replaced.
  // Errors: busy (another usbgw answers there), io (the folder, the rights; names the path).
  [[nodiscard]] static Result<std::unique_ptr<AdminServer>> listen(const std::string& path,
                                                                   AdminHandler& handler);
  ~AdminServer() override;
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  void answer(AdminToken token, const AdminReport& report);
  void fail(AdminToken token, const Error& error);

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;

 private:
  struct Client;

  AdminServer(FileDescriptor listener, std::string path, AdminHandler& handler);
  std::size_t accept_clients(Instant now);
  std::size_t receive(Client& client);
  void run_request(Client& client);
  static void flush(Client& client);
  void reply(AdminToken token, std::string line);

  FileDescriptor listener_;
  std::string path_;
  AdminHandler& handler_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::uint64_t next_token_ = 1;
};

}  // namespace usbgw::control
