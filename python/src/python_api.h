// SPDX-License-Identifier: Apache-2.0
// Python's C API, the limited one of 3.10, with owners for references and for the interpreter's lock.
//
// Included first in every file that uses it, as Python asks.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rowcall/error.h"

namespace rowcall::python {

/// Owns one reference, or none.
class Ref {
 public:
  Ref() = default;
  /// Takes over a new reference; null means that a Python error is set.
  explicit Ref(PyObject* owned) : object_(owned) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  ~Ref() { Py_XDECREF(object_); }

  explicit operator bool() const { return object_ != nullptr; }
  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }

 private:
  PyObject* object_ = nullptr;
};

/// Lets go of the interpreter's lock, when this thread holds it, for as long as it lives.
///
/// Taking it back may end the thread, when the interpreter is about to exit (daemon threads end so): the
/// stack is unwound from inside the destructor, so no `Ref` may live around an `Unlocked`.
class Unlocked {
 public:
  Unlocked();
  ~Unlocked() noexcept(false);
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_ = nullptr;
};

inline PyObject* text_object(std::string_view text) {
  return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

/// A function that takes keywords, as a method table wants it.
inline PyCFunction with_keywords(PyCFunctionWithKeywords function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

/// Raises rowcall's exception for an error: the type by its code, the text as on the command line.
void raise(const Error& error);

/// An object of `type`, which holds `*held`.
template <class Held>
struct Holder {
  PyObject_HEAD Held* held;
};

template <class Held>
Held& held_by(PyObject* object) {
  return *reinterpret_cast<Holder<Held>*>(object)->held;
}

/// Null, with a Python error set, when there is no memory.
template <class Held>
PyObject* make_holder(PyTypeObject* type, Held held) {
  auto allocate = reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc));
  PyObject* object = allocate(type, 0);
  if (object != nullptr) reinterpret_cast<Holder<Held>*>(object)->held = new Held(std::move(held));
  return object;
}

/// What was held ends without the interpreter's lock: it may wait for threads.
template <class Held>
void dealloc_holder(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  {
    std::unique_ptr<Held> held(std::exchange(reinterpret_cast<Holder<Held>*>(object)->held, nullptr));
    Unlocked unlocked;
    held.reset();
  }
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

}  // namespace rowcall::python
