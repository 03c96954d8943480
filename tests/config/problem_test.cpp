// Every kind of configuration error, with the text a person sees.
#include <gtest/gtest.h>

#include "config/document.h"
#include "tests/config/sample.h"

namespace usbgw::config {
namespace {

// kHost with the line `replaced` written otherwise.
std::string problems_with(std::string_view replaced, std::string_view by,
                          std::string_view base = kHost) {
  std::string text(base);
  const std::size_t at = text.find(replaced);
  if (at == std::string::npos) return "the test replaces nothing";
  text.replace(at, replaced.size(), by);
  return problem_text(parse_document(text, "f.toml"));
}

constexpr std::string_view kAddress = "address = \"10.20.0.1/24\"";

TEST(ConfigProblem, UnknownKey_SuggestsAndLists) {
  EXPECT_EQ(problems_with(kAddress, "adress = \"10.20.0.1/24\""),
            "f.toml:5: dataplane.adress: unknown key; did you mean \"address\"? Allowed: address, "
            "dscp, gateway, huge_dir, hugepages, mtu, pcp, port, udp_port, vlan\n");
}

TEST(ConfigProblem, UnknownSection_Suggests) {
  EXPECT_EQ(problems_with("[[peer]]", "[worker]\n[[peer]]"),
            "f.toml:8: worker: unknown section; did you mean \"workers\"? Allowed: admin, allow, "
            "attach, audit, control, dataplane, deny, export, impairment, log, node, peer, repair, "
            "second_path, security, streams, workers\n");
}

TEST(ConfigProblem, SecondPathThatIsNone_SaysWhy) {
  const auto with = [](std::string_view second) {
    return problems_with("[[peer]]", "[second_path]\n" + std::string(second) + "\n[[peer]]");
  };
  EXPECT_EQ(with("port = \"af_packet:eth2\"\naddress = \"10.21.0.1/24\""), "");
  EXPECT_EQ(with("port = \"af_xdp:eth1\"\naddress = \"10.21.0.1/24\""),
            "f.toml:9: second_path.port: \"af_xdp:eth1\" is the port of [dataplane]; allowed: "
            "another one, or no [second_path]\n");
  EXPECT_EQ(with("port = \"af_packet:eth2\"\naddress = \"10.20.0.1/16\""),
            "f.toml:10: second_path.address: 10.20.0.1 is the address of [dataplane] as well\n");
  EXPECT_EQ(
      with("port = \"af_packet:eth2\""),
      "f.toml:8: second_path.address: missing; write this port's own address with its prefix, "
      "as in address = \"10.20.0.2/24\"\n");
  EXPECT_EQ(with("port = \"af_packet:eth2\"\naddress = \"10.21.0.1/24\"\ngateway = \"10.20.0.9\""),
            "f.toml:11: second_path.gateway: 10.20.0.9 is in none of this port's own networks\n");
  EXPECT_NE(with("port = \"ring\"\naddress = \"10.21.0.1/24\"").find("nothing to add"),
            std::string::npos);
  EXPECT_NE(with("address = \"10.21.0.1/24\"").find("second_path.port: missing"),
            std::string::npos);
  EXPECT_NE(
      with("port = \"af_packet:eth2\"\naddress = \"10.21.0.1/24\"\ndscp = 3").find("unknown key"),
      std::string::npos);
}

TEST(ConfigProblem, RepairKeysOfAnotherScheme_HaveNoEffect) {
  EXPECT_EQ(problems_with("[[peer]]", "[repair]\ndata = 8\n[[peer]]"),
            "f.toml:9: repair.data: has no effect without scheme = \"rs\" or \"window\"\n");
  EXPECT_EQ(problems_with("[[peer]]", "[repair]\nscheme = \"rs\"\ndelay = \"1ms\"\n[[peer]]"),
            "f.toml:10: repair.delay: is of scheme = \"copy\"; allowed: data, repair, spread\n");
  EXPECT_EQ(
      problems_with("[[peer]]", "[repair]\nscheme = \"window\"\nspread = \"0ms\"\n[[peer]]"),
      "f.toml:10: repair.spread: is the window's length and cannot be 0; allowed: up to 100ms\n");
  EXPECT_EQ(problems_with("[[peer]]", "[repair]\nshare = \"2Mbit\"\n[[peer]]"),
            "f.toml:9: repair.share: has no effect without scheme = \"auto\"\n");
  EXPECT_EQ(problems_with("[[peer]]", "[repair]\nscheme = \"auto\"\ndelay = \"1ms\"\n[[peer]]"),
            "f.toml:10: repair.delay: is of scheme = \"copy\"; allowed: share\n");
  EXPECT_NE(problems_with("[[peer]]", "[repair]\nscheme = \"rs\"\ndata = 33\n[[peer]]"), "");
}

TEST(ConfigProblem, VhciThreadsOnACoreThatABusyWorkerHas_WouldNeverRun) {
  const std::string cores = "[workers]\nusb_core = 2\nvhci_core = 2\n";
  EXPECT_EQ(problems_with("[[peer]]", cores + "[[peer]]"), "");
  EXPECT_EQ(problems_with("[[peer]]", cores + "idle = \"busy\"\n[[peer]]"),
            "f.toml:10: workers.vhci_core: a worker with idle = \"busy\" has this core and never "
            "leaves it; allowed: another core\n");
}

TEST(ConfigProblem, WrongType_SaysWhatItFound) {
  EXPECT_EQ(
      problems_with("[security]", "mtu = \"big\"\n[security]"),
      "f.toml:6: dataplane.mtu: expected a whole number (1280 to 9000), found text \"big\"\n");
  EXPECT_EQ(problems_with("[security]", "hugepages = 1\n[security]"),
            "f.toml:6: dataplane.hugepages: expected true or false, found the number 1\n");
  EXPECT_EQ(problems_with("name = \"room\"", "name = 5"),
            "f.toml:2: node.name: expected text in quotes, found the number 5\n");
  EXPECT_EQ(problems_with(kAddress, "address = [\"10.20.0.1/24\", 5]"),
            "f.toml:5: dataplane.address: expected a list of texts in quotes, found the number 5 "
            "in it\n");
  EXPECT_EQ(problems_with("peer = \"stage\"", "peer = \"stage\"\nplayout = 2"),
            "f.toml:13: attach[1].playout: expected a duration in quotes with its unit, as in "
            "\"2ms\", found the number 2\n");
}

TEST(ConfigProblem, OutOfRange_SaysTheRange) {
  EXPECT_EQ(problems_with("[security]", "mtu = 90000\n[security]"),
            "f.toml:6: dataplane.mtu: 90000 is out of range; allowed: 1280 to 9000\n");
  EXPECT_EQ(problems_with("[security]", "vlan = -1\n[security]"),
            "f.toml:6: dataplane.vlan: -1 is out of range; allowed: 0 to 4094\n");
  EXPECT_EQ(problems_with("peer = \"stage\"", "peer = \"stage\"\nplayout = \"2s\""),
            "f.toml:13: attach[1].playout: 2s is out of range; allowed: 125us to 500ms\n");
  EXPECT_EQ(problems_with("[[peer]]", "[workers]\nrealtime = 100\n[[peer]]"),
            "f.toml:9: workers.realtime: 100 is out of range; allowed: 0 to 99\n");
}

TEST(ConfigProblem, MorePeersThanFit_NamesTheFirstTooMany) {
  std::string text(kHost);  // 13 lines, one peer
  for (int i = 1; i < 32; ++i)
    text += "[[peer]]\nname = \"stage-" + std::to_string(i) + "\"\ncontrol = \"10.0.0.3\"\n";
  EXPECT_EQ(problem_text(parse_document(text, "f.toml")), "");
  text += "[[peer]]\nname = \"stage-32\"\ncontrol = \"10.0.0.3\"\n";
  EXPECT_EQ(problem_text(parse_document(text, "f.toml")),
            "f.toml:108: peer[33].name: there are 33 [[peer]] entries; allowed: 32\n");
}

TEST(ConfigProblem, UnknownWord_SuggestsAndLists) {
  EXPECT_EQ(problems_with("peer = \"stage\"", "peer = \"stage\"\nmode = \"adaptiv\""),
            "f.toml:13: attach[1].mode: \"adaptiv\" is not known; did you mean \"adaptive\"? "
            "Allowed: adaptive, fixed\n");
}

TEST(ConfigProblem, WrongForm_SaysWhatIsAllowed) {
  EXPECT_EQ(problems_with(kAddress, "address = \"10.20.0.1\""),
            "f.toml:5: dataplane.address: \"10.20.0.1\" is not an address with its prefix; "
            "allowed: as in \"10.20.0.2/24\", \"fd00::2/64\"\n");
  EXPECT_EQ(problems_with("\"1209:a101\"", "\"1209:a1\""),
            "f.toml:13: attach[1].device: \"1209:a1\" is not a device; allowed: \"VID:PID\" or "
            "\"VID:PID:SERIAL\" with four hexadecimal digits each, as in \"1209:a101\", or "
            "\"software:NAME\"\n");
  EXPECT_EQ(problems_with("name = \"room\"", "name = \"my room\""),
            "f.toml:2: node.name: \"my room\" is not a name; allowed: up to 63 letters, digits, "
            "'-', '_', '.'\n");
  EXPECT_EQ(problems_with("name = \"room\"", "name = \"room\"\nuser = \"my user\""),
            "f.toml:3: node.user: \"my user\" is not a user's name; allowed: up to 32 letters, "
            "digits, '-', '_', '.', as in user = \"usbgw\"\n");
  EXPECT_EQ(problems_with("peer = \"stage\"", "peer = \"stage\"\nplayout = \"2\""),
            "f.toml:13: attach[1].playout: \"2\" is not a duration; allowed: a number with its "
            "unit, as in \"250us\", \"2ms\", \"1s\"\n");
  EXPECT_EQ(problems_with("peer = \"stage\"", "peer = \"stage\"\nvhci_port = \"any\""),
            "f.toml:13: attach[1].vhci_port: \"any\" is not a vhci port; allowed: \"auto\" or a "
            "number that `cat /sys/devices/platform/vhci_hcd.0/status` lists\n");
}

TEST(ConfigProblem, ImpossiblePort_ListsThePortTypes) {
  for (const char* port : {"eth1", "af_packet:", "af_packet:interface-too-long", "03:00.0",
                           "0000:03:00.8", "memif:/run/m", "memif:run/m,server"}) {
    EXPECT_EQ(problems_with("af_packet:eth1", port),
              "f.toml:4: dataplane.port: \"" + std::string(port) +
                  "\" is not a port; allowed: a PCI address (\"0000:03:00.0\"), "
                  "\"af_packet:IFACE\", \"af_xdp:IFACE\", \"tap:NAME\", \"memif:/SOCKET,server\" "
                  "or \",client\", or \"ring\"\n");
  }
}

TEST(ConfigProblem, MissingKey_IsAtItsSection) {
  EXPECT_EQ(problems_with("name = \"room\"", ""),
            "f.toml:1: node.name: missing; write a name for this machine, as in name = "
            "\"stage-box\"\n");
  EXPECT_EQ(problems_with("device = \"1209:a101\"", ""),
            "f.toml:11: attach[1].device: missing; write a device, as in device = "
            "\"1209:a101\"\n");
  EXPECT_EQ(problems_with(kAddress, ""),
            "f.toml:3: dataplane.address: missing; write this port's own address with its prefix, "
            "as in address = \"10.20.0.2/24\"\n");
}

TEST(ConfigProblem, MissingSection_NamesTheFile) {
  EXPECT_EQ(problem_text(parse_document("[dataplane]\nport = \"ring\"\n", "f.toml")),
            "f.toml: node.name: missing; write a name for this machine, as in name = "
            "\"stage-box\"\n");
}

TEST(ConfigProblem, Several_AreAllReportedInLineOrder) {
  const std::string text = problem_text(parse_document(
      "[node]\nname = 1\n[dataplane]\nport = \"x\"\nmtu = 1\n[repair]\ndelay = \"4\"\n", "f.toml"));
  const std::size_t first = text.find("f.toml:2:"), second = text.find("f.toml:4:"),
                    third = text.find("f.toml:5:"), fourth = text.find("f.toml:7:");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_LT(third, fourth);
  EXPECT_NE(fourth, std::string::npos);
}

TEST(ConfigProblem, NotToml_HasItsLine) {
  const std::string text = problem_text(parse_document("[node]\nname = \n", "f.toml"));
  EXPECT_EQ(text.substr(0, 20), "f.toml:2: not TOML: ") << text;
  const std::string twice = problem_text(parse_document("[node]\nname = 1\nname = 2\n", "f.toml"));
  EXPECT_EQ(twice.substr(0, 20), "f.toml:3: not TOML: ") << twice;
}

TEST(ConfigProblem, SectionWrittenAsEntries_SaysHowToWriteIt) {
  EXPECT_EQ(problems_with("[dataplane]", "[[dataplane]]"),
            "f.toml:3: dataplane: expected a section, written [dataplane] once\n");
  EXPECT_EQ(problems_with("[[peer]]", "[peer]"),
            "f.toml:8: peer: expected entries, each written [[peer]]\n");
}

TEST(ConfigProblem, DuplicateNames_PointAtTheFirst) {
  EXPECT_EQ(problems_with("[[attach]]", "[[peer]]\nname = \"stage\"\ncontrol = \"a\"\n[[attach]]"),
            "f.toml:12: peer[2].name: stage is there twice; line 9 has it already\n");
  const std::string again = "[[attach]]\npeer = \"stage\"\ndevice = \"1209:a101\"\n[[attach]]";
  EXPECT_EQ(problems_with("[[attach]]", again),
            "f.toml:16: attach[2].device: 1209:a101 of stage is there twice; line 13 has it "
            "already\n");
  EXPECT_EQ(problems_with("[[export]]", "[[export]]\ndevice = \"1209:a101\"\n[[export]]", kAgent),
            "f.toml:11: export[2].device: 1209:a101 is there twice; line 9 has it already\n");
}

TEST(ConfigProblem, AttachToUnknownPeer_SuggestsThePeer) {
  EXPECT_EQ(problems_with("peer = \"stage\"", "peer = \"stag\""),
            "f.toml:12: attach[1].peer: no [[peer]] is named \"stag\"; did you mean \"stage\"? "
            "Allowed: stage\n");
}

TEST(ConfigProblem, ExportThatNoRuleAllows_SaysWhichRuleToWrite) {
  EXPECT_EQ(problems_with("\"1209:*\"", "\"1d6b:*\"", kAgent),
            "f.toml:9: export[1].device: no [[allow]] rule covers 1209:a101, so every peer would "
            "be refused; add [[allow]] with device = \"1209:a101\"\n");
}

TEST(ConfigProblem, NothingToSecureWith_NamesTheKeys) {
  EXPECT_EQ(problems_with("psk_file = \"studio.psk\"", ""),
            "f.toml:6: security: missing; write ca, certificate and key, or psk_file (`usbgw keys` "
            "makes them)\n");
  EXPECT_EQ(problems_with("psk_file", "key = \"k\"\nca = \"c\"\npsk_file"),
            "f.toml:6: security.certificate: missing; write it too: ca, certificate and key go "
            "together\n"
            "f.toml:9: security.psk_file: allowed: certificates or a pre-shared key, not both\n");
}

TEST(ConfigProblem, RingWithOneRole_NeedsTheOther) {
  const std::string roles = "roles = [\"agent\", \"host\"]";
  EXPECT_EQ(problems_with(roles, "roles = [\"agent\"]", kAgent),
            "f.toml:5: dataplane.port: \"ring\" joins an agent and a host in one process, and this "
            "node is only an agent; write roles = [\"agent\", \"host\"] in [node], or a port that "
            "other processes reach\n");
  // Roles that follow from the entries count alike.
  EXPECT_EQ(problems_with(roles, "", kAgent).find("f.toml:5: dataplane.port: \"ring\" joins"), 0u);
  EXPECT_NE(problems_with("port = \"af_packet:eth1\"", "port = \"ring\"")
                .find("f.toml:4: dataplane.port: \"ring\" joins an agent and a host in one "
                      "process, and this node is only a host"),
            std::string::npos);
}

TEST(ConfigProblem, ValuesThatContradict_AreNamed) {
  EXPECT_EQ(problems_with("[security]", "gateway = \"10.30.0.1\"\n[security]"),
            "f.toml:6: dataplane.gateway: 10.30.0.1 is in none of this port's own networks\n");
  EXPECT_EQ(problems_with("name = \"room\"", "name = \"room\"\nroles = [\"agent\"]"),
            "f.toml:3: node.roles: lacks \"host\", which the [[attach]] entries need\n");
  EXPECT_EQ(problems_with("[[peer]]", "[impairment]\nloss = 0.1\n[[peer]]"),
            "f.toml:9: impairment.loss: works on port = \"ring\" only; use tc-netem on a real "
            "interface\n");
  EXPECT_EQ(problems_with("[[export]]",
                          "[impairment]\noutage = \"1ms\"\ngilbert_p = 0.1\nreorder_by = \"2ms\"\n"
                          "flap = \"2s\"\nflap_every = \"1s\"\n[[export]]",
                          kAgent),
            "f.toml:9: impairment.outage: has no effect without outage_loss, the share of time "
            "that outages take\n"
            "f.toml:10: impairment.gilbert_p: has no effect without gilbert_r\n"
            "f.toml:11: impairment.reorder_by: has no effect without reorder\n"
            "f.toml:12: impairment.flap: 2s is not shorter than flap_every (1s): the link is never "
            "up\n");
  EXPECT_EQ(problems_with("[[export]]", "[streams]\nout_ahead = \"500us\"\n[[export]]", kAgent),
            "f.toml:9: streams.out_ahead: 500us is shorter than a transfer; allowed: at least "
            "1ms\n");
}

}  // namespace
}  // namespace usbgw::config
