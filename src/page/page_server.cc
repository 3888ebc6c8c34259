// SPDX-License-Identifier: Apache-2.0
#include "page/page_server.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/parse.h"
#include "base/try.h"
#include "loop/async.h"
#include "page/live_page.h"

namespace rowcall::page {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

using Stream = beast::basic_stream<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Asked = http::request<http::empty_body>;
using Answer = http::response<http::string_body>;

constexpr auto kIdle = 30s;
constexpr auto kLook = 250ms;      // how often a page looks for news
constexpr int kLooksPerSign = 60;  // a sign of life at least every 15 s
constexpr int kConnectionsMax = 64;
constexpr std::uint32_t kHeaderMax = 16 << 10;

// "host:port" with "[::1]:80" too.
std::pair<std::string, std::string> host_and_port(const std::string& address) {
  auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, address.substr(colon + 1)};
}

bool is_loopback_name(std::string_view host) {
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host == "127.0.0.1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// The value of token= in the query, as it stands there: a token needs no escapes.
std::string_view token_in(std::string_view target) {
  auto query = target.find('?');
  if (query == std::string_view::npos) return {};
  for (std::string_view part : split(target.substr(query + 1), '&')) {
    if (part.starts_with("token=")) return part.substr(6);
  }
  return {};
}

// One address that is listened at, and what is served there.
struct Place {
  Acceptor acceptor;
  bool page = false;
  bool metrics = false;
  bool loopback = false;
  std::uint16_t port = 0;
};

}  // namespace

struct PageServer::Parts {
  const telemetry::Board* board = nullptr;
  std::string token;
  asio::io_context context{1};
  std::list<Place> places;
  std::string metrics_url;
  std::string dashboard_url;
  std::atomic<bool> stopping = false;
  int connections = 0;
  std::thread thread;

  Result<Place*> place_at(const std::string& address);
  Result<void> open(const PageOptions& options);
  Async<void> accept(Place* place);
  Async<void> serve(Stream stream, Place* place);
  Async<void> send_events(Stream* stream);
  bool allowed(const Asked& asked, const Place& place) const;
  Answer answer(const Asked& asked, const Place& place) const;
};

Result<Place*> PageServer::Parts::place_at(const std::string& address) {
  auto [host, port] = host_and_port(address);
  auto wrong = [&](const char* doing, const error_code& error) {
    return failure({ErrorCode::kSetting, address, std::string(doing) + ": " + error.message(),
                    "an address to listen at", "Choose another port, or port 0 for a free one."});
  };
  error_code error;
  asio::ip::basic_resolver<tcp, Executor> resolver(context.get_executor());
  auto found = resolver.resolve(host, port, tcp::resolver::passive, error);
  if (error || found.empty()) return wrong("resolve", error);
  tcp::endpoint endpoint = *found.begin();
  for (Place& place : places) {
    if (endpoint.port() != 0 && place.acceptor.local_endpoint(error) == endpoint) return &place;
  }
  Acceptor acceptor(context.get_executor());
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return wrong("listen", error);
  places.push_back({std::move(acceptor), false, false, endpoint.address().is_loopback(), 0});
  places.back().port = places.back().acceptor.local_endpoint(error).port();
  return &places.back();
}

Result<void> PageServer::Parts::open(const PageOptions& options) {
  auto url = [](const std::string& address, const Place& place, const char* path) {
    return "http://" + address.substr(0, address.rfind(':')) + ":" + std::to_string(place.port) + path;
  };
  if (!options.metrics.empty()) {
    TRY(Place * place, place_at(options.metrics));
    place->metrics = true;
    metrics_url = url(options.metrics, *place, "/metrics");
  }
  if (!options.dashboard.empty()) {
    TRY(Place * place, place_at(options.dashboard));
    place->page = true;
    place->metrics = true;  // who may see the page may see its numbers
    dashboard_url = url(options.dashboard, *place, "/");
  }
  for (Place& place : places) {
    if (place.loopback || !options.token.empty()) continue;
    return failure({ErrorCode::kSetting, "--dashboard or --metrics",
                    "an address that is not on loopback, without a token", "a token",
                    "Give one with --watch-token env:NAME."});
  }
  return {};
}

Async<void> PageServer::Parts::accept(Place* place) {
  for (;;) {
    error_code error;
    asio::basic_stream_socket<tcp, Executor> socket(context.get_executor());
    co_await place->acceptor.async_accept(socket, asio::redirect_error(use_async, error));
    if (stopping || error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of files, say: go on in a moment.
      Timer pause(context.get_executor(), kLook);
      co_await pause.async_wait(asio::redirect_error(use_async, error));
      continue;
    }
    if (connections >= kConnectionsMax) continue;
    Stream stream(std::move(socket));
    auto serving = serve(std::move(stream), place);
    asio::co_spawn(context.get_executor(), std::move(serving), asio::detached);
  }
}

Async<void> PageServer::Parts::serve(Stream stream, Place* place) {
  ++connections;
  beast::flat_buffer buffer;
  for (error_code error; !stopping;) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(kHeaderMax);
    stream.expires_after(kIdle);
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(use_async, error));
    if (error) break;
    const Asked& asked = parser.get();
    bool events = place->page && asked.method() == http::verb::get && path_of(asked.target()) == "/events";
    if (events && allowed(asked, *place)) {
      co_await send_events(&stream);
      break;
    }
    Answer response = answer(asked, *place);
    bool keep = response.keep_alive();
    co_await http::async_write(stream, response, asio::redirect_error(use_async, error));
    if (error || !keep) break;
  }
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  --connections;
}

// Server-sent events (WHATWG HTML, section 9.2): what has changed, at most four times a second.
Async<void> PageServer::Parts::send_events(Stream* stream) {
  error_code error;
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: "
      "close\r\n\r\n"
      "retry: 1000\n\n";
  std::vector<Panel> shown;
  std::int64_t version = -1;
  Timer timer(context.get_executor());
  for (int looks = 0;; ++looks) {
    bool last = stopping;
    if (std::int64_t now = board->version(); now != version) {
      version = now;
      std::string news = changes(panels(board->view()), shown);
      if (news != "{}") out += "event: panels\ndata: " + news + "\n\n";
    }
    if (last) out += "event: over\ndata: {}\n\n";
    if (out.empty() && looks % kLooksPerSign == 0) out = ": still here\n\n";
    if (!out.empty()) {
      stream->expires_after(kIdle);
      auto bytes = asio::buffer(out);
      co_await asio::async_write(*stream, bytes, asio::redirect_error(use_async, error));
      if (error) co_return;
      out.clear();
    }
    if (last) co_return;
    timer.expires_after(kLook);
    co_await timer.async_wait(asio::redirect_error(use_async, error));
  }
}

bool PageServer::Parts::allowed(const Asked& asked, const Place& place) const {
  std::string_view host = asked[http::field::host];
  if (token.empty()) return place.loopback && is_loopback_name(host);
  std::string_view authorization = asked[http::field::authorization];
  std::string_view bearer =
      authorization.starts_with("Bearer ") ? authorization.substr(7) : std::string_view();
  return same_secret(bearer, token) || same_secret(token_in(asked.target()), token);
}

Answer PageServer::Parts::answer(const Asked& asked, const Place& place) const {
  Answer out{http::status::ok, asked.version()};
  out.keep_alive(asked.keep_alive());
  out.set(http::field::cache_control, "no-store");
  out.set("X-Content-Type-Options", "nosniff");
  out.set("Referrer-Policy", "no-referrer");
  auto text = [&](http::status status, std::string_view body) {
    out.result(status);
    out.set(http::field::content_type, "text/plain; charset=utf-8");
    out.body() = body;
  };
  std::string_view path = path_of(asked.target());
  bool get = asked.method() == http::verb::get || asked.method() == http::verb::head;
  if (!get) {
    text(http::status::method_not_allowed, "only GET\n");
    out.set(http::field::allow, "GET, HEAD");
  } else if (path == "/health") {
    text(http::status::ok, "ok\n");
  } else if (!allowed(asked, place)) {
    text(token.empty() ? http::status::forbidden : http::status::unauthorized,
         token.empty() ? "this is for loopback only\n"
                       : "the token is missing or wrong: ?token=TOKEN, or Authorization: Bearer TOKEN\n");
    if (!token.empty()) out.set(http::field::www_authenticate, "Bearer");
  } else if (place.metrics && path == "/metrics") {
    text(http::status::ok, board->metrics_text());
    out.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  } else if (place.page && path == "/") {
    out.body() = live_page(board->view());
    out.set(http::field::content_type, "text/html; charset=utf-8");
    out.set("Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
            "img-src data:");
  } else {
    text(http::status::not_found, "nothing here\n");
  }
  out.prepare_payload();
  if (asked.method() == http::verb::head) out.body().clear();
  return out;
}

PageServer::PageServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<PageServer>> PageServer::start(const PageOptions& options,
                                                      const telemetry::Board* board) {
  auto parts = std::make_unique<Parts>();
  parts->board = board;
  parts->token = options.token;
  TRY_VOID(parts->open(options));
  Parts* running = parts.get();
  for (Place& place : parts->places) {
    auto accepting = running->accept(&place);
    asio::co_spawn(parts->context.get_executor(), std::move(accepting), asio::detached);
  }
  parts->thread = std::thread([running] { running->context.run(); });
  return std::unique_ptr<PageServer>(new PageServer(std::move(parts)));
}

PageServer::~PageServer() {
  Parts& parts = *parts_;
  parts.stopping = true;
  asio::post(parts.context, [&parts] {
    error_code ignored;
    for (Place& place : parts.places) place.acceptor.close(ignored);
  });
  // Pages learn of the end at their next look; whoever does not read is not waited for.
  auto timer = std::make_shared<Timer>(parts.context.get_executor(), 2 * kLook);
  timer->async_wait([&parts, timer](error_code) { parts.context.stop(); });
  parts.thread.join();
}

const std::string& PageServer::metrics_url() const {
  return parts_->metrics_url;
}
const std::string& PageServer::dashboard_url() const {
  return parts_->dashboard_url;
}

}  // namespace rowcall::page
