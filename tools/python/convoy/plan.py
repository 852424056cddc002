"""Plans: one problem, solved for one context, to be run as often as you like."""
from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _structs
from ._library import check, lib
from ._values import Desc, Handle, as_array, dense, fill, numpy_dtype, record
from .buffer import Buffer
from .device import Context, default_context
from .queue import Event, Queue, wait_list

OPERATORS = {name: f'cvy_{name}_params' for name in (
    'conv conv_transpose pool max_unpool separable linear activation concat copy softmax '
    'batch_norm instance_norm lrn unary binary where cast pad slice transpose gather reduce resize '
    'matmul').split()}
OPERATORS['depth_to_space'] = OPERATORS['space_to_depth'] = 'cvy_block_params'

Slot = Union[Buffer, 'Weights', Sequence[Buffer]]


def params_of(op: str, values: Dict[str, Any], keep: List[Any]) -> Any:
    if op not in OPERATORS:
        raise ValueError(f'no operator {op!r}: there are ' + ', '.join(OPERATORS))
    return fill(getattr(_structs, OPERATORS[op]), values, keep)


def _args_of(slots: Dict[str, Any], keep: List[Any]) -> _structs.cvy_args:
    args = _structs.cvy_args()
    for name, value in slots.items():
        if value is None:
            continue
        if name == 'srcs':
            tensors = (_structs.cvy_tensor * len(value))(*(each.tensor() for each in value))
            keep.append(tensors)
            args.srcs = ctypes.cast(tensors, ctypes.POINTER(_structs.cvy_tensor))
            args.src_count = len(value)
        elif name == 'prepared':
            args.prepared = value.handle
        elif name in _SLOTS:
            setattr(args, name, value.tensor())
        else:
            raise TypeError(f'no slot {name}: there are {", ".join(_SLOTS)}, srcs and prepared')
    return args


_SLOTS = [field[0] for field in _structs.cvy_args._fields_ if field[1] is _structs.cvy_tensor]


class Weights(Handle):
    """Constants packed for a plan; any thread. Made by Plan.prepare."""

    _destroy = 'cvy_weights_destroy'

    def __init__(self, plan: 'Plan', queue: Queue, slots: Dict[str, Buffer]):
        args = _args_of(slots, [])
        out = ctypes.c_void_p()
        check(lib.cvy_plan_prepare(plan.handle, queue.handle, ctypes.byref(args),
                                   ctypes.byref(out)))
        self._own(out)
        self.context = plan.context

    def wait(self, timeout: Optional[float] = None) -> None:
        """Waits until packing is complete, at most timeout seconds."""
        check(lib.cvy_weights_wait(self.handle, -1 if timeout is None else int(timeout * 1e9)))

    def release_raw(self) -> None:
        """Lets go of the tensors as they were given."""
        check(lib.cvy_weights_release_raw(self.handle))


class Plan(Handle):
    """How one problem runs on one context; any thread.

    Plan('conv', src=convoy.nchw(1, 3, 32, 32), out_channels=8, kernel_size=(3, 3), bias=True,
         activation='relu')
    Plan.from_spec('conv n1 c3 h32 w32 k8 r3x3 f32 nchw +bias +relu')

    Operators and their fields are those of convoy/ops.h, less the prefixes; enums go by name
    (padding_mode='reflect', kind='max'), activations as 'relu' or ('leaky_relu', 0.1), and options
    as a dict (algorithm, exact, deterministic, max_workspace).
    """

    _destroy = 'cvy_plan_destroy'

    def __init__(self, op: str, *, context: Optional[Context] = None, **params: Any):
        keep: List[Any] = []
        struct = params_of(op, params, keep)
        self.context = context or default_context()
        out = ctypes.c_void_p()
        check(getattr(lib, f'cvy_{op}_create')(self.context.handle, ctypes.byref(struct),
                                               ctypes.byref(out)))
        self._open(out)

    @classmethod
    def from_spec(cls, spec: str, *, context: Optional[Context] = None, **options: Any) -> 'Plan':
        """A plan from one line of text, as `info.spec` has it; convoy/plan.h says how they go."""
        plan = cls.__new__(cls)
        plan.context = context or default_context()
        struct = fill(_structs.cvy_plan_options, options, [])
        out = ctypes.c_void_p()
        check(lib.cvy_plan_from_spec(plan.context.handle, spec.encode(), ctypes.byref(struct),
                                     ctypes.byref(out)))
        plan._open(out)
        return plan

    def _open(self, pointer: ctypes.c_void_p) -> None:
        self._own(pointer)
        info = self.info
        self.dst: Desc = info.dst
        self.indices: Optional[Desc] = info.indices if info.indices.size else None

    @property
    def info(self) -> SimpleNamespace:
        """algorithm, why, spec, dst, indices, macs, parameters, workspace, launches ..."""
        out = _structs.cvy_plan_info()
        check(lib.cvy_plan_info_get(self.handle, ctypes.byref(out)))
        return record(out)

    def prepare(self, queue: Optional[Queue] = None, **constants: Any) -> Weights:
        """Packs weights, bias, scale ... once: prepared=... of enqueue and run takes the result."""
        queue = queue or self.context.queue
        buffers = {name: Buffer.of(value, queue=queue) for name, value in constants.items()
                   if value is not None}
        return Weights(self, queue, buffers)

    def enqueue(self, queue: Optional[Queue] = None, *, wait: Sequence[Event] = (),
                **slots: Slot) -> Event:
        """Runs the plan once on Buffers: src, weights, bias, dst ..., srcs as a list, or prepared.
        Returns at once; nothing may change the inputs before the event is complete."""
        queue = queue or self.context.queue
        keep: List[Any] = []
        args = _args_of(slots, keep)
        out = ctypes.c_void_p()
        check(lib.cvy_plan_enqueue(self.handle, queue.handle, ctypes.byref(args), wait_list(wait),
                                   ctypes.byref(out)))
        return Event._of(out, self.context)

    def run(self, src: Any = None, *, queue: Optional[Queue] = None, **slots: Any) -> Any:
        """Runs the plan on host arrays and waits for the result: an array, or (array, indices).

        With Buffers as sources it returns Buffers and does not wait. The plan knows its operands by
        size only: their dtypes and axes must be what the problem says.
        """
        if src is not None:
            slots['src'] = src
        for name, value in slots.items():
            if getattr(value, 'dtype', None) == np.float64 and self.dst.dtype.name == 'F32':
                raise TypeError(f'{name} is float64, the plan computes in float32')
        result = run(self, {name: value for name, value in slots.items() if value is not None},
                     queue)
        return result if self.indices else result[0]

    def __repr__(self) -> str:
        return '<convoy.Plan closed>' if self.closed else f'<convoy.Plan {self.info.spec}>'


def _upload(value: Any, queue: Queue, writes: List[Event]) -> Any:
    """Device memory with what is on the host; writing goes on meanwhile."""
    if isinstance(value, (Buffer, Weights)):
        return value
    if isinstance(value, (list, tuple)):
        return [_upload(each, queue, writes) for each in value]
    array = dense(as_array(value))
    buffer = Buffer(array.shape, array.dtype, context=queue.context)
    event = queue.write(buffer, array, block=False)
    if event is not None:
        writes.append(event)
    return buffer


def _output(desc: Desc, context: Context) -> Buffer:
    """Memory for an output, which may have gaps."""
    dtype = numpy_dtype(desc.dtype)
    nbytes = lib.cvy_desc_bytes(ctypes.byref(desc.struct()))
    if nbytes == dtype.itemsize * int(np.prod(desc.size, dtype=np.int64)):
        return Buffer(desc.shape, dtype, context=context)
    return Buffer(nbytes // dtype.itemsize, dtype, context=context)


def _spread(array: np.ndarray, desc: Desc) -> np.ndarray:
    """An output with gaps as the array that it is."""
    if array.shape == desc.shape:
        return array
    stride = desc._replace(size=desc.stride).shape
    return np.lib.stride_tricks.as_strided(
        array, desc.shape, [step * array.itemsize for step in stride], writeable=False)


def run(plan: Plan, slots: Dict[str, Any],
        queue: Optional[Queue] = None) -> Tuple[Any, Any]:
    """(dst, indices or None) of a plan: Buffers if the first source is one, else arrays."""
    queue = queue or plan.context.queue
    first = slots['srcs'][0] if 'srcs' in slots else slots.get('src')
    outputs = {'dst': plan.dst}
    if plan.indices and 'indices' not in slots:
        outputs['indices'] = plan.indices
    if 0 in plan.dst.size and not isinstance(first, Buffer):    # an empty batch: nothing to do
        empty = [np.empty(desc.shape, numpy_dtype(desc.dtype)) for desc in outputs.values()]
        return empty[0], empty[1] if len(empty) > 1 else None
    writes: List[Event] = []
    args = {name: _upload(value, queue, writes) for name, value in slots.items()}
    for name, desc in outputs.items():
        args[name] = _output(desc, plan.context)
    keep: List[Any] = []
    struct = _args_of(args, keep)
    check(lib.cvy_plan_enqueue(plan.handle, queue.handle, ctypes.byref(struct), None, None))
    results = [args[name] for name in outputs]
    if not isinstance(first, Buffer):
        results = [_spread(queue.read(args[name]), desc) for name, desc in outputs.items()]
        for event in writes:
            event._keep = None      # a queue is in order: they are complete
    return results[0], results[1] if len(results) > 1 else None
