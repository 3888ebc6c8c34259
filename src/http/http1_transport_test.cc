// SPDX-License-Identifier: Apache-2.0
// The real transport against servers that behave, and servers that do not.
#include "http/http1_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/asio/co_spawn.hpp>

#include "http/scripted_server.h"
#include "loop/loop_clock.h"

namespace rowcall::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::HasSubstr;
using Act = ScriptedServer::Act;

std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class TransportTest : public testing::Test {
 protected:
  // Makes `calls` calls one after another, and returns the last reply.
  Reply call(ScriptedServer& server, int calls = 1, const std::string& method = "POST") {
    TransportOptions options;
    options.endpoint = {false, "127.0.0.1", server.port(), method, "Host: test\r\n"};
    options.timeout = timeout_;
    options.connect_timeout = 2s;
    options.body_bytes_max = body_max_;
    options.lines_max = 4;
    return run(std::move(options), calls);
  }
  Reply run(TransportOptions options, int calls) {
    asio::io_context context(1);
    LoopClock clock(context);
    Signal changed(context.get_executor());
    dial_failure_.reset();
    Http1Transport transport(context.get_executor(), &clock, std::move(options), nullptr,
                             {[&] { changed.raise(); },
                              [&](Reply reply) {
                                dial_failure_ = std::move(reply);
                                changed.raise();
                              },
                              [&](const ConnectionOpened& opened) {
                                ++opened_;
                                connect_ = opened.connect;
                                address_ = opened.address;
                              }});
    Reply last;
    asio::co_spawn(context, make(transport, clock, changed, calls, last), [&](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
      context.stop();
    });
    context.run();
    return dial_failure_.value_or(last);
  }
  Async<void> make(Http1Transport& transport, Clock& clock, Signal& changed, int calls, Reply& last) {
    Request request{.target = "/x", .header_lines = "X-Row: 1\r\n", .body = body_, .method = method_};
    for (int i = 0; i < calls; ++i) {
      auto line = transport.take();
      while (!line && !dial_failure_) {
        transport.dial(1);
        co_await changed.wait();
        line = transport.take();
      }
      if (!line) co_return;
      sent_ = 0;
      OnSent on_sent = [this](Instant) { ++sent_; };
      last = co_await transport.send(*line, request, std::move(on_sent));
      if (pause_ > Duration(0)) co_await sleep_until(clock, clock.now() + pause_);
    }
  }

  Duration timeout_ = 5s;
  Duration pause_{};
  std::int64_t body_max_ = 1 << 20;
  std::string body_ = "{}";
  std::string method_;
  int sent_ = 0;
  int opened_ = 0;
  Duration connect_{};
  std::string address_;
  std::optional<Reply> dial_failure_;
};

TEST_F(TransportTest, OneLineCarriesManyCalls) {
  ScriptedServer server(
      [](const std::string&, int n) { return Act{ok("{\"n\":" + std::to_string(n) + "}")}; });
  Reply reply = call(server, 50);
  EXPECT_EQ(reply.error, TransportError::kNone) << reply.detail;
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{\"n\":49}");
  EXPECT_TRUE(reply.reused);
  EXPECT_TRUE(reply.on_wire);
  EXPECT_EQ(sent_, 1);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(server.seen()[0], "POST /x HTTP/1.1\r\nHost: test\r\nX-Row: 1\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_GT(reply.latency(), Duration(0));
}

TEST_F(TransportTest, EachConnectionIsToldOnce) {
  ScriptedServer server([](const std::string&, int) { return Act{ok("{}")}; });
  call(server, 20);
  EXPECT_EQ(opened_, 1);
  EXPECT_GT(connect_, Duration(0));
  EXPECT_EQ(address_, "127.0.0.1 port " + server.port());
}

TEST_F(TransportTest, WaitingAndReadingAreToldApart) {
  ScriptedServer server(
      [](const std::string&, int) { return Act{ok(std::string(40, 'x')), false, 30, true}; });
  Reply reply = call(server);
  ASSERT_EQ(reply.error, TransportError::kNone) << reply.detail;
  EXPECT_GE(reply.answering_at - reply.sent_at, 25ms);
  EXPECT_GT(reply.done_at, reply.answering_at);
}

TEST_F(TransportTest, ARequestMayHaveAMethodOfItsOwn) {
  ScriptedServer server([](const std::string&, int) { return Act{ok("{}")}; });
  body_ = "";
  method_ = "GET";
  call(server);
  EXPECT_EQ(server.seen()[0], "GET /x HTTP/1.1\r\nHost: test\r\nX-Row: 1\r\n\r\n");
}

TEST_F(TransportTest, HeadersThatMatterAreKept) {
  for (bool drip : {false, true}) {
    ScriptedServer server([drip](const std::string&, int) {
      return Act{
          .bytes =
              "HTTP/1.1 429 Too Many Requests\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: 3\r\n"
              "X-RateLimit-Remaining: 0\r\nRateLimit: \"d\";r=0\r\nX-Other: y\r\nContent-Length: 0\r\n\r\n",
          .drip = drip};
    });
    Reply reply = call(server);
    EXPECT_EQ(reply.status, 429);
    EXPECT_EQ(reply.retry_after, "3");
    EXPECT_EQ(reply.date, "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(reply.rate_headers, "X-RateLimit-Remaining: 0\nRateLimit: \"d\";r=0\n");
  }
}

TEST_F(TransportTest, ARequestMayBeLargerThanTheKernelTakesAtOnce) {
  ScriptedServer server(
      [](const std::string& request, int) { return Act{ok(std::to_string(request.size()))}; });
  body_ = std::string(8 << 20, 'r');
  Reply reply = call(server);
  EXPECT_EQ(reply.error, TransportError::kNone);
  EXPECT_EQ(reply.body, std::to_string(reply.bytes_out));
  EXPECT_GT(reply.bytes_out, 8u << 20);
}

TEST_F(TransportTest, ChunksAndEndlessBodiesAreRead) {
  ScriptedServer chunked([](const std::string&, int) {
    return Act{
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n"};
  });
  EXPECT_EQ(call(chunked, 2).body, "hello world");
  EXPECT_EQ(chunked.connections(), 1);
  ScriptedServer until_close(
      [](const std::string&, int) { return Act{"HTTP/1.1 200 OK\r\n\r\nall of it", true}; });
  EXPECT_EQ(call(until_close, 2).body, "all of it");
  EXPECT_EQ(until_close.connections(), 2);
}

TEST_F(TransportTest, InterimRepliesAreSkipped) {
  ScriptedServer server([](const std::string&, int) {
    return Act{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("real")};
  });
  Reply reply = call(server, 2);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "real");
}

TEST_F(TransportTest, CompressedAnswersAreUnpacked) {
  ScriptedServer server([](const std::string&, int) {
    return Act{ok(gzip("{\"packed\":true}"), "Content-Encoding: gzip\r\n")};
  });
  EXPECT_EQ(call(server).body, "{\"packed\":true}");
  ScriptedServer bomb([](const std::string&, int) {
    return Act{ok(gzip(std::string(5 << 20, 'x')), "Content-Encoding: gzip\r\n")};
  });
  EXPECT_EQ(call(bomb).error, TransportError::kTooLarge);
  ScriptedServer torn([](const std::string&, int) {
    return Act{ok(gzip("{\"packed\":true}").substr(0, 20), "Content-Encoding: gzip\r\n")};
  });
  EXPECT_NE(call(torn).error, TransportError::kNone);
  ScriptedServer strange([](const std::string&, int) { return Act{ok("x", "Content-Encoding: br\r\n")}; });
  EXPECT_EQ(call(strange).error, TransportError::kProtocol);
}

TEST_F(TransportTest, ConnectionCloseIsObeyed) {
  ScriptedServer server([](const std::string&, int) { return Act{ok("x", "Connection: close\r\n"), true}; });
  EXPECT_EQ(call(server, 3).error, TransportError::kNone);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(TransportTest, ALineThatDiedWhileIdleIsNotUsed) {
  ScriptedServer server([](const std::string&, int) { return Act{ok("x"), true}; });
  pause_ = 400ms;
  Reply reply = call(server, 2);
  EXPECT_EQ(reply.error, TransportError::kNone) << reply.detail;
  EXPECT_FALSE(reply.reused);
}

TEST_F(TransportTest, HeadHasNoBody) {
  ScriptedServer server(
      [](const std::string&, int) { return Act{"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"}; });
  Reply reply = call(server, 2, "HEAD");
  EXPECT_EQ(reply.error, TransportError::kNone) << reply.detail;
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(TransportTest, HostileAnswersEndInTheirError) {
  struct Case {
    const char* name;
    Act act;
    TransportError expected;
  };
  std::string endless_headers = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 5000; ++i)
    endless_headers += "X-Filler-" + std::to_string(i) + ": " + std::string(50, 'x') + "\r\n";
  for (const Case& c : std::initializer_list<Case>{
           {"closed without a word", {"", true}, TransportError::kClosed},
           {"closed in the header", {"HTTP/1.1 200 OK\r\nContent-", true}, TransportError::kClosed},
           {"closed in the body",
            {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", true},
            TransportError::kClosed},
           {"closed in a chunk",
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx", true},
            TransportError::kClosed},
           {"not HTTP", {"220 mail.example.com ESMTP\r\n\r\n", true}, TransportError::kProtocol},
           {"garbage",
            {std::string("\x16\x03\x01\x02\x00\x01", 6) + std::string(600, '\xfe'), true},
            TransportError::kProtocol},
           {"bad chunk size",
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n", true},
            TransportError::kProtocol},
           {"bad length", {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", true}, TransportError::kProtocol},
           {"two lengths",
            {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", true},
            TransportError::kProtocol},
           {"headers without end", {endless_headers, true}, TransportError::kTooLarge},
           {"announced 2 GB",
            {"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\nx", true},
            TransportError::kTooLarge},
           {"more than allowed, unannounced",
            {"HTTP/1.1 200 OK\r\n\r\n" + std::string(2 << 20, 'x'), true},
            TransportError::kTooLarge},
       }) {
    ScriptedServer server([&c](const std::string&, int) { return c.act; });
    Reply reply = call(server);
    EXPECT_EQ(reply.error, c.expected) << c.name << ": " << name_of(reply.error) << " " << reply.detail;
    EXPECT_TRUE(reply.on_wire) << c.name;
    EXPECT_TRUE(reply.body.empty()) << c.name;
  }
}

TEST_F(TransportTest, SilenceAndDrippingEndInATimeout) {
  timeout_ = 150ms;
  ScriptedServer silent([](const std::string&, int) { return Act{.never = true}; });
  Reply reply = call(silent);
  EXPECT_EQ(reply.error, TransportError::kTimeout);
  EXPECT_THAT(reply.detail, HasSubstr("150ms"));
  ScriptedServer dripping(
      [](const std::string&, int) { return Act{.bytes = ok(std::string(2000, 'x')), .drip = true}; });
  EXPECT_EQ(call(dripping).error, TransportError::kTimeout);
}

TEST_F(TransportTest, AnnouncementsWithoutEndAreNoAnswer) {
  std::string announced;
  for (int i = 0; i < 500; ++i) announced += "HTTP/1.1 102 Processing\r\n\r\n";
  ScriptedServer server([&](const std::string&, int) { return Act{.bytes = announced}; });
  Reply reply = call(server);
  EXPECT_EQ(reply.error, TransportError::kProtocol);
  EXPECT_THAT(reply.detail, HasSubstr("announcements"));
}

TEST_F(TransportTest, AnEmptyBodyInChunksMayComeAByteAtATime) {
  ScriptedServer server([](const std::string&, int) {
    return Act{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .drip = true};
  });
  Reply reply = call(server);
  EXPECT_EQ(reply.error, TransportError::kNone);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
}

TEST_F(TransportTest, NobodyThereIsAConnectError) {
  TransportOptions options;
  {
    ScriptedServer gone([](const std::string&, int) { return Act{}; });
    options.endpoint = {false, "127.0.0.1", gone.port(), "POST", "Host: test\r\n"};
  }
  Reply reply = run(options, 1);
  EXPECT_EQ(reply.error, TransportError::kConnect);
  EXPECT_FALSE(reply.on_wire);
  EXPECT_THAT(reply.detail, HasSubstr("refused"));
}

TEST_F(TransportTest, AnUnknownNameIsAResolveError) {
  TransportOptions options;
  options.endpoint = {false, "no-such-host.invalid", "80", "POST", "Host: test\r\n"};
  Reply reply = run(options, 1);
  EXPECT_EQ(reply.error, TransportError::kResolve);
  EXPECT_THAT(reply.detail, HasSubstr("no-such-host.invalid"));
}

}  // namespace
}  // namespace rowcall::http
