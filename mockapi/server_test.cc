// SPDX-License-Identifier: Apache-2.0
// The mock API over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <chrono>
#include <thread>

#include "mockapi/mock_api.h"
#include "mockapi/test_client.h"

namespace rowcall::mockapi {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ServerTest : public testing::Test {
 protected:
  MockApi& api() {
    if (!api_) {
      auto started = MockApi::start(options_);
      EXPECT_TRUE(started) << started.error().found;
      api_ = *std::move(started);
    }
    return *api_;
  }
  TestClient client() { return TestClient(api().port()); }

  /// Looks until `what` holds of the statistics, for ten seconds at most.
  template <class What>
  bool in_time(What what) {
    for (auto end = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < end;) {
      if (what(api().stats())) return true;
      std::this_thread::yield();
    }
    return false;
  }

  MockOptions options_;
  std::unique_ptr<MockApi> api_;
};

TEST_F(ServerTest, KeepsAConnectionForManyCalls) {
  TestClient client(api().port());
  for (int i = 0; i < 50; ++i) {
    TestReply reply = client.post("{\"id\":" + std::to_string(i) + "}");
    ASSERT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, StartsWith("{\"id\":" + std::to_string(i) + ",\"score\":"));
  }
  EXPECT_EQ(client.get("/process?id=7").status, 200);
  Stats stats = api().stats();
  EXPECT_EQ(stats.findings.arrivals, 51);
  EXPECT_EQ(stats.rows.unique, 51);
  EXPECT_EQ(stats.traffic.connections_opened, 1);
  EXPECT_EQ(stats.traffic.connections_open, 1);
  EXPECT_EQ(stats.traffic.in_flight, 0);
  EXPECT_EQ(stats.traffic.in_flight_max, 1);
}

TEST_F(ServerTest, AnswersArrays) {
  TestClient client(api().port());
  TestReply reply = client.post(R"([{"id":1},{"id":2},{"id":3}])", "Idempotency-Key: k1\r\n");
  EXPECT_EQ(reply.status, 200);
  simdjson::dom::parser parser;
  simdjson::dom::array items;
  ASSERT_EQ(parser.parse(reply.body).get(items), simdjson::SUCCESS);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(std::int64_t(items.at(2)["id"]), 3);
  EXPECT_EQ(api().stats().rows.unique, 3);
  EXPECT_EQ(api().stats().calls_with_key, 1);
}

TEST_F(ServerTest, RefusesBeyondTheLimitAcrossConnections) {
  options_.behaviour.limits = {{5, 1min}};
  options_.behaviour.retry_after = "7";
  TestClient one(api().port());
  TestClient two(api().port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ((i % 2 == 0 ? one : two).post("{}").status, 200);
  TestReply refused = two.post("{}");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.head, HasSubstr("\r\nRetry-After: 7\r\n"));
  EXPECT_EQ(one.post("{}").status, 429);
  Stats stats = api().stats();
  EXPECT_EQ(stats.findings.limits.at(0).worst, 7);
  EXPECT_EQ(stats.findings.limits.at(0).over, 2);
}

TEST_F(ServerTest, NeverAnswersBeforeTheLatency) {
  options_.behaviour.latency = 15ms;
  TestClient client(api().port());
  for (int i = 0; i < 5; ++i) {
    auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(client.post("{}").status, 200);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 15ms);
  }
}

TEST_F(ServerTest, PipelinedCallsAreAnsweredInOrder) {
  options_.behaviour.latency = 5ms;
  options_.behaviour.jitter = 5ms;
  options_.pipeline_max = 7;
  TestClient client(api().port());
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += post_of("{\"id\":" + std::to_string(i) + "}");
  client.send(bytes);
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(client.receive().body, StartsWith("{\"id\":" + std::to_string(i) + ","));
  }
  Stats stats = api().stats();
  EXPECT_EQ(stats.findings.arrivals, 100);
  EXPECT_GT(stats.traffic.in_flight_max, 1);
  EXPECT_LE(stats.traffic.in_flight_max, 7);
}

TEST_F(ServerTest, ReadsRequestsInPieces) {
  TestClient client(api().port());
  for (char c : post_of("{\"id\":1}")) client.send({&c, 1});
  EXPECT_EQ(client.receive().status, 200);
  client.send(
      "POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\nContent-Type: "
      "application/json\r\n\r\n"
      "4\r\n{\"id\r\n4\r\n\":2}\r\n0\r\n\r\n");
  EXPECT_THAT(client.receive().body, StartsWith("{\"id\":2,"));
  std::string long_body = "{\"id\":3,\"text\":\"" + std::string(3'000'000, 'x') + "\"}";
  EXPECT_THAT(client.post(long_body).body, StartsWith("{\"id\":3,"));
  EXPECT_THAT(client.post("{\"id\":4}", "X-Long: " + std::string(20'000, 'h') + "\r\n").body,
              StartsWith("{\"id\":4,"));
}

TEST_F(ServerTest, SaysContinueWhenAsked) {
  TestClient client(api().port());
  client.send("POST /score HTTP/1.1\r\nHost: m\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("{}");
  EXPECT_EQ(client.receive().status, 200);
}

TEST_F(ServerTest, ClosesWhenTheClientWantsIt) {
  options_.behaviour.latency = 2ms;
  TestClient closing(api().port());
  TestReply reply = closing.post("{}", "Connection: close\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.head, HasSubstr("Connection: close"));
  EXPECT_TRUE(closing.receive().closed);

  TestClient old(api().port());
  old.send("GET /score?x=1 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.receive().status, 200);
  EXPECT_TRUE(old.receive().closed);

  TestClient old_but_keen(api().port());
  for (int i = 0; i < 2; ++i) {
    old_but_keen.send("GET /score?x=1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(old_but_keen.receive().head, HasSubstr("Connection: keep-alive"));
  }

  TestClient half(api().port());
  half.send(post_of("{}"));
  half.close_sending();
  EXPECT_EQ(half.receive().status, 200);
  EXPECT_TRUE(half.receive().closed);
}

TEST_F(ServerTest, TellsWhatIsWrongWithARequest) {
  options_.header_bytes_max = 1000;
  options_.body_bytes_max = 1000;
  auto status_of = [&](const std::string& bytes) {
    TestClient client(api().port());
    client.send(bytes);
    TestReply reply = client.receive();
    EXPECT_TRUE(client.receive().closed) << "the client must be able to read the answer whole";
    return reply.status;
  };
  EXPECT_EQ(status_of("this is not HTTP\r\n\r\n"), 400);
  EXPECT_EQ(status_of(post_of("{}", "X-Long: " + std::string(2000, 'h') + "\r\n")), 431);
  EXPECT_EQ(status_of(post_of(std::string(500'000, 'b'))), 413);
  Stats stats = api().stats();
  EXPECT_EQ(stats.traffic.malformed, 3);
  EXPECT_EQ(stats.findings.arrivals, 0);
}

TEST_F(ServerTest, InjectsResets) {
  options_.behaviour.faults = {{FaultKind::kReset, 0, 1}};
  TestClient client(api().port());
  EXPECT_TRUE(client.post("{}").reset);
  EXPECT_EQ(api().stats().by_status.at("reset"), 1);
  EXPECT_EQ(api().stats().traffic.in_flight, 0);
}

TEST_F(ServerTest, InjectsSilence) {
  options_.behaviour.faults = {{FaultKind::kTimeout, 0, 1}};
  {
    TestClient client(api().port());
    client.send(post_of("{\"id\":1}"));
    client.send(post_of("{\"id\":2}", "Connection: close\r\n"));
    ASSERT_TRUE(in_time([](const Stats& stats) { return stats.findings.arrivals == 2; }));
    EXPECT_TRUE(client.nothing_came());
    EXPECT_EQ(api().stats().traffic.in_flight, 2);
  }
  EXPECT_TRUE(in_time([](const Stats& stats) { return stats.traffic.in_flight == 0; }));
  EXPECT_EQ(api().stats().traffic.connections_open, 0);
  EXPECT_EQ(api().stats().by_status.at("timeout"), 2);
}

TEST_F(ServerTest, ForgetsACallWhoseClientHasGone) {
  options_.behaviour.latency = 20ms;
  {
    TestClient client(api().port());
    client.send(post_of("{}"));
    ASSERT_TRUE(in_time([](const Stats& stats) { return stats.findings.arrivals == 1; }));
  }
  EXPECT_TRUE(in_time([](const Stats& stats) {
    return stats.traffic.in_flight == 0 && stats.traffic.connections_open == 0;
  }));
}

TEST_F(ServerTest, AnOutageResetsIdleConnectionsToo) {
  options_.behaviour.outages = {{30ms, 10min}};
  TestClient idle(api().port());
  TestClient caller(api().port());
  EXPECT_EQ(caller.post("{}").status, 200);
  EXPECT_TRUE(idle.receive().reset);
  EXPECT_TRUE(caller.receive().reset);
  EXPECT_EQ(client().get("/health").status, 503);
  EXPECT_TRUE(client().post("{}").reset);
  EXPECT_EQ(api().stats().by_status.at("outage"), 1);
  api().reset();
  EXPECT_EQ(client().get("/health").status, 200);
}

TEST_F(ServerTest, AnOutageEnds) {
  options_.behaviour.outages = {{10ms, 50ms}, {1500ms, 50ms}};
  TestClient first(api().port());
  EXPECT_EQ(first.post("{}").status, 200);
  EXPECT_TRUE(first.receive().reset);
  auto healthy_in_time = [&] {
    for (auto end = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < end;) {
      if (client().get("/health").status == 200) return true;
    }
    return false;
  };
  ASSERT_TRUE(healthy_in_time());
  TestClient second(api().port());
  EXPECT_TRUE(second.receive().reset) << "by the second outage";
  EXPECT_TRUE(healthy_in_time());
}

TEST_F(ServerTest, AsksForTheToken) {
  options_.token = "s3cret";
  TestClient client(api().port());
  EXPECT_EQ(client.post("{}").status, 401);
  EXPECT_EQ(client.post("{}", "Authorization: Bearer s3cret\r\n").status, 200);
}

TEST_F(ServerTest, TellsAndForgetsStatisticsOverHttp) {
  options_.audit = {{2, 1min}};
  TestClient client(api().port());
  for (int i = 0; i < 3; ++i) client.post("{}");
  simdjson::dom::parser parser;
  simdjson::padded_string text(client.get("/stats").body);
  simdjson::dom::element json = parser.parse(text);
  EXPECT_EQ(std::int64_t(json["arrivals"]), 3);
  EXPECT_EQ(std::int64_t(json["limits"].at(0)["over"]), 1);
  EXPECT_EQ(std::int64_t(json["rows_arrived_twice"]), 1);
  client.send("POST /reset HTTP/1.1\r\nHost: m\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  Stats stats = api().stats();
  EXPECT_EQ(stats.findings.arrivals, 0);
  EXPECT_EQ(stats.traffic.connections_open, 1);
  EXPECT_EQ(stats.traffic.in_flight_max, 0);
}

TEST_F(ServerTest, ChangesItsBehaviourWhileItRuns) {
  TestClient client(api().port());
  EXPECT_EQ(client.post("{}").status, 200);
  Behaviour behaviour;
  behaviour.faults = {{FaultKind::kStatus, 503, 1}};
  ASSERT_TRUE(api().change(behaviour));
  EXPECT_EQ(client.post("{}").status, 503);
  behaviour.faults[0].share = 2;
  EXPECT_FALSE(api().change(behaviour));
}

TEST_F(ServerTest, CountsManyConnectionsAtOnce) {
  options_.behaviour.faults = {{FaultKind::kStatus, 503, 0.1}};
  options_.behaviour.latency = 1ms;
  api();
  std::vector<std::thread> threads;
  std::array<int, 8> unavailable{};
  for (std::size_t t = 0; t < unavailable.size(); ++t) {
    threads.emplace_back([&, t] {
      TestClient mine(api_->port());
      for (int i = 0; i < 200; ++i) {
        TestReply reply =
            mine.post("{\"id\":" + std::to_string(t * 1000 + static_cast<std::size_t>(i)) + "}");
        unavailable[t] += reply.status == 503;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Stats stats = api().stop();
  int failed = 0;
  for (int count : unavailable) failed += count;
  EXPECT_EQ(stats.findings.arrivals, 1600);
  EXPECT_EQ(stats.rows.unique, 1600);
  EXPECT_EQ(stats.by_status["503"], failed);
  EXPECT_EQ(stats.by_status["200"], 1600 - failed);
  EXPECT_EQ(stats.errors_injected["503"], failed);
  EXPECT_EQ(stats.rows.answered, 1600 - failed);
  EXPECT_LE(stats.traffic.in_flight_max, 8);
  EXPECT_EQ(stats.traffic.connections_opened, 8);
  EXPECT_LE(stats.findings.worst_100ms, stats.findings.worst_1s);
}

TEST_F(ServerTest, KeepsToItsNumberOfConnections) {
  options_.connections_max = 1;
  TestClient first(api().port());
  EXPECT_EQ(first.post("{}").status, 200);
  TestClient second(api().port());
  TestReply reply = second.receive();
  EXPECT_TRUE(reply.closed || reply.reset);
  EXPECT_EQ(first.post("{}").status, 200);
}

TEST_F(ServerTest, StopsWithCallsOnTheirWay) {
  options_.behaviour.latency = 10min;
  TestClient waiting(api().port());
  TestClient idle(api().port());
  waiting.send(post_of("{}"));
  ASSERT_TRUE(in_time([](const Stats& stats) { return stats.traffic.in_flight == 1; }));
  Stats stats = api().stop();
  EXPECT_EQ(stats.findings.arrivals, 1);
  EXPECT_EQ(api().stop().findings.arrivals, 1);
  EXPECT_EQ(api().stats().findings.arrivals, 1);
  EXPECT_EQ(waiting.receive().status, 0);
  EXPECT_TRUE(idle.receive().closed);
}

TEST_F(ServerTest, StampsByTheKernelsClock) {
  options_.stamp = Stamp::kKernel;
  options_.behaviour.latency = 1ms;
  auto wall = [] {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  };
  TestClient client(api().port());
  const double begin = wall();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.post("{}").status, 200);
  const double end = wall();
  Stats stats = api().stats();
  EXPECT_EQ(stats.findings.arrivals, 20);
  // The two clocks are compared at start and at each read; a millisecond covers the turning of the one.
  EXPECT_GE(stats.first_arrival_unix_s, begin - 0.001);
  EXPECT_LE(stats.last_arrival_unix_s, end + 0.001);
  EXPECT_GE(stats.findings.duration(), 19ms) << "each call waited for the answer to the one before";
}

TEST_F(ServerTest, SaysWhyItCannotStart) {
  MockOptions taken;
  taken.port = api().port();
  auto started = MockApi::start(taken);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(started.error().place, HasSubstr(std::to_string(taken.port)));
  MockOptions nowhere;
  nowhere.host = "mock.example";
  EXPECT_EQ(MockApi::start(nowhere).error().place, "--host");
  MockOptions no_file;
  no_file.tls_cert = no_file.tls_key = "/nonexistent/cert.pem";
  EXPECT_THAT(MockApi::start(no_file).error().place, HasSubstr("/nonexistent/cert.pem"));
  MockOptions wrong;
  wrong.behaviour.jitter = 1s;
  EXPECT_EQ(MockApi::start(wrong).error().place, "--jitter");
}

TEST(Announcement, SaysWhatTheServerWillDo) {
  MockOptions options;
  EXPECT_EQ(announcement(options), "answers at once; refuses nobody");
  options.behaviour.latency = 20ms;
  options.behaviour.jitter = 5ms;
  options.behaviour.limits = {{5000, 1s}, {100'000, 1h}};
  options.behaviour.faults = {{FaultKind::kStatus, 503, 0.02}, {FaultKind::kReset, 0, 0.001}};
  options.behaviour.outages = {{10s, 5s}};
  options.behaviour.capacity_per_s = 300;
  options.audit = {{6000, 1s}};
  options.token = "s3cret";
  const std::string text = announcement(options);
  EXPECT_EQ(
      text,
      "answers after 20ms +-5ms, at most 300 a second; refuses what exceeds 5,000/s and 100,000/h with 429 "
      "and "
      "no Retry-After; audits 6,000/s; injects 503 2 %, reset 0.1 %; is down for 5s from 10s after the first "
      "call; wants a bearer token");
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace rowcall::mockapi
