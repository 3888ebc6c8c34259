// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace rowcall {
namespace {

const std::vector<std::string> kNames = {"batch_size", "chunk_size", "columns", "rate"};

TEST(Nearest, FindsTheMistypedName) {
  EXPECT_EQ(nearest("bacth_size", kNames), "batch_size");
  EXPECT_EQ(nearest("colums", kNames), "columns");
  EXPECT_EQ(nearest("RATE", kNames), "rate");
}

TEST(Nearest, IsSilentWhenNothingIsClose) {
  EXPECT_EQ(nearest("password", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
}

}  // namespace
}  // namespace rowcall
