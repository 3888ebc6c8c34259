// SPDX-License-Identifier: Apache-2.0
#include "python/src/python_api.h"

#include <dlfcn.h>

namespace rowcall::python {
namespace {

// Not in the limited API, yet in every interpreter. Streams are called with the lock and without it.
bool holds_lock() {
  using Check = int (*)();
  static const auto check = reinterpret_cast<Check>(::dlsym(RTLD_DEFAULT, "PyGILState_Check"));
  return check != nullptr && Py_IsInitialized() != 0 && check() == 1;
}

}  // namespace

Unlocked::Unlocked() {
  if (holds_lock()) state_ = PyEval_SaveThread();
}

Unlocked::~Unlocked() noexcept(false) {
  if (state_ != nullptr) PyEval_RestoreThread(state_);
}

void raise(const Error& error) {
  Ref module(PyImport_ImportModule("rowcall._errors"));
  if (!module) return;
  Ref made(PyObject_CallMethod(module.get(), "error_for", "ss", name_of(error.code), error.text().c_str()));
  if (!made) return;
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.get())), made.get());
}

}  // namespace rowcall::python
