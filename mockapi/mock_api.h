// SPDX-License-Identifier: Apache-2.0
// The entrance of the mock API: as a command that serves until it is told to stop, and as an object inside a
// test.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "mockapi/options.h"
#include "mockapi/stats.h"

namespace rowcall::mockapi {

/// Serves until SIGINT or SIGTERM. Prints the address and what it will do on standard output, and the verdict
/// on standard error; with `quiet`, the address alone. Blocks; installs signal handlers while it runs.
Result<void> serve(const MockOptions& options);

/// A mock API in a thread of its own. Made, used and destroyed by one other thread.
class MockApi {
 public:
  /// Listens, and answers calls from now on.
  static Result<std::unique_ptr<MockApi>> start(const MockOptions& options);
  ~MockApi();
  MockApi(const MockApi&) = delete;
  MockApi& operator=(const MockApi&) = delete;

  std::uint16_t port() const;
  /// "http://127.0.0.1:43127", without a slash at the end.
  std::string url() const;

  /// What has come so far; after `stop`, what came in all.
  Stats stats();
  /// As POST /reset.
  void reset();
  /// Another behaviour from now on.
  Result<void> change(const Behaviour& behaviour);
  /// Ends every connection and the thread, and says what came. May be called again.
  Stats stop();

 private:
  struct Running;
  explicit MockApi(std::unique_ptr<Running> running);

  std::unique_ptr<Running> running_;
  Stats last_;
};

/// One sentence: what a server with these options does to calls.
std::string announcement(const MockOptions& options);

}  // namespace rowcall::mockapi
