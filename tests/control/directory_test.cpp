#include "control/directory.h"

#include <gtest/gtest.h>

namespace usbgw::control {
namespace {

ExportedDevice device(const std::string& id, bool present = true) {
  ExportedDevice made;
  made.id = id;
  made.present = present;
  return made;
}

Directory studio() {
  Directory directory("stage-a");
  directory.put(device("1209:a101:0001"));
  directory.put(device("1209:a101:0002"));
  directory.put(device("1209:a102:0001"));
  directory.put(device("1209:a103", false));
  directory.put(device("software:uac2"));
  return directory;
}

Error error_of(std::string_view selector) {
  const auto found = studio().find(selector);
  EXPECT_FALSE(found);
  return found ? Error{} : found.error();
}

TEST(Directory, FindsByIdAndByUnambiguousVidPidInAnyCase) {
  const auto directory = studio();
  EXPECT_EQ((*directory.find("1209:a101:0002"))->id, "1209:a101:0002");
  EXPECT_EQ((*directory.find("1209:A102"))->id, "1209:a102:0001");
  EXPECT_EQ((*directory.find("software:uac2"))->id, "software:uac2");
}

TEST(Directory, UnknownListsWhatThereIs) {
  EXPECT_EQ(error_of("1209:a109").code, ErrorCode::not_found);
  EXPECT_EQ(error_of("1209:a109").context,
            "stage-a exports no 1209:a109; it exports 1209:a101:0001, 1209:a101:0002, "
            "1209:a102:0001, 1209:a103, software:uac2");
  EXPECT_EQ(error_of("1209:a10").code, ErrorCode::not_found);
  EXPECT_EQ(Directory("x").find("1209:a101").error().context,
            "x exports no 1209:a101, nor anything else");
}

TEST(Directory, AmbiguousListsTheCandidates) {
  EXPECT_EQ(error_of("1209:a101").code, ErrorCode::invalid_argument);
  EXPECT_EQ(error_of("1209:a101").context,
            "1209:a101 is ambiguous on stage-a: 1209:a101:0001, 1209:a101:0002");
}

TEST(Directory, AbsentIsToldFromUnknown) {
  EXPECT_EQ(error_of("1209:a103").code, ErrorCode::unavailable);
  EXPECT_EQ(error_of("1209:a103").context, "1209:a103 is exported by stage-a but not plugged in");
}

TEST(Directory, OnlyThePluggedInOneIsMeant) {
  auto directory = studio();
  ASSERT_TRUE(directory.set_present("1209:a101:0001", false));
  EXPECT_EQ((*directory.find("1209:a101"))->id, "1209:a101:0002");
  EXPECT_FALSE(directory.set_present("1209:ffff", true));
}

TEST(Directory, PutReplacesAndRemoveRemoves) {
  auto directory = studio();
  auto changed = device("1209:A102:0001");
  changed.product = "Interface";
  directory.put(changed);
  EXPECT_EQ(directory.exports().size(), 5u);
  EXPECT_EQ((*directory.find("1209:a102"))->product, "Interface");
  EXPECT_TRUE(directory.remove("1209:a102:0001"));
  EXPECT_FALSE(directory.find("1209:a102"));
}

}  // namespace
}  // namespace usbgw::control
