// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <gtest/gtest.h>

namespace rowcall {
namespace {

std::string text_of(const Uuid& uuid) {
  std::string text;
  append_uuid(text, uuid);
  return text;
}

// The expected values come from Python's uuid.uuid5.
TEST(Uuid, SpaceIsUuid5OfTheDnsNamespace) {
  Uuid dns = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
  EXPECT_EQ(uuid5(dns, "rowcall"), kRowcallSpace);
}

TEST(Uuid, NameBasedKeyIsStable) {
  EXPECT_EQ(text_of(uuid5(kRowcallSpace, "job/1")), "23849173-c6fe-55ab-802e-ba4ab14848bc");
  EXPECT_NE(uuid5(kRowcallSpace, "job/1"), uuid5(kRowcallSpace, "job/2"));
}

}  // namespace
}  // namespace rowcall
