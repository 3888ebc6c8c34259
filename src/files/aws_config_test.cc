// SPDX-License-Identifier: Apache-2.0
#include "files/aws_config.h"

#include <gtest/gtest.h>

namespace rowcall::files {
namespace {

constexpr const char* kConfig =
    "# a comment\n"
    "[default]\r\n"
    "output = json\n"
    "region = eu-central-1 \n"
    "\n"
    "[profile work]\n"
    "region=ap-south-1\n"
    "[profile bare]\n"
    "output = text\n"
    "[services x]\n"
    "region = nowhere\n";

TEST(AwsConfig, RegionOfAProfile) {
  EXPECT_EQ(profile_region(kConfig, "default"), "eu-central-1");
  EXPECT_EQ(profile_region(kConfig, "work"), "ap-south-1");
  EXPECT_EQ(profile_region(kConfig, "bare"), "");
  EXPECT_EQ(profile_region(kConfig, "nobody"), "");
  EXPECT_EQ(profile_region("", "default"), "");
}

}  // namespace
}  // namespace rowcall::files
