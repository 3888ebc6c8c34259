// SPDX-License-Identifier: Apache-2.0
// Coroutines of rowcall: what they return, and how one waits for something that is not I/O.
//
// All of this belongs to the loop thread of one run.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rowcall {

using Executor = boost::asio::io_context::executor_type;

/// What a coroutine of ours returns.
template <class T>
using Async = boost::asio::awaitable<T, Executor>;

/// The token that makes an Asio operation awaitable.
inline constexpr boost::asio::use_awaitable_t<Executor> use_async{};

/// Resumes a suspended coroutine with a value; called exactly once, or destroyed with the coroutine.
template <class... T>
using Resume = std::move_only_function<void(T...)>;

/// Suspends the calling coroutine and hands `keep` the function that resumes it. The coroutine goes on
/// inside that function's call, so whoever calls it must have finished with its own state.
template <class T, class Keep>
Async<T> suspended(Keep keep) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void(T)>(
      [keep = std::move(keep)](auto handler) mutable { keep(Resume<T>(std::move(handler))); }, use_async);
}

/// Many may wait; all go on when it is raised. Has no memory: look at the condition, then wait.
///
///   while (!condition) co_await signal.wait();
class Signal {
 public:
  explicit Signal(Executor executor) : executor_(std::move(executor)) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  Async<void> wait() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void()>(
        [this](auto handler) { waiting_.emplace_back(std::move(handler)); }, use_async);
  }

  /// Those who wait go on in a later step of the loop, not inside this call.
  void raise() {
    for (Resume<>& waiter : std::exchange(waiting_, {})) boost::asio::post(executor_, std::move(waiter));
  }

 private:
  Executor executor_;
  std::vector<Resume<>> waiting_;
};

}  // namespace rowcall
