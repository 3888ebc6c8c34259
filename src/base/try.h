// SPDX-License-Identifier: Apache-2.0
// Two macros to hand an error on: `TRY` in functions, `CO_TRY` in coroutines.
//
//   TRY(auto text, read_file(path));     // returns the error, or declares `text`
//   TRY_VOID(write_file(path, text));
#pragma once

#include <utility>

#define ROWCALL_JOIN_(a, b) a##b
#define ROWCALL_JOIN(a, b) ROWCALL_JOIN_(a, b)

#define ROWCALL_TRY_(name, declaration, expression)           \
  auto&& name = (expression);                                 \
  if (!name) return std::unexpected(std::move(name).error()); \
  declaration = *std::move(name)
#define ROWCALL_CO_TRY_(name, declaration, expression)           \
  auto&& name = (expression);                                    \
  if (!name) co_return std::unexpected(std::move(name).error()); \
  declaration = *std::move(name)

#define TRY(declaration, ...) ROWCALL_TRY_(ROWCALL_JOIN(try_, __COUNTER__), declaration, (__VA_ARGS__))
#define CO_TRY(declaration, ...) ROWCALL_CO_TRY_(ROWCALL_JOIN(try_, __COUNTER__), declaration, (__VA_ARGS__))

#define TRY_VOID(...)                                                                         \
  do {                                                                                        \
    if (auto tried = (__VA_ARGS__); !tried) return std::unexpected(std::move(tried).error()); \
  } while (false)
#define CO_TRY_VOID(...)                                                                         \
  do {                                                                                           \
    if (auto tried = (__VA_ARGS__); !tried) co_return std::unexpected(std::move(tried).error()); \
  } while (false)
