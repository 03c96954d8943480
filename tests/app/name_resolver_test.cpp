#include "app/name_resolver.h"

#include <gtest/gtest.h>

#include <memory>
#include <semaphore>
#include <thread>

namespace usbgw::app {
namespace {

const IpAddress kFirst = IpAddress::v4(0x0A000001), kSecond = IpAddress::v4(0x0A000002);

// A resolver of the system that answers when the test says so; lookups may outlive the test's own
// objects, so they share it.
struct System {
  std::counting_semaphore<> answers{0};
  std::counting_semaphore<> ended{0};
  Result<IpAddress> answer = kFirst;
};

NameResolver::Lookup asking(const std::shared_ptr<System>& system) {
  return [system](const std::string&) {
    system->answers.acquire();
    auto answer = system->answer;
    system->ended.release();
    return answer;
  };
}

// The lookup has given its answer; its thread has yet to hand it over.
Result<IpAddress> resolve_until(NameResolver& resolver, const Result<IpAddress>& wanted) {
  for (;;) {
    auto found = resolver.resolve("stage");
    if (found.has_value() == wanted.has_value() &&
        (found ? *found == *wanted : found.error().code == wanted.error().code)) {
      return found;
    }
    std::this_thread::yield();
  }
}

TEST(NameResolver, Literal_NeedsNoLookup) {
  NameResolver resolver([](const std::string& host) -> Result<IpAddress> {
    ADD_FAILURE() << host;
    return kFirst;
  });
  EXPECT_EQ(*resolver.resolve("10.0.0.2"), kSecond);
  EXPECT_EQ(resolver.resolve("fd00::2")->to_string(), "fd00::2");
}

TEST(NameResolver, Name_IsNotWaitedFor) {
  const auto system = std::make_shared<System>();
  NameResolver resolver(asking(system));
  const auto first = resolver.resolve("stage");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::unavailable);
  EXPECT_EQ(first.error().context,
            "cannot resolve \"stage\" (no answer yet): look at /etc/hosts and /etc/resolv.conf, or "
            "write its address instead");
  EXPECT_FALSE(resolver.resolve("stage"));
  EXPECT_EQ(*resolver.resolve("10.0.0.2"), kSecond);
  system->answers.release();
  EXPECT_EQ(*resolve_until(resolver, kFirst), kFirst);
  system->answers.release();
}

TEST(NameResolver, NewAddress_IsFoundWithoutLosingTheOld) {
  const auto system = std::make_shared<System>();
  NameResolver resolver(asking(system));
  EXPECT_FALSE(resolver.resolve("stage"));
  system->answers.release();
  EXPECT_EQ(*resolve_until(resolver, kFirst), kFirst);
  // The next lookup waits already.
  EXPECT_EQ(*resolver.resolve("stage"), kFirst);
  system->ended.acquire();
  system->answer = kSecond;
  system->answers.release();
  EXPECT_EQ(*resolve_until(resolver, kSecond), kSecond);
  system->answers.release();
}

TEST(NameResolver, NameThatNobodyKnows_StaysAnErrorUntilItIsKnown) {
  const auto system = std::make_shared<System>();
  system->answer = fail(ErrorCode::not_found, "unknown");
  NameResolver resolver(asking(system));
  EXPECT_FALSE(resolver.resolve("stage"));
  system->answers.release();
  EXPECT_EQ(resolve_until(resolver, system->answer).error().context, "unknown");
  EXPECT_EQ(resolver.resolve("stage").error().context, "unknown");
  system->ended.acquire();
  system->answer = kFirst;
  system->answers.release();
  EXPECT_EQ(*resolve_until(resolver, kFirst), kFirst);
  system->answers.release();
}

TEST(NameResolver, ResolverMayGoBeforeItsLookupEnds) {
  const auto system = std::make_shared<System>();
  {
    NameResolver resolver(asking(system));
    EXPECT_FALSE(resolver.resolve("stage"));
  }
  system->answers.release();
  system->ended.acquire();
}

TEST(LookUp, NameThatCannotExist_SaysWhatToDo) {
  // RFC 1035, 2.3.4: a label has 63 octets at most, so no server is asked.
  const std::string host(64, 'x');
  const auto found = look_up(host);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::not_found);
  EXPECT_TRUE(found.error().context.starts_with("cannot resolve \"" + host + "\" ("));
}

}  // namespace
}  // namespace usbgw::app
