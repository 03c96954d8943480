#include "control/admin_protocol.h"

#include <array>

#include "control/admin_json.h"

namespace usbgw::control {
namespace {

using Json = nlohmann::json;

// By the index in AdminRequest and in AdminReport alike.
constexpr std::array<std::string_view, 4> kCommands{"list", "attach", "detach", "status"};
static_assert(std::variant_size_v<AdminRequest> == kCommands.size());
static_assert(std::variant_size_v<AdminReport> == kCommands.size());

constexpr std::array kCodes{ErrorCode::invalid_argument,
                            ErrorCode::not_found,
                            ErrorCode::busy,
                            ErrorCode::refused,
                            ErrorCode::unavailable,
                            ErrorCode::disconnected,
                            ErrorCode::timed_out,
                            ErrorCode::protocol,
                            ErrorCode::exhausted,
                            ErrorCode::io};

std::string_view text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return found->get_ref<const std::string&>();
}

// Names, products and errors come from devices and peers and may not be UTF-8.
std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// The JSON library reports a field of the wrong type by an exception; it ends here.
template <class T>
Result<T> read(const Json& json) {
  try {
    return json.get<T>();
  } catch (const Json::exception& exception) {
    return fail(ErrorCode::protocol, std::string("admin message: ") + exception.what());
  }
}

template <class Variant, std::size_t I = 0>
Result<Variant> read_as(std::string_view command, const Json& json) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return fail(ErrorCode::protocol, "admin message: no command \"" + std::string(command) +
                                         "\"; allowed: list, attach, detach, status");
  } else {
    if (command != kCommands[I]) return read_as<Variant, I + 1>(command, json);
    return read<std::variant_alternative_t<I, Variant>>(json).map(
        [](auto&& value) { return Variant{std::forward<decltype(value)>(value)}; });
  }
}

Result<Json> parse_object(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::protocol, "admin message: not a JSON object");
  return json;
}

ErrorCode code_of(std::string_view name) {
  for (const ErrorCode code : kCodes) {
    if (to_string(code) == name) return code;
  }
  return ErrorCode::protocol;
}

}  // namespace

std::string encode(const AdminRequest& request) {
  Json json = std::visit([](const auto& value) { return Json(value); }, request);
  json["command"] = kCommands[request.index()];
  return dump(json);
}

Result<AdminRequest> decode_request(std::string_view line) {
  return parse_object(line).and_then(
      [](const Json& json) { return read_as<AdminRequest>(text_of(json, "command"), json); });
}

std::string encode(const AdminReport& report) {
  Json json;
  json["command"] = kCommands[report.index()];
  json["report"] = std::visit([](const auto& value) { return Json(value); }, report);
  return dump(json);
}

std::string encode(const Error& error) {
  return dump(Json{{"error", {{"code", to_string(error.code)}, {"text", error.context}}}});
}

Result<AdminReport> decode_reply(std::string_view line) {
  return parse_object(line).and_then([](const Json& json) -> Result<AdminReport> {
    if (const auto error = json.find("error"); error != json.end() && error->is_object()) {
      return fail(code_of(text_of(*error, "code")), std::string(text_of(*error, "text")));
    }
    const auto report = json.find("report");
    if (report == json.end()) return fail(ErrorCode::protocol, "admin message: no report in it");
    return read_as<AdminReport>(text_of(json, "command"), *report);
  });
}

std::string to_json_text(const AdminReport& report) {
  return dump(std::visit([](const auto& value) { return Json(value); }, report), 2);
}

}  // namespace usbgw::control
