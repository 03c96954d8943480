// One EAL for a whole test program (DPDK starts once in a process), and ports made for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "dataplane/dpdk/make_port.h"

namespace usbgw::dpdk::testing {

class EalEnvironment : public ::testing::Environment {
 public:
  explicit EalEnvironment(EalConfig config) : config_(std::move(config)) {}
  void SetUp() override {
    auto started = Eal::start(config_);
    ASSERT_TRUE(started) << started.error().context;
    eal_ = std::move(*started);
  }
  void TearDown() override { eal_.reset(); }
  [[nodiscard]] Eal& eal() const { return *eal_; }

 private:
  EalConfig config_;
  std::unique_ptr<Eal> eal_;
};

inline PortConfig port_config(std::string_view spec, std::vector<std::string_view> addresses,
                              std::size_t mtu = 1500) {
  PortConfig config;
  config.spec = PortSpec::parse(spec).value();
  for (const auto address : addresses) config.networks.push_back(IpNetwork::parse(address).value());
  config.udp_port = 4791;
  config.mtu = mtu;
  return config;
}

inline UdpEndpoint endpoint(std::string_view address, std::uint16_t port = 4791) {
  return {.address = IpAddress::parse(address).value(), .port = port};
}

}  // namespace usbgw::dpdk::testing
