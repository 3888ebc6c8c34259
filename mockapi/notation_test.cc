// SPDX-License-Identifier: Apache-2.0
#include "mockapi/notation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall::mockapi {
namespace {

using testing::HasSubstr;

TEST(Notation, Durations) {
  EXPECT_EQ(read_duration("20ms", "--latency").value(), 20ms);
  EXPECT_EQ(read_duration("1.5s", "--latency").value(), 1500ms);
  EXPECT_EQ(read_duration("2", "--latency").value(), 2s);
  EXPECT_EQ(read_duration("0", "--latency").value(), 0s);
  EXPECT_EQ(read_duration("10min", "--latency").value(), 10min);
  for (const char* text : {"", "ms", "-1s", "-0s", "1 parsec", "1e9s", "inf", "1s ", "999999999d"}) {
    auto read = read_duration(text, "--latency");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kSetting);
    EXPECT_EQ(read.error().place, "--latency");
    EXPECT_THAT(read.error().found, HasSubstr(text));
  }
}

TEST(Notation, Limits) {
  EXPECT_EQ(read_limit("5000/s", "--limit").value(), (RateLimit{5000, 1s}));
  EXPECT_EQ(read_limit("300/min", "--limit").value(), (RateLimit{300, 1min}));
  EXPECT_EQ(read_limit("100000/day", "--limit").value(), (RateLimit{100'000, 24h}));
  EXPECT_EQ(read_limit("10/100ms", "--limit").value(), (RateLimit{10, 100ms}));
  EXPECT_EQ(read_limit("10/2", "--limit").value(), (RateLimit{10, 2s}));
  for (const char* text :
       {"", "5000", "5000/", "/s", "0/s", "-1/s", "1.5/s", "5000/x", "5000/0s", "5000/s/s"}) {
    EXPECT_FALSE(read_limit(text, "--limit")) << text;
  }
}

TEST(Notation, Faults) {
  auto read = read_faults("503:0.02,429:0.01,reset:0.001,timeout:0.001,badjson:0.001,short:0.5,wrongtype:0",
                          "--errors");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 7u);
  EXPECT_EQ(read->at(0), (Fault{FaultKind::kStatus, 503, 0.02}));
  EXPECT_EQ(read->at(2), (Fault{FaultKind::kReset, 0, 0.001}));
  EXPECT_EQ(read->at(6), (Fault{FaultKind::kWrongType, 0, 0}));
  std::string names;
  for (const Fault& fault : *read) names += name_of(fault) + " ";
  EXPECT_EQ(names, "503 429 reset timeout badjson short wrongtype ");
  for (const char* text : {"", "503", "503:", "503:2", "503:-1", "503:x", "99:0.1", "600:0.1", "5030:0.1",
                           "boom:0.1", "503:0.1,,429:0.1", "503:0.1 ", "503:0.1%"}) {
    EXPECT_FALSE(read_faults(text, "--errors")) << text;
  }
}

TEST(Notation, Outages) {
  EXPECT_EQ(read_outage("10s+5s", "--outage").value(), (Outage{10s, 5s}));
  EXPECT_EQ(read_outage("0s+500ms", "--outage").value(), (Outage{0s, 500ms}));
  for (const char* text : {"", "10s", "10s+", "+5s", "10s+0s", "10s-5s"}) {
    EXPECT_FALSE(read_outage(text, "--outage")) << text;
  }
}

TEST(Notation, Words) {
  EXPECT_EQ(words_of(RateLimit{5000, 1s}), "5,000/s");
  EXPECT_EQ(words_of(RateLimit{10, 100ms}), "10/100ms");
  EXPECT_EQ(words_of(RateLimit{100'000, 24h}), "100,000/d");
  EXPECT_EQ(words_of(RateLimit{7, 1500ms}), "7/1.5s");
  EXPECT_EQ(words_of(Duration(0)), "0ns");
  EXPECT_EQ(words_of(Duration(90s)), "1.5min");
  EXPECT_EQ(grouped(-1'234'567), "-1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
  EXPECT_EQ(fixed(2.345, 1), "2.3");
}

MockOptions good() {
  return {};
}

std::string place_of_error(const MockOptions& options) {
  auto valid = validate(options);
  return valid ? "" : valid.error().place;
}

TEST(Options, AreChecked) {
  EXPECT_EQ(place_of_error(good()), "");
  auto with = [](auto change) {
    MockOptions options = good();
    change(options);
    return place_of_error(options);
  };
  EXPECT_EQ(with([](MockOptions& o) { o.behaviour.limits = {{0, 1s}}; }), "--limit");
  EXPECT_EQ(with([](MockOptions& o) { o.audit = {{1, 0s}}; }), "--audit");
  EXPECT_EQ(with([](MockOptions& o) { o.behaviour.jitter = 1ms; }), "--jitter");
  EXPECT_EQ(with([](MockOptions& o) { o.behaviour.retry_after = "soon"; }), "--retry-after");
  EXPECT_EQ(with([](MockOptions& o) { o.behaviour.retry_after = "1.5"; }), "");
  EXPECT_EQ(with([](MockOptions& o) { o.behaviour.capacity_per_s = -1; }), "--capacity");
  EXPECT_EQ(with([](MockOptions& o) { o.behaviour.outages = {{1s, 0s}}; }), "--outage");
  EXPECT_EQ(with([](MockOptions& o) {
              o.behaviour.faults = {{FaultKind::kReset, 0, 0.6}, {FaultKind::kTimeout, 0, 0.6}};
            }),
            "--errors");
  EXPECT_EQ(with([](MockOptions& o) { o.behaviour.faults = {{FaultKind::kStatus, 700, 0.1}}; }), "--errors");
  EXPECT_EQ(with([](MockOptions& o) { o.tls_cert = "c.pem"; }), "--tls-cert");
  EXPECT_EQ(with([](MockOptions& o) { o.tls_key = "k.pem"; }), "--tls-key");
  EXPECT_EQ(with([](MockOptions& o) {
              o.tls_cert = o.tls_key = "x";
              o.stamp = Stamp::kKernel;
            }),
            "--stamp");
}

}  // namespace
}  // namespace rowcall::mockapi
