// SPDX-License-Identifier: Apache-2.0
// A thread for work that blocks: reading, parsing, encoding, writing.
//
//   auto task = reader.run(loop, next_batch);   // name it first, then await it
//   auto batch = co_await std::move(task);
//
// One piece of work at a time, in the order in which it was asked for. In a simulation there is no thread:
// work is done on the loop, at once or when the simulation's schedule says so, and a run repeats exactly.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "loop/async.h"

namespace rowcall {

class Worker {
 public:
  enum class Kind { kThread, kInline };

  /// Does work of the worker with that name, sooner or later; in the order in which it is given.
  using Schedule = std::function<void(const char* name, std::move_only_function<void()> work)>;

  /// `name` is the thread's name, at most 15 letters. `schedule` is for kInline; empty: at once.
  Worker(Kind kind, const char* name, Schedule schedule = {});
  /// Waits for work that has begun.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Does `work()` on the worker's thread; the coroutine goes on, on its own loop, with what it returned.
  /// `work` must return a value and must not throw.
  template <class Work>
  Async<std::invoke_result_t<Work&>> run(Executor loop, Work work) {
    using Value = std::invoke_result_t<Work&>;
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void(Value)>(
        [this, loop, work = std::move(work)](auto handler) mutable {
          auto guard = boost::asio::make_work_guard(loop);
          auto job = [loop, work = std::move(work), handler = std::move(handler),
                      guard = std::move(guard)]() mutable {
            auto value = std::make_unique<Value>(work());
            boost::asio::post(loop, [handler = std::move(handler), value = std::move(value)]() mutable {
              handler(std::move(*value));
            });
          };
          if (pool_) {
            boost::asio::post(*pool_, std::move(job));
          } else if (schedule_) {
            schedule_(name_, std::move(job));
          } else {
            job();
          }
        },
        use_async);
  }

 private:
  const char* name_;
  Schedule schedule_;
  std::unique_ptr<boost::asio::thread_pool> pool_;
};

}  // namespace rowcall
