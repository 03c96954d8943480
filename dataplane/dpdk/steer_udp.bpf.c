// XDP: UDP datagrams to our port go to the AF_XDP socket of their receive queue, all else to the
// kernel. IPv4 without fragments and IPv6 without extension headers; no VLAN tag (the kernel's VLAN
// interfaces stay the kernel's). Loaded by DPDK's af_xdp driver, which looks for a map `xsks_map`.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FRAGMENT 0x3fff /* more fragments, or an offset */

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, 64);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u32));
} xsks_map SEC(".maps");

// Filled before loading (xdp_program.cpp finds the marker).
struct settings {
  char marker[8];
  __be16 udp_port;
  __u16 unused;
};
const volatile struct settings settings = {"USBGWPRT", 0xffff, 0};

static __always_inline void *udp_in_ipv4(struct iphdr *ip, void *end) {
  if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP) return 0;
  if (ip->ihl != 5 || (ip->frag_off & bpf_htons(FRAGMENT))) return 0;
  return ip + 1;
}

static __always_inline void *udp_in_ipv6(struct ipv6hdr *ip, void *end) {
  if ((void *)(ip + 1) > end || ip->nexthdr != IPPROTO_UDP) return 0;
  return ip + 1;
}

SEC("xdp")
int steer_udp(struct xdp_md *context) {
  void *end = (void *)(long)context->data_end;
  struct ethhdr *link = (void *)(long)context->data;
  struct udphdr *udp = 0;
  if ((void *)(link + 1) > end) return XDP_PASS;
  if (link->h_proto == bpf_htons(ETH_P_IP))
    udp = udp_in_ipv4((void *)(link + 1), end);
  else if (link->h_proto == bpf_htons(ETH_P_IPV6))
    udp = udp_in_ipv6((void *)(link + 1), end);
  if (!udp || (void *)(udp + 1) > end || udp->dest != settings.udp_port) return XDP_PASS;
  // XDP_PASS when that queue has no socket.
  return bpf_redirect_map(&xsks_map, context->rx_queue_index, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
