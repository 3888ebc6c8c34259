// SPDX-License-Identifier: Apache-2.0
#include "page/webhook.h"

#include <chrono>
#include <utility>

#include "base/json_text.h"
#include "http/probe.h"

namespace rowcall::page {

using namespace std::chrono_literals;

namespace {

constexpr int kTries = 3;
constexpr auto kBetween = 1s;
constexpr auto kPatience = 5s;

}  // namespace

Result<std::unique_ptr<Webhook>> Webhook::start(const std::string& url, std::string job) {
  auto parsed = mapping::parse_url(url, "--webhook");
  if (!parsed) {
    return failure({ErrorCode::kSetting, "--webhook",
                    "no http or https URL (it is not shown: it may hold a secret)", "a URL to post to",
                    "Check the value that it refers to."});
  }
  auto hook = std::unique_ptr<Webhook>(new Webhook(*std::move(parsed), std::move(job)));
  hook->thread_ = std::thread([at = hook.get()] { at->work(); });
  return hook;
}

Webhook::~Webhook() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [this] { return waiting_.empty() && !busy_; });
    waiting_.clear();
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Webhook::post(const telemetry::News& news) {
  std::string body;
  {
    json::Object object(body);
    object.text("text", "rowcall " + job_ + ": " + news.text);
    object.text("job", job_);
    object.text("kind", news.kind);
  }
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() >= kWaitingMax) {
      waiting_.pop_front();
      ++failed_;
    }
    waiting_.push_back(std::move(body));
  }
  changed_.notify_all();
}

std::int64_t Webhook::failed() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

void Webhook::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    std::string body = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    bool sent = send(body);
    lock.lock();
    for (int tries = 1; !sent && tries < kTries && !ending_; ++tries) {
      changed_.wait_for(lock, kBetween, [this] { return ending_; });
      lock.unlock();
      sent = send(body);
      lock.lock();
    }
    failed_ += !sent;
    busy_ = false;
    changed_.notify_all();
  }
}

bool Webhook::send(const std::string& body) const {
  Endpoint endpoint;
  endpoint.tls = url_.tls;
  endpoint.host = url_.host;
  endpoint.port = url_.port;
  endpoint.method = "POST";
  endpoint.fixed_headers = "Host: " + url_.authority + "\r\nContent-Type: application/json\r\n";
  Request request;
  request.target = url_.target;
  request.header_lines = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  request.body = body;
  RequestSpec spec;
  spec.timeout = 3s;
  spec.connect_timeout = 3s;
  auto probe = http::probe(endpoint, request, spec);
  return probe && probe->reply.error == TransportError::kNone && probe->reply.status / 100 == 2;
}

}  // namespace rowcall::page
