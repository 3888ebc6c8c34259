// SPDX-License-Identifier: Apache-2.0
#include "loop/worker.h"

#include <pthread.h>

namespace rowcall {

Worker::Worker(Kind kind, const char* name, Schedule schedule) : name_(name), schedule_(std::move(schedule)) {
  if (kind == Kind::kInline) return;
  pool_ = std::make_unique<boost::asio::thread_pool>(1);
  boost::asio::post(*pool_, [name] { pthread_setname_np(pthread_self(), name); });
}

Worker::~Worker() {
  if (pool_) pool_->join();
}

}  // namespace rowcall
