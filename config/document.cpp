#include "config/document.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/sections.h"
#include "config/toml_tree.h"

namespace usbgw::config {
namespace {

Document read_sections(TableReader top, const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  Document document;
  document.file = file;
  document.node = read_node(top.section("node"));
  document.dataplane = read_dataplane(top.section("dataplane"));
  TableReader second = top.section("second_path");
  if (top.has("second_path"))
    document.second_path = read_second_path(std::move(second), document.dataplane);
  document.control = read_control(top.section("control"));
  document.security = read_security(top.section("security"), folder);
  document.allow = read_rules(top.entries("allow"));
  document.deny = read_rules(top.entries("deny"));
  document.workers = read_workers(top.section("workers"));
  document.admin = read_admin(top.section("admin"), *document.node.name);
  TableReader streams = top.section("streams");
  document.streams = read_streams(streams, default_streams());
  streams.finish();
  document.exports = read_exports(top.entries("export"), document.streams);
  document.peers = read_peers(top.entries("peer"));
  document.attaches = read_attaches(top.entries("attach"));
  document.repair = read_repair(top.section("repair"));
  document.impairment = read_impairment(top.section("impairment"));
  document.log = read_log(top.section("log"), folder);
  document.audit = read_audit(top.section("audit"), folder);
  top.finish();
  return document;
}

void derive_roles(Document& document) {
  NodeSection& node = document.node;
  if (node.is_agent || node.is_host) return;
  node.is_agent = !document.exports.empty();
  node.is_host = !document.attaches.empty();
}

}  // namespace

Checked<Document> parse_document(std::string_view text, const std::string& file) {
  const auto tree = parse_toml(text);
  if (!tree) {
    return tl::unexpected<Problems>(
        Problems{{{file, tree.error().line, {}}, "not TOML: " + tree.error().text}});
  }
  ReadState state;
  state.file = file;
  Document document = read_sections({state, {}, &*tree, 1}, file);
  derive_roles(document);
  document.written = std::move(state.written);
  // Checks between values would only repeat, in other words, what a wrong value already caused.
  if (state.problems.empty()) check_consistency(document, state.problems);
  if (state.problems.empty()) return document;
  std::stable_sort(state.problems.begin(), state.problems.end(),
                   [](const Problem& a, const Problem& b) { return a.at.line < b.at.line; });
  return tl::unexpected<Problems>(std::move(state.problems));
}

Checked<Document> load_document(const std::string& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream || std::filesystem::is_directory(file)) {
    const int error = std::filesystem::is_directory(file) ? EISDIR : errno;
    return tl::unexpected<Problems>(
        Problems{{{file, 0, {}}, "cannot be read: " + std::string(std::strerror(error))}});
  }
  return parse_document(text.str(), file);
}

Location Document::locate(std::string_view key) const {
  std::string_view name = key;
  while (!name.empty()) {
    const auto found = std::find_if(written.begin(), written.end(),
                                    [&](const Location& at) { return at.key == name; });
    if (found != written.end()) return {file, found->line, std::string(key)};
    const std::size_t dot = name.rfind('.');
    name = dot == std::string_view::npos ? std::string_view{} : name.substr(0, dot);
  }
  return {file, 0, std::string(key)};
}

Problem Document::located(std::string_view section, const Fault& fault) const {
  return {locate(std::string(section) + "." + fault.key), fault.text};
}

const PeerEntry* Document::find_peer(std::string_view name) const {
  const auto found = std::find_if(peers.begin(), peers.end(),
                                  [&](const PeerEntry& peer) { return *peer.name == name; });
  return found == peers.end() ? nullptr : &*found;
}

std::string Document::ports_text() const {
  return *dataplane.port + (second_path ? " and " + *second_path->port : "");
}

Problems unreadable_files(const Document& document) {
  const SecuritySection& security = document.security;
  Problems problems;
  for (const auto* file :
       {&security.ca, &security.certificate, &security.key, &security.psk_file}) {
    if ((*file)->empty() || ::access((*file)->c_str(), R_OK) == 0) continue;
    const char* const advice = errno == EACCES
                                   ? "; start usbgw as root or as the file's owner"
                                   : "; `usbgw keys` makes certificates and pre-shared keys";
    problems.push_back(
        {file->at, "cannot read " + file->value + ": " + std::strerror(errno) + advice});
  }
  return problems;
}

}  // namespace usbgw::config
