// One reader for each section of the file, and the checks between sections.
#pragma once

#include "config/document.h"
#include "config/table_reader.h"

namespace usbgw::config {

// `folder` is where relative paths start.
NodeSection read_node(TableReader reader);
DataplaneSection read_dataplane(TableReader reader);
// What it does not say is as in `first`.
DataplaneSection read_second_path(TableReader reader, const DataplaneSection& first);
ControlSection read_control(TableReader reader);
SecuritySection read_security(TableReader reader, const std::string& folder);
std::vector<RuleEntry> read_rules(std::vector<TableReader> readers);
WorkersSection read_workers(TableReader reader);
AdminSection read_admin(TableReader reader, const std::string& node_name);
StreamsSection read_streams(TableReader& reader, const StreamsSection& fallback);
StreamsSection default_streams();
std::vector<ExportEntry> read_exports(std::vector<TableReader> readers,
                                      const StreamsSection& streams);
std::vector<PeerEntry> read_peers(std::vector<TableReader> readers);
std::vector<AttachEntry> read_attaches(std::vector<TableReader> readers);
RepairSection read_repair(TableReader reader);
ImpairmentSection read_impairment(TableReader reader);
LogSection read_log(TableReader reader, const std::string& folder);
AuditSection read_audit(TableReader reader, const std::string& folder);

// Values that are each possible and together are not; names that nothing bears.
void check_consistency(const Document& document, Problems& problems);

}  // namespace usbgw::config
