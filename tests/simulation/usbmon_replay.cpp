#include "tests/simulation/usbmon_replay.h"

#include <cstring>
#include <deque>
#include <memory>

#include "common/byte_order.h"
#include "simulation/audio_driver_model.h"
#include "tests/simulation/counter_program.h"
#include "usbside/device/software/catalogue.h"
#include "wire/usbip_reader.h"

namespace usbgw::simulation {
namespace {

namespace usbip = wire::usbip;
using device::software::Description;

constexpr std::uint8_t kGetDescriptor = 6;
constexpr std::uint32_t kFrameBytes = 4;  // the guest plays and records 16-bit stereo

struct Pending {
  usbip::Submit submit;
  std::vector<usbip::IsoDescriptor> packets;
};

std::string describe(EndpointAddress endpoint, const std::vector<std::uint32_t>& lengths) {
  std::string text = (endpoint.is_in() ? "IN " : "OUT ") + std::to_string(endpoint.number()) + ":";
  for (const auto length : lengths) text += " " + std::to_string(length);
  return text;
}

class Replay {
 public:
  Replay(const UsbmonTrace& trace, const Description& description)
      : trace_(trace),
        description_(description),
        program_(kFrameBytes),
        driver_(settings(trace), program_),
        device_(description.speed, driver_) {}

  Result<ReplayResult> run() {
    if (auto ready = enumerate(); !ready) return tl::unexpected(ready.error());
    for (const auto& step : trace_.steps) take(step);
    expect_no_more("the end");
    return result_;
  }

 private:
  static PcmSettings settings(const UsbmonTrace& trace) {
    PcmSettings pcm;
    pcm.rate = trace.rate;
    pcm.period_frames = trace.period_frames;
    pcm.periods = trace.periods;
    pcm.playback = trace.is_playback;
    pcm.capture = !trace.is_playback;
    pcm.is_stepped = true;
    return pcm;
  }

  Result<void> enumerate() {
    auto configuration = wire::parse_configuration(description_.configuration, description_.speed);
    if (!configuration) return fail(ErrorCode::invalid_argument, "the device's descriptors");
    for (const auto& setting : configuration->alternates) {
      for (const auto& endpoint : setting.endpoints) {
        commands_.set_isochronous(endpoint.address, endpoint.type == TransferType::isochronous);
      }
    }
    for (int i = 0; i < 20 && !driver_.is_running(); ++i) {
      device_.turn(now_);
      take_commands();
    }
    if (!driver_.is_running()) return fail(ErrorCode::invalid_argument, "the model does not start");
    return {};
  }

  // Control requests are answered at once, others wait for the trace.
  void take_commands() {
    while (true) {
      const auto room = commands_.room();
      const std::size_t count = device_.take_commands(room);
      commands_.commit(count);
      auto pdu = commands_.next();
      if (!pdu || !*pdu) return;
      const auto* submit = std::get_if<usbip::Submit>(&(*pdu)->command);
      if (submit == nullptr) continue;
      if (submit->endpoint.number() == 0) {
        answer_control(*submit);
        continue;
      }
      Pending pending{*submit, {}};
      for (std::size_t i = 0; i < (*pdu)->packets.size(); ++i) {
        pending.packets.push_back((*pdu)->packets[i]);
      }
      pending_.push_back(pending);
      unmatched_.push_back(std::move(pending));
    }
  }

  void answer_control(const usbip::Submit& submit) {
    std::span<const std::byte> data;
    if (submit.setup.request == kGetDescriptor) {
      data = submit.setup.value >> 8 == 1 ? description_.device : description_.configuration;
      data = data.first(std::min<std::size_t>(data.size(), submit.length));
    }
    usbip::SubmitReply reply;
    reply.seqnum = submit.seqnum;
    reply.actual = static_cast<std::uint32_t>(data.size());
    give(reply, data, {});
  }

  void give(const usbip::SubmitReply& reply, std::span<const std::byte> data,
            const std::vector<usbip::IsoDescriptor>& packets) {
    const auto header = usbip::encode(reply);
    std::vector<std::byte> bytes(header.begin(), header.end());
    bytes.insert(bytes.end(), data.begin(), data.end());
    for (const auto& packet : packets) {
      std::array<std::byte, usbip::kIsoDescriptorBytes> encoded{};
      usbip::encode(packet, encoded);
      bytes.insert(bytes.end(), encoded.begin(), encoded.end());
    }
    device_.give_replies(bytes, now_);
  }

  void take(const TraceStep& step) {
    using Kind = TraceStep::Kind;
    if (step.kind == Kind::submitted) return compare(step);
    // Playback: the copy that filled the buffer has triggered the model's stream already.
    if (step.kind == Kind::triggered && trace_.is_playback) return;
    expect_no_more("line " + std::to_string(step.line));
    now_ += std::chrono::microseconds(1);
    switch (step.kind) {
      case Kind::completed:
        complete(step);
        while (!trace_.is_playback && driver_.read_some(now_) > 0) {
        }
        break;
      case Kind::prepared:
        if (trace_.is_playback) driver_.prepare_playback(now_);
        break;
      case Kind::triggered:
        driver_.start_capture(now_);
        break;
      case Kind::written:
        write(step);
        break;
      case Kind::submitted:
        break;
    }
    take_commands();
  }

  void compare(const TraceStep& step) {
    ++result_.submissions;
    std::vector<std::uint32_t> wanted;
    for (const auto& packet : step.packets) wanted.push_back(packet.length);
    const std::string driver = describe(step.endpoint, wanted);
    std::string model = "nothing";
    if (!unmatched_.empty()) {
      std::vector<std::uint32_t> lengths;
      for (const auto& packet : unmatched_.front().packets) lengths.push_back(packet.length);
      model = describe(unmatched_.front().submit.endpoint, lengths);
      unmatched_.pop_front();
    }
    if (model != driver) {
      differ("line " + std::to_string(step.line) + ": the driver submits " + driver +
             ", the model " + model);
    }
  }

  void expect_no_more(const std::string& where) {
    for (const auto& extra : unmatched_) {
      differ("before " + where + ": the model submits to endpoint " +
             std::to_string(extra.submit.endpoint.value()) + " and the driver does not");
    }
    unmatched_.clear();
  }

  void complete(const TraceStep& step) {
    ++result_.completions;
    const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& pending) {
      return pending.submit.endpoint == step.endpoint;
    });
    if (found == pending_.end()) {
      return differ("line " + std::to_string(step.line) + ": the model has no such URB in flight");
    }
    const Pending urb = std::move(*found);
    pending_.erase(found);
    auto packets = urb.packets;
    std::vector<std::byte> data;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      packets[i].actual = packets[i].length;
      if (!step.endpoint.is_in()) continue;
      if (i < step.packets.size()) {
        packets[i].actual = std::min(step.packets[i].length, packets[i].length);
        packets[i].status = step.packets[i].status;
      }
      data.resize(data.size() + packets[i].actual);
    }
    if (step.value != 0 && data.size() >= 3) {
      std::array<std::byte, 4> value{};
      store_le<std::uint32_t>(value.data(), step.value);
      std::memcpy(data.data(), value.data(), std::min<std::size_t>(data.size(), 4));
    }
    usbip::SubmitReply reply;
    reply.seqnum = urb.submit.seqnum;
    reply.number_of_packets = static_cast<std::int32_t>(packets.size());
    reply.actual =
        step.endpoint.is_in() ? static_cast<std::uint32_t>(data.size()) : urb.submit.length;
    give(reply, data, packets);
  }

  void write(const TraceStep& step) {
    ++result_.writes;
    const std::uint32_t frames = driver_.write_some(now_);
    if (frames * kFrameBytes == step.value) return;
    differ("line " + std::to_string(step.line) + ": the program writes " +
           std::to_string(step.value / kFrameBytes) + " frames, the model's " +
           std::to_string(frames));
  }

  void differ(std::string what) {
    if (++result_.different == 1) result_.first_difference = std::move(what);
  }

  const UsbmonTrace& trace_;
  const Description& description_;
  CounterProgram program_;
  AudioDriverModel driver_;
  DeviceModel device_;
  usbip::CommandReader commands_;
  Instant now_{};
  std::deque<Pending> pending_;    // in flight
  std::deque<Pending> unmatched_;  // not compared with the trace yet
  ReplayResult result_;
};

}  // namespace

Result<ReplayResult> replay(const UsbmonTrace& trace) {
  device::software::DeviceOptions options;
  options.name = trace.device;
  options.rate = trace.rate;
  const auto function = device::software::make_function(options);
  if (!function) return tl::unexpected(function.error());
  return Replay(trace, (*function)->description()).run();
}

}  // namespace usbgw::simulation
