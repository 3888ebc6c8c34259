// SPDX-License-Identifier: Apache-2.0
#include "policy/status_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rowcall::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// All statuses in the list, or just -1 when the text is refused.
std::vector<int> statuses(std::string_view text) {
  auto list = StatusList::parse(text);
  if (!list) return {-1};
  std::vector<int> found;
  for (int status = 0; status < 1000; ++status) {
    if (list->has(status)) found.push_back(status);
  }
  return found;
}

TEST(StatusList, CodesSpansAndHundreds) {
  EXPECT_THAT(statuses("429"), ElementsAre(429));
  EXPECT_THAT(statuses("408,425,500"), ElementsAre(408, 425, 500));
  EXPECT_THAT(statuses("500-503"), ElementsAre(500, 501, 502, 503));
  EXPECT_THAT(statuses("404-404"), ElementsAre(404));
  std::vector<int> server = statuses("5XX");
  EXPECT_EQ(server.size(), 100u);
  EXPECT_EQ(server.front(), 500);
  EXPECT_EQ(server.back(), 599);
  EXPECT_EQ(statuses("5xx"), server);
  EXPECT_EQ(statuses("1XX").front(), 100);
}

TEST(StatusList, ALaterEntryWins) {
  EXPECT_THAT(statuses("500-503,!501"), ElementsAre(500, 502, 503));
  EXPECT_THAT(statuses("500-503,!501-502,501"), ElementsAre(500, 501, 503));
  EXPECT_EQ(statuses("5XX,!501").size(), 99u);
  EXPECT_THAT(statuses("4XX,!400-498"), ElementsAre(499));
  EXPECT_THAT(statuses("4XX,!4XX"), IsEmpty());
}

TEST(StatusList, BlanksDoNotMatter) {
  EXPECT_THAT(statuses(" 500 - 502 , ! 501 "), ElementsAre(500, 502));
}

TEST(StatusList, NothingIsAnEmptyList) {
  EXPECT_THAT(statuses(""), IsEmpty());
  EXPECT_THAT(statuses("  "), IsEmpty());
  EXPECT_TRUE(StatusList::parse("")->empty());
  EXPECT_FALSE(StatusList::parse("200")->empty());
}

TEST(StatusList, WhatIsNoStatusIsNeverInIt) {
  auto all = StatusList::parse("100-599");
  EXPECT_FALSE(all->has(0));
  EXPECT_FALSE(all->has(99));
  EXPECT_FALSE(all->has(600));
  EXPECT_FALSE(all->has(-1));
  EXPECT_FALSE(all->has(1000));
}

TEST(StatusList, OtherForms) {
  for (const char* text :
       {"99",    "600",  "6XX",      "0XX",     "5X",      "5XXX",        "XX",      "ok",
        "500,",  ",500", "500,,501", "!",       "!!501",   "500-",        "-500",    "503-500",
        "5XX-6", "0429", "+429",     "500;501", "500 501", "500-501-502", "5XX-503", "1e2"}) {
    EXPECT_THAT(statuses(text), ElementsAre(-1)) << text;
  }
}

TEST(StatusList, AnExclusionThatTakesNothingOutIsAMistake) {
  EXPECT_THAT(statuses("!501"), ElementsAre(-1));
  EXPECT_THAT(statuses("5XX,!404"), ElementsAre(-1));
  EXPECT_THAT(statuses("!501,5XX"), ElementsAre(-1));
}

}  // namespace
}  // namespace rowcall::policy
