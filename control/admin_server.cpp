#include "control/admin_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "control/unix_socket.h"

namespace usbgw::control {
namespace {

constexpr std::size_t kMaxClients = 16;
// A client that connects and then says nothing makes room for others.
constexpr Duration kPatience = std::chrono::seconds(10);

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

// One connection: one request at a time, in order.
struct AdminServer::Client {
  FileDescriptor socket;
  std::string input;
  std::string output;
  AdminToken token;  // of the request that is being worked on
  bool is_waiting = false;
  bool is_closed = false;
  Instant give_up{};

  [[nodiscard]] bool is_idle() const { return !is_waiting && output.empty(); }
  [[nodiscard]] bool has_request() const {
    return is_idle() && input.find('\n') != std::string::npos;
  }
};

Result<std::unique_ptr<AdminServer>> AdminServer::listen(const std::string& path,
                                                         AdminHandler& handler) {
  return listen_at(path).map([&](FileDescriptor&& socket) {
    return std::unique_ptr<AdminServer>(new AdminServer(std::move(socket), path, handler));
  });
}

AdminServer::AdminServer(FileDescriptor listener, std::string path, AdminHandler& handler)
    : listener_(std::move(listener)), path_(std::move(path)), handler_(handler) {}

AdminServer::~AdminServer() {
  ::unlink(path_.c_str());
}

std::size_t AdminServer::accept_clients(Instant now) {
  std::size_t work = 0;
  while (clients_.size() < kMaxClients) {
    const int descriptor =
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) break;
    auto client = std::make_unique<Client>();
    client->socket = FileDescriptor(descriptor);
    client->give_up = now + kPatience;
    clients_.push_back(std::move(client));
    ++work;
  }
  return work;
}

std::size_t AdminServer::receive(Client& client) {
  std::array<char, kMaxAdminRequest> bytes;
  const ssize_t got = ::recv(client.socket.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) {
    client.is_closed = got == 0 || !would_block(errno);
    return client.is_closed ? 1 : 0;
  }
  client.input.append(bytes.data(), static_cast<std::size_t>(got));
  return 1;
}

void AdminServer::run_request(Client& client) {
  const std::size_t end = client.input.find('\n');
  if (end == std::string::npos) {
    if (client.input.size() <= kMaxAdminRequest) return;
    client.output =
        encode(Error{ErrorCode::protocol,
                     "admin request: longer than " + std::to_string(kMaxAdminRequest) + " bytes"}) +
        "\n";
    flush(client);
    client.is_closed = true;
    return;
  }
  const std::string line = client.input.substr(0, end);
  client.input.erase(0, end + 1);
  client.token = AdminToken{next_token_++};
  client.is_waiting = true;
  const auto request = decode_request(line);
  if (!request) {
    fail(client.token, request.error());
    return;
  }
  const AdminToken token = client.token;
  struct Dispatch {
    AdminHandler& handler;
    AdminToken token;
    void operator()(const ListRequest& list) { handler.list(token, list); }
    void operator()(const AttachRequest& attach) { handler.attach(token, attach); }
    void operator()(const DetachRequest& detach) { handler.detach(token, detach); }
    void operator()(const StatusRequest& status) { handler.status(token, status); }
  };
  std::visit(Dispatch{handler_, token}, *request);
}

void AdminServer::flush(Client& client) {
  if (client.output.empty()) return;
  const ssize_t sent =
      ::send(client.socket.get(), client.output.data(), client.output.size(), MSG_NOSIGNAL);
  if (sent > 0) {
    client.output.erase(0, static_cast<std::size_t>(sent));
  } else if (!would_block(errno)) {
    client.is_closed = true;
  }
}

void AdminServer::reply(AdminToken token, std::string line) {
  for (const auto& client : clients_) {
    if (!client->is_waiting || client->token != token) continue;
    client->is_waiting = false;
    client->output = std::move(line) + "\n";
    flush(*client);
    return;
  }
}

void AdminServer::answer(AdminToken token, const AdminReport& report) {
  reply(token, encode(report));
}

void AdminServer::fail(AdminToken token, const Error& error) {
  reply(token, encode(error));
}

std::size_t AdminServer::turn(Instant now) {
  std::size_t work = accept_clients(now);
  for (const auto& client : clients_) {
    flush(*client);
    // A waiting client is read too, so that its leaving is seen; what it sends early is bounded.
    if (client->input.size() <= kMaxAdminRequest) work += receive(*client);
    if (client->is_idle() && !client->is_closed) {
      const bool is_new = client->has_request();
      run_request(*client);
      // Counts from the answer: the next request may follow it.
      if (is_new) client->give_up = kNever;
    }
    if (client->is_idle() && client->give_up == kNever) client->give_up = now + kPatience;
    if (client->is_idle() && now >= client->give_up) client->is_closed = true;
  }
  for (const auto& client : clients_) {
    if (client->is_closed && client->is_waiting) handler_.withdraw(client->token);
  }
  std::erase_if(clients_, [](const auto& client) { return client->is_closed; });
  return work;
}

Instant AdminServer::next_deadline() const {
  Instant deadline = kNever;
  for (const auto& client : clients_) {
    if (client->has_request()) return Instant{};  // one that came before the last was answered
    if (client->is_idle()) deadline = std::min(deadline, client->give_up);
  }
  return deadline;
}

void AdminServer::append_descriptors(std::vector<int>& readable) const {
  if (clients_.size() < kMaxClients) readable.push_back(listener_.get());
  for (const auto& client : clients_) {
    if (client->input.size() <= kMaxAdminRequest) readable.push_back(client->socket.get());
  }
}

void AdminServer::append_writable(std::vector<int>& writable) const {
  for (const auto& client : clients_) {
    if (!client->output.empty()) writable.push_back(client->socket.get());
  }
}

}  // namespace usbgw::control
