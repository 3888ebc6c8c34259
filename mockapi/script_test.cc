// SPDX-License-Identifier: Apache-2.0
#include "mockapi/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "mockapi/api.h"

namespace rowcall::mockapi {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using What = ScriptStep::What;

TEST(Script, EveryStep) {
  auto steps = read_script(R"(
    # what a bad day looks like
    10s limit 400/s      # a cut
    20s limit none; 21s latency 200ms
    22s jitter 5ms
    23s capacity 300/s ; 24s queue-max 50
    25s errors 503:0.3,reset:0.1
    26s errors none
    27s outage 1.5s
    28s retry-after 2
    29s limit-status 503
  )",
                           "--script");
  ASSERT_TRUE(steps) << steps.error().found;
  ASSERT_EQ(steps->size(), 11u);
  Behaviour behaviour;
  auto upto = [&](Duration at) {
    behaviour = {};
    for (const ScriptStep& step : *steps) {
      if (step.at <= at) apply(step, behaviour);
    }
    return behaviour;
  };
  EXPECT_EQ(upto(10s).limits, (std::vector<RateLimit>{{400, 1s}}));
  EXPECT_TRUE(upto(20s).limits.empty());
  EXPECT_EQ(upto(22s).latency, 200ms);
  EXPECT_EQ(upto(22s).jitter, 5ms);
  EXPECT_DOUBLE_EQ(upto(23s).capacity_per_s, 300);
  EXPECT_EQ(upto(24s).queue_max, 50);
  EXPECT_EQ(upto(25s).faults.size(), 2u);
  EXPECT_TRUE(upto(26s).faults.empty());
  EXPECT_EQ(upto(27s).outages, (std::vector<Outage>{{27s, 1500ms}}));
  EXPECT_EQ(upto(28s).retry_after, "2");
  EXPECT_EQ(upto(29s).limit_status, 503);
}

TEST(Script, StepsMayComeAgainAndInAnyOrder) {
  auto steps = read_script("8s+16s*3 limit 450/s; 0s+16s*2 limit 900/s", "--script");
  ASSERT_TRUE(steps) << steps.error().found;
  std::vector<std::pair<Duration, std::int64_t>> got;
  for (const ScriptStep& step : *steps) got.emplace_back(step.at, step.limit->calls);
  EXPECT_EQ(got, (std::vector<std::pair<Duration, std::int64_t>>{
                     {0s, 900}, {8s, 450}, {16s, 900}, {24s, 450}, {40s, 450}}));
}

TEST(Script, WhatIsWrongIsNamed) {
  for (const char* text :
       {"10s", "10s limit", "10s limit fast", "ten limit 5/s", "10s colour blue", "10s errors 503",
        "10s outage 0s", "10s queue-max -1", "10s limit-status 200", "10s+5s limit 5/s", "10s+5s*0 limit 5/s",
        "10s retry-after soon", "0s+1s*10001 limit 5/s", "10s errors 503:0.7,500:0.7"}) {
    auto steps = read_script(text, "--script");
    ASSERT_FALSE(steps) << text;
    EXPECT_EQ(steps.error().code, ErrorCode::kSetting) << text;
    EXPECT_FALSE(steps.error().expected.empty()) << text;
  }
  EXPECT_TRUE(read_script("", "--script")->empty());
}

class ScriptedApi : public testing::Test {
 protected:
  void begin(const char* script) {
    options_.script = *read_script(script, "--script");
    api_ = std::make_unique<Api>(options_, Moment{Instant{100s}, 1'700'000'000s});
  }
  std::string answer(Duration at) {
    Call call;
    call.method = "POST";
    call.target = "/score";
    call.body = "{\"n\":" + std::to_string(++calls_) + "}";
    call.json = true;
    call.keep_alive = true;
    Answer answer = api_->take(call, Instant{100s} + at, traffic_);
    waited_ = answer.due - (Instant{100s} + at);
    return answer.way == Answer::Way::kReset ? "reset" : answer.bytes.substr(9, 3);
  }

  MockOptions options_;
  std::unique_ptr<Api> api_;
  Traffic traffic_;
  Duration waited_{};
  int calls_ = 0;
};

TEST_F(ScriptedApi, TimesCountFromTheFirstCall) {
  begin("1s limit 1/s; 2s limit none; 3s latency 50ms; 4s outage 1s");
  EXPECT_EQ(answer(10s), "200");
  EXPECT_EQ(answer(10500ms), "200");
  EXPECT_EQ(answer(11000ms), "200");  // a new limit counts from its beginning
  EXPECT_EQ(answer(11500ms), "429");
  EXPECT_EQ(answer(12s), "200");
  EXPECT_EQ(answer(12s), "200");
  EXPECT_EQ(waited_, 0ms);
  EXPECT_EQ(answer(13s), "200");
  EXPECT_EQ(waited_, 50ms);
  EXPECT_EQ(answer(14500ms), "reset");
  EXPECT_EQ(answer(15s), "200");
}

TEST_F(ScriptedApi, RefusesWithTheStatusOfTheScript) {
  begin("0s limit 1/s; 0s limit-status 503; 0s retry-after 3");
  EXPECT_EQ(answer(0s), "200");
  EXPECT_EQ(answer(1ms), "503");
}

TEST_F(ScriptedApi, WritesEveryCallDown) {
  std::string path = testing::TempDir() + "/calls-" + std::to_string(::getpid()) + ".csv";
  options_.calls_file = path;
  begin("0s latency 20ms; 1s errors 503:1");
  ASSERT_TRUE(api_->calls_file_is_good());
  answer(5s);
  answer(6500ms);
  api_.reset();
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, "at_s,status,wait_ms\n0.000000,200,20.000\n1.500000,503,20.000\n");
  std::remove(path.c_str());
  options_.calls_file = "/nowhere/calls.csv";
  begin("");
  EXPECT_FALSE(api_->calls_file_is_good());
}

}  // namespace
}  // namespace rowcall::mockapi
