// SPDX-License-Identifier: Apache-2.0
// The types of rowcall._engine: Job, Table, Run and Coordinator. What they offer is told in
// python/rowcall/_engine.pyi.
#pragma once

#include "rowcall/arrow.h"
#include "rowcall/job.h"

#include "python/src/kept_table.h"
#include "python/src/python_api.h"

namespace rowcall::python {

/// Each makes its type; null with a Python error set.
PyObject* make_job_type();
PyObject* make_table_type();
PyObject* make_run_type();
PyObject* make_coordinator_type();

/// rowcall._engine.load(job_file, env_file, use_env_file, values): a Job.
PyObject* load_job(PyObject* module, PyObject* arguments);

/// rowcall._engine.plan(job, table, rows): a dict.
PyObject* plan_job(PyObject* module, PyObject* arguments);

/// The job inside a Job object; null with a Python error set when it is none.
const Job* job_of(PyObject* object);

/// A Table object.
PyObject* make_table(std::shared_ptr<const KeptTable> table);

/// Takes the stream out of any object with __arrow_c_stream__. False with a Python error set.
bool take_stream(PyObject* object, OwnedStream& out);

/// A capsule as __arrow_c_stream__ returns it.
PyObject* stream_capsule(OwnedStream stream);

/// Ends every run of this process that is still going on.
void close_all_runs();

}  // namespace rowcall::python
