// SPDX-License-Identifier: Apache-2.0
#include "files/json_framer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rowcall::files {
namespace {

using testing::ElementsAre;

// All records of a text that comes in pieces of `step` bytes; "!" at the end for kBroken.
std::vector<std::string> frames(JsonFramer framer, const std::string& text, std::size_t step) {
  std::vector<std::string> records;
  std::size_t from = 0;
  std::size_t to = 0;
  for (;;) {
    JsonFrame frame;
    bool whole = to == text.size();
    JsonStep got = framer.next(std::string_view(text).substr(from, to - from), whole, frame);
    if (got == JsonStep::kMore) {
      from += frame.begin;
      to = std::min(to + step, text.size());
      continue;
    }
    if (got == JsonStep::kBroken) records.emplace_back("!");
    if (got != JsonStep::kRecord) return records;
    records.push_back(text.substr(from + frame.begin, frame.end - frame.begin));
    from += frame.next;
  }
}

TEST(JsonFramer, TheSameRecordsInPiecesOfAnySize) {
  const std::string lines = "\n {\"a\":1} \r\n\n{broken\n{\"b\":\"x\\\"\"}";
  const std::string array = " [ {\"a\":\"]}\\\",{\"} ,\n[1,[2]] , 5,\"x\" ,{bad}\n] ";
  for (std::size_t step = 1; step < 60; ++step) {
    EXPECT_THAT(frames(JsonFramer(JsonFramer::Kind::kLines), lines, step),
                ElementsAre("{\"a\":1}", "{broken", "{\"b\":\"x\\\"\"}"));
    EXPECT_THAT(frames(JsonFramer(JsonFramer::Kind::kArray), array, step),
                ElementsAre("{\"a\":\"]}\\\",{\"}", "[1,[2]]", "5", "\"x\"", "{bad}"));
    EXPECT_THAT(frames(JsonFramer(JsonFramer::Kind::kArray, false), ", {} ]", step), ElementsAre("{}"));
  }
}

TEST(JsonFramer, WhatIsNoArrayIsBroken) {
  auto of = [](const char* text) { return frames(JsonFramer(JsonFramer::Kind::kArray), text, 3); };
  EXPECT_THAT(of(""), ElementsAre("!"));
  EXPECT_THAT(of("{}"), ElementsAre("!"));
  EXPECT_THAT(of("[]"), ElementsAre());
  EXPECT_THAT(of("[,{}]"), ElementsAre("!"));
  EXPECT_THAT(of("[{},]"), ElementsAre("{}", "!"));
  EXPECT_THAT(of("[{}"), ElementsAre("{}", "!"));
  EXPECT_THAT(of("[{}] {}"), ElementsAre("{}", "!"));
}

TEST(JsonFramer, SkippingALongRecord) {
  JsonFramer framer(JsonFramer::Kind::kArray);
  JsonFrame frame;
  EXPECT_EQ(framer.next("[{\"a\":\"x,", false, frame), JsonStep::kMore);
  EXPECT_EQ(frame.begin, 1u);
  framer.begin_skip();
  std::size_t bytes = 0;
  EXPECT_FALSE(framer.skip("{\"a\":\"x,", bytes));
  EXPECT_EQ(bytes, 8u);
  EXPECT_TRUE(framer.skip("]\"},{}]", bytes));
  EXPECT_EQ(bytes, 3u);
  EXPECT_EQ(framer.next(",{}]", true, frame), JsonStep::kRecord);
  EXPECT_EQ(frame.begin, 1u);
}

}  // namespace
}  // namespace rowcall::files
