// SPDX-License-Identifier: Apache-2.0
#include "cli/engine_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall::cli {
namespace {

using testing::HasSubstr;

EngineFacts large_with_spark() {
  EngineFacts facts;
  facts.bytes = kLocalBytesMax + 1;
  facts.spark = "/opt/spark/bin/spark-submit";
  return facts;
}

TEST(EngineChoice, TheStatedSizeIsTheLastThatIsCalledHere) {
  EngineFacts facts = large_with_spark();
  auto choice = choose_engine(facts);
  ASSERT_TRUE(choice);
  EXPECT_TRUE(choice->spark);
  EXPECT_THAT(choice->reason, HasSubstr("/opt/spark/bin/spark-submit"));
  facts.bytes = kLocalBytesMax;
  EXPECT_FALSE(choose_engine(facts)->spark);
  facts.local_bytes_max = 5;
  EXPECT_TRUE(choose_engine(facts)->spark);
}

TEST(EngineChoice, WithoutSparkEverySizeIsCalledHereAndItIsSaid) {
  EngineFacts facts = large_with_spark();
  facts.spark.clear();
  auto choice = choose_engine(facts);
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->spark);
  EXPECT_THAT(choice->reason, HasSubstr("no Spark here"));
}

TEST(EngineChoice, StreamsAndUnknownSizesAreCalledHere) {
  EngineFacts facts = large_with_spark();
  facts.standard_streams = true;
  EXPECT_FALSE(choose_engine(facts)->spark);
  facts = large_with_spark();
  facts.bytes = -1;
  EXPECT_FALSE(choose_engine(facts)->spark);
}

TEST(EngineChoice, WhatIsAskedForIsDoneOrRefused) {
  EngineFacts facts = large_with_spark();
  facts.wanted = WantedEngine::kLocal;
  EXPECT_FALSE(choose_engine(facts)->spark);
  facts.wanted = WantedEngine::kSpark;
  facts.bytes = 1;
  EXPECT_TRUE(choose_engine(facts)->spark);
  facts.standard_streams = true;
  EXPECT_EQ(choose_engine(facts).error().code, ErrorCode::kSetting);
  facts.standard_streams = false;
  facts.spark.clear();
  auto refused = choose_engine(facts);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(refused.error().text(), HasSubstr("SPARK_HOME"));
}

}  // namespace
}  // namespace rowcall::cli
