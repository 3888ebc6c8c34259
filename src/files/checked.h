// SPDX-License-Identifier: Apache-2.0
// From what Arrow says to what we say: `checked` makes a `Result` of a status, `guarded` catches what the
// libraries throw.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <string_view>
#include <utility>

#include "files/storage.h"

namespace rowcall::files {

inline Result<void> checked(const arrow::Status& status, const Place& place, std::string_view doing) {
  if (status.ok()) return {};
  return failure(storage_error(status, place, doing));
}

template <class T>
Result<T> checked(arrow::Result<T> result, const Place& place, std::string_view doing) {
  if (result.ok()) return *std::move(result);
  return failure(storage_error(result.status(), place, doing));
}

/// Runs `call`, which gives a Status; an exception becomes one.
template <class Call>
arrow::Status guarded(Call&& call) {
  try {
    return std::forward<Call>(call)();
  } catch (const std::bad_alloc&) {
    return arrow::Status::OutOfMemory("no memory");
  } catch (const std::exception& thrown) {
    return arrow::Status::UnknownError(thrown.what());
  }
}

}  // namespace rowcall::files
