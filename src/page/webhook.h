// SPDX-License-Identifier: Apache-2.0
// Posts alarms to a URL, as JSON with a member `text` that chat services show.
//
// On a thread of its own, one post at a time; a few wait, the oldest of more are dropped and counted. A post
// that fails is tried twice more, a second apart. Nothing of it holds up the run.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "rowcall/error.h"

#include "mapping/url.h"
#include "telemetry/telemetry.h"

namespace rowcall::page {

class Webhook {
 public:
  /// Fails when `url` is none; the error does not repeat it, since it may hold a secret.
  static Result<std::unique_ptr<Webhook>> start(const std::string& url, std::string job);
  /// Waits up to five seconds for what is still to be posted.
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  /// Any thread; does not wait.
  void post(const telemetry::News& news);
  std::int64_t failed() const;

 private:
  Webhook(mapping::Url url, std::string job) : url_(std::move(url)), job_(std::move(job)) {}
  void work();
  bool send(const std::string& body) const;

  static constexpr std::size_t kWaitingMax = 100;

  mapping::Url url_;
  std::string job_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  bool busy_ = false;
  bool ending_ = false;
  std::int64_t failed_ = 0;
  std::thread thread_;
};

}  // namespace rowcall::page
