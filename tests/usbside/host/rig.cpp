#include "tests/usbside/host/rig.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace usbgw::host::test {

Rig::Rig(Speed speed, PlayoutConfig playout)
    : attachment(make_device(speed), playout, vhci, agent) {}

void Rig::control(const SetupPacket& setup, std::vector<std::byte> answer) {
  vhci.submit_control(setup);
  settle();
  ASSERT_FALSE(agent.submits.empty());
  wire::UrbReply reply;
  reply.attachment = kAttachment;
  reply.transaction = agent.submits.back().transaction;
  reply.actual = static_cast<std::uint32_t>(answer.size());
  reply.data = std::move(answer);
  agent.submits.pop_back();
  attachment.receive(std::move(reply), now);
  settle();
  ASSERT_FALSE(other_answers.empty());
  EXPECT_EQ(other_answers.back().status, UrbStatus::ok);
  other_answers.pop_back();
}

void Rig::start(DriverQueue& queue) {
  queues_.push_back(&queue);
  queue.is_running = true;
  for (std::size_t i = 0; i < queue.urbs; ++i) submit(queue);
  settle();
}

void Rig::stop(DriverQueue& queue) {
  queue.is_running = false;
  const auto outstanding = queue.outstanding;
  for (const auto& [seqnum, submitted] : outstanding) vhci.unlink(seqnum);
  settle();
  EXPECT_TRUE(queue.outstanding.empty());
}

void Rig::submit(DriverQueue& queue) {
  const std::vector<std::uint32_t> lengths(queue.packets, queue.packet_bytes);
  std::vector<std::byte> data;
  if (!queue.endpoint.is_in()) {
    const std::size_t frames = queue.packets * queue.packet_bytes / 4;
    data = counting_frames(queue.next_frame, frames);
    queue.next_frame += static_cast<std::int64_t>(frames);
  }
  const auto seqnum = vhci.submit_iso(queue.endpoint, lengths, data);
  queue.outstanding[seqnum] = now;
}

void Rig::deliver(Instant when, EndpointAddress endpoint, StreamEpoch epoch,
                  std::vector<std::byte> body, Provenance provenance) {
  at(when, [=, this, bytes = std::move(body)] {
    attachment.receive(item_of(endpoint, epoch, now, provenance), bytes, now);
  });
}

void Rig::deliver_report(Instant when, EndpointAddress endpoint, StreamEpoch epoch,
                         const wire::ClockReport& report) {
  at(when, [=, this] {
    auto item = item_of(endpoint, epoch, now);
    item.kind = ItemKind::clock_report;
    attachment.receive(item, encode_report(report), now);
  });
}

void Rig::run_until(Instant end) {
  while (true) {
    settle();
    const Instant deadline = attachment.next_deadline();
    Instant next = deadline == kNever ? end : std::max(deadline + wake_up_late, now);
    if (!events_.empty()) next = std::min(next, events_.begin()->first);
    if (next > end) break;
    const bool is_at_end =
        next == end && (events_.empty() || events_.begin()->first > end) && deadline > end;
    now = std::max(now, next);
    while (!events_.empty() && events_.begin()->first <= now) {
      const auto action = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      action();
    }
    if (is_at_end) break;
  }
  now = end;
  settle();
}

void Rig::settle() {
  std::size_t work = 1;
  while (work > 0) {
    work = attachment.turn(now);
    if (vhci.has_answer()) ++work;
    react();
    agent.collect();
  }
}

void Rig::react() {
  while (vhci.has_answer()) {
    const Answer answer = vhci.take();
    DriverQueue* owner = nullptr;
    for (DriverQueue* queue : queues_) {
      if (queue->outstanding.count(answer.seqnum) != 0) owner = queue;
    }
    if (answer.is_unlink) {
      // The model's CMD_UNLINKs follow in order of their URBs.
      for (DriverQueue* queue : queues_) {
        if (!queue->is_running && !queue->outstanding.empty()) {
          queue->outstanding.erase(queue->outstanding.begin());
          owner = queue;
          break;
        }
      }
      if (owner == nullptr) other_answers.push_back(answer);
      continue;
    }
    if (owner == nullptr) {
      other_answers.push_back(answer);
      continue;
    }
    const auto found = owner->outstanding.find(answer.seqnum);
    EXPECT_EQ(found, owner->outstanding.begin()) << "completed out of order";
    owner->completions.push_back({now, found->second, answer.status, answer.data, answer.packets});
    owner->outstanding.erase(found);
    if (!owner->is_running || answer.status != UrbStatus::ok) continue;
    if (owner->resubmit_after == Duration::zero()) {
      submit(*owner);
    } else {
      at(now + owner->resubmit_after, [this, owner] {
        if (owner->is_running) submit(*owner);
      });
    }
  }
}

StreamStatus Rig::stream_status(EndpointAddress endpoint) const {
  for (const StreamStatus& stream : attachment.status().streams) {
    if (stream.endpoint == endpoint) return stream;
  }
  ADD_FAILURE() << "no such stream";
  return {};
}

}  // namespace usbgw::host::test
