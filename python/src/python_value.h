// SPDX-License-Identifier: Apache-2.0
// Values of settings as Python objects, and back.
#pragma once

#include "python/src/python_api.h"
#include "settings/value.h"

namespace rowcall::python {

/// bool, int, float, str, list, tuple or dict. False, with a Python error set, for anything else.
bool to_value(PyObject* object, settings::Value& out);

/// A new reference, or null with a Python error set.
PyObject* to_object(const settings::Value& value);

}  // namespace rowcall::python
