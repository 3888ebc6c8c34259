// SPDX-License-Identifier: Apache-2.0
// The server by its own sockets. A real browser and a real Prometheus come in tests/e2e.
#include "page/page_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace rowcall::page {
namespace {

using boost::asio::ip::tcp;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PageServerTest : public ::testing::Test {
 protected:
  PageServerTest() {
    board_.update([](telemetry::LiveView& view) {
      view.name = "cities";
      view.metrics_text = "rowcall_in_flight 12\n";
    });
  }
  void start(PageOptions options) {
    auto started = PageServer::start(options, &board_);
    ASSERT_TRUE(started.has_value()) << started.error().text();
    server_ = *std::move(started);
    std::string url = server_->dashboard_url().empty() ? server_->metrics_url() : server_->dashboard_url();
    port_ = url.substr(17, url.find('/', 17) - 17);  // "http://127.0.0.1:"
  }
  tcp::socket connected() {
    tcp::socket socket(context_);
    socket.connect(
        {boost::asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(port_))});
    return socket;
  }
  std::string ask(const std::string& head, const std::string& headers = "Host: 127.0.0.1\r\n") {
    tcp::socket socket = connected();
    boost::asio::write(socket,
                       boost::asio::buffer(head + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n"));
    std::string answer;
    boost::system::error_code ended;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ended);
    return answer;
  }

  telemetry::Board board_;
  std::unique_ptr<PageServer> server_;
  std::string port_;
  boost::asio::io_context context_;
};

TEST_F(PageServerTest, ServesMetricsAndPage) {
  start({.metrics = "127.0.0.1:0", .dashboard = "127.0.0.1:0", .token = ""});
  EXPECT_THAT(ask("GET /metrics"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("text/plain; version=0.0.4"),
                                         HasSubstr("rowcall_in_flight 12\n")));
  EXPECT_THAT(ask("GET /"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("default-src 'none'"),
                                  HasSubstr("<h1>cities</h1>")));
  EXPECT_THAT(ask("GET /health"), HasSubstr("ok\n"));
  EXPECT_THAT(ask("GET /nowhere"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask("POST /"), StartsWith("HTTP/1.1 405"));
}

TEST_F(PageServerTest, AMetricsAddressHasNoPage) {
  start({.metrics = "127.0.0.1:0", .dashboard = "", .token = ""});
  EXPECT_THAT(ask("GET /"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask("GET /events"), StartsWith("HTTP/1.1 404"));
}

TEST_F(PageServerTest, AForeignNameForLoopbackIsRefused) {
  start({.metrics = "127.0.0.1:0", .dashboard = "", .token = ""});
  EXPECT_THAT(ask("GET /metrics", "Host: evil.example\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(ask("GET /metrics", "Host: 127.evil.example\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(ask("GET /metrics", "Host: localhost:1\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(PageServerTest, WithATokenNothingIsShownWithoutIt) {
  start({.metrics = "", .dashboard = "127.0.0.1:0", .token = "s3cret-token"});
  EXPECT_THAT(ask("GET /"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(ask("GET /events"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(ask("GET /metrics?token=s3cret-toker"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(ask("GET /metrics?token=s3cret-token"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask("GET /", "Host: host.example\r\nAuthorization: Bearer s3cret-token\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(PageServerTest, ElsewhereThanOnLoopbackNeedsAToken) {
  auto started = PageServer::start({.metrics = "0.0.0.0:0", .dashboard = "", .token = ""}, &board_);
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().text(), HasSubstr("--watch-token"));
}

TEST_F(PageServerTest, ATakenPortIsNamed) {
  start({.metrics = "127.0.0.1:0", .dashboard = "", .token = ""});
  auto second = PageServer::start({.metrics = "127.0.0.1:" + port_, .dashboard = "", .token = ""}, &board_);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text(), AllOf(HasSubstr("127.0.0.1:" + port_), HasSubstr("in use")));
}

TEST_F(PageServerTest, EventsTellWhatChangesAndTheEnd) {
  start({.metrics = "", .dashboard = "127.0.0.1:0", .token = ""});
  tcp::socket socket = connected();
  boost::asio::write(socket,
                     boost::asio::buffer(std::string("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  std::string got;
  auto until = [&](const std::string& mark) {
    std::size_t n = boost::asio::read_until(socket, boost::asio::dynamic_buffer(got), mark);
    std::string out = got.substr(0, n);
    got.erase(0, n);
    return out;
  };
  EXPECT_THAT(until("\r\n\r\n"), HasSubstr("text/event-stream"));
  EXPECT_THAT(until("}\n\n"), AllOf(HasSubstr("event: panels"), HasSubstr("running")));
  board_.update([](telemetry::LiveView& view) { view.hold_why = "the API is down"; });
  std::string news = until("}\n\n");
  EXPECT_THAT(news, HasSubstr("the API is down"));
  EXPECT_THAT(news, Not(HasSubstr("\"tiles\"")));
  board_.update([](telemetry::LiveView& view) { view.ended = "complete"; });
  server_.reset();
  EXPECT_THAT(until("event: over"), HasSubstr("complete"));
}

}  // namespace
}  // namespace rowcall::page
