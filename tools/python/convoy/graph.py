"""Graphs of operators, the networks compiled from them, and ONNX models."""
from __future__ import annotations

import ctypes
import os
from types import SimpleNamespace
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _structs
from ._cache import Cache
from ._enums import ANY_RANK, ANY_SIZE, Dtype, Layout
from ._library import check, lib
from ._values import (ArrayLike, Desc, DtypeLike, Handle, as_array, dense, desc_of, dtype_code,
                      fill, record)
from .buffer import Buffer
from .device import Context, Progress, ProgressCall, default_context
from .plan import OPERATORS, params_of
from .queue import Event, Queue, wait_list

_NODE = [field[0] for field in _structs.cvy_node._fields_ if field[1] is ctypes.c_int32]


class Value(NamedTuple):
    """A tensor of a graph."""

    number: int


class Port(NamedTuple):
    """An input or output. size: None for an axis, or for all, that compiling is told."""

    name: str
    size: Optional[Tuple[Optional[int], ...]]
    dtype: Dtype
    constant: bool = False


def _port(info: _structs.cvy_port_info) -> Port:
    size = None
    if info.desc.rank != ANY_RANK:
        size = tuple(None if each == ANY_SIZE else each
                     for each in info.desc.size[:info.desc.rank])
    return Port(info.name.decode(), size, Dtype(info.desc.dtype), info.constant)


def _graph_desc(size: Sequence[Optional[int]], dtype: DtypeLike) -> _structs.cvy_desc:
    desc = Desc(tuple(ANY_SIZE if each is None else each for each in size), dtype_code(dtype),
                Layout.LAYOUT_DEFAULT)
    return desc.struct()


class Graph(Handle):
    """Operators wired together; belongs to no device. Built by one thread at a time.

        graph = Graph()
        x = graph.input('image', (None, 3, 32, 32))
        y = graph.conv(src=x, weights=w, bias=b, padding=(1, 1), activation='relu')
        graph.output('features', y)
        graph.run(image)['features']

    Each operator of Plan is a method: tensors are Values, or arrays, which become constants; the
    other arguments are its params. Sizes are checked when compiling.
    """

    _destroy = 'cvy_graph_destroy'

    def __init__(self) -> None:
        out = ctypes.c_void_p()
        check(lib.cvy_graph_create(ctypes.byref(out)))
        self._adopt(out)

    def _adopt(self, pointer: ctypes.c_void_p) -> None:
        self._own(pointer)
        self._networks = Cache(8)

    # Building ------------------------------------------------------------------------------------

    def input(self, name: str, size: Optional[Sequence[Optional[int]]],
              dtype: DtypeLike = 'float32', *, constant: bool = False) -> Value:
        """An input of sizes n, c, spatial: None for one that compiling is told, or for all."""
        desc = _graph_desc(size or (), dtype)
        if size is None:
            desc.rank = ANY_RANK
        params = _structs.cvy_graph_input_params(name.encode(), desc, constant)
        out = ctypes.c_int32()
        check(lib.cvy_graph_input(self.handle, ctypes.byref(params), ctypes.byref(out)))
        return Value(out.value)

    def constant(self, array: ArrayLike, name: Optional[str] = None) -> Value:
        """A tensor that is known: its contents are copied."""
        array = dense(as_array(array))
        desc = _graph_desc(array.shape, array.dtype)
        out = ctypes.c_int32()
        check(lib.cvy_graph_constant(self.handle, name and name.encode(), ctypes.byref(desc),
                                     array.ctypes.data, ctypes.byref(out)))
        return Value(out.value)

    def output(self, name: str, value: Value) -> None:
        check(lib.cvy_graph_output(self.handle, name.encode(), value.number))

    def _tensor(self, value: Any) -> int:
        if isinstance(value, Value):
            return value.number
        return self.constant(value).number

    def _is_tensor(self, name: str, value: Any) -> bool:
        return name in _NODE and (isinstance(value, Value) or hasattr(value, '__array__'))

    def node(self, op: str, *, name: Optional[str] = None, **arguments: Any) -> Any:
        """Adds an operator: the Value of its output, of two with indices."""
        keep: List[Any] = []
        node = _structs.cvy_node(name=name and name.encode())
        srcs = arguments.pop('srcs', None)
        if srcs is not None:
            numbers = (ctypes.c_int32 * len(srcs))(*map(self._tensor, srcs))
            node.srcs, node.src_count = numbers, len(srcs)
        params = {}
        for key, value in arguments.items():
            if self._is_tensor(key, value):
                setattr(node, key, self._tensor(value))
            else:
                params[key] = value
        kind = 'reshape' if op == 'expand' else op
        struct = (fill(_structs.cvy_reshape_params, params, keep) if kind == 'reshape'
                  else params_of(op, params, keep))
        outs = [ctypes.c_int32()]
        if op == 'pool':
            outs.append(ctypes.c_int32())
        wanted = op == 'pool' and params.get('indices') not in (None, 'none', 0)
        pointers = [ctypes.byref(outs[0])] + [ctypes.byref(each) if wanted else None
                                              for each in outs[1:]]
        check(getattr(lib, f'cvy_graph_{op}')(self.handle, ctypes.byref(struct),
                                              ctypes.byref(node), *pointers))
        values = [Value(each.value) for each in outs]
        return tuple(values) if wanted else values[0]

    def reshape(self, src: Any, size: Sequence[int]) -> Value:
        """The same elements under other sizes, one of which may be -1."""
        return self.node('reshape', src=src, rank=len(size), size=tuple(size))

    def expand(self, src: Any, size: Sequence[int]) -> Value:
        """Repeats axes of size 1, and puts axes in front, as PyTorch's expand."""
        return self.node('expand', src=src, rank=len(size), size=tuple(size))

    def close(self) -> None:
        if not self.closed:
            self._networks.clear()
        super().close()

    def __getattr__(self, op: str) -> Any:
        if op not in OPERATORS:
            raise AttributeError(op)
        return lambda **arguments: self.node(op, **arguments)

    # Looking -------------------------------------------------------------------------------------

    def _count(self) -> _structs.cvy_graph_info:
        info = _structs.cvy_graph_info()
        check(lib.cvy_graph_info_get(self.handle, ctypes.byref(info)))
        return info

    def _ports(self, function: Any, count: int) -> List[Port]:
        info = _structs.cvy_port_info()
        out = []
        for i in range(count):
            check(function(self.handle, i, ctypes.byref(info)))
            out.append(_port(info))
        return out

    @property
    def inputs(self) -> List[Port]:
        return self._ports(lib.cvy_graph_input_get, self._count().inputs)

    @property
    def outputs(self) -> List[Port]:
        return self._ports(lib.cvy_graph_output_get, self._count().outputs)

    # Running -------------------------------------------------------------------------------------

    def compile(self, inputs: Optional[Mapping[str, Any]] = None, *,
                context: Optional[Context] = None, channels_last: bool = False,
                progress: Optional[Progress] = None, **options: Any) -> 'Network':
        """A Network for these inputs: name -> a size (n, c, spatial) or a Desc; those with known
        sizes may be left out. An input that is a constant needs its array.

        channels_last: inputs and outputs with 3 to 5 axes are [n, ..., c]. options: no_fusion,
        exact, layout.
        """
        return Network(self, dict(inputs or {}), context or default_context(), channels_last,
                       progress, options)

    def run(self, *arrays: ArrayLike, inputs: Optional[Mapping[str, ArrayLike]] = None,
            context: Optional[Context] = None, channels_last: bool = False,
            **named: ArrayLike) -> Dict[str, np.ndarray]:
        """Runs the graph on arrays, in the order of its inputs or by name: name -> output.

        Compiles for the arrays' shapes and keeps the networks of the last eight.
        """
        feed = self._feed(arrays, dict(inputs or {}, **named))
        context = context or default_context()
        constants = {port.name for port in self.inputs if port.constant}
        shapes = {name: array if name in constants else _as_lying(array, channels_last)
                  for name, array in feed.items()}
        known = tuple((name, feed[name].tobytes() if name in constants else shape)
                      for name, shape in shapes.items())
        count = self._count()
        # A network keeps its context alive: while it is here no other has the same id.
        key = (id(context), channels_last, count.nodes, count.outputs, known)
        network = self._networks.get(key, lambda: self.compile(
            shapes, context=context, channels_last=channels_last))
        return network.run(inputs={name: array for name, array in feed.items()
                                   if name not in constants})

    def _feed(self, arrays: Sequence[ArrayLike], named: Dict[str, ArrayLike]) -> Dict[str, Any]:
        names = [port.name for port in self.inputs]
        if len(arrays) > len(names):
            raise TypeError(f'{len(arrays)} arrays, the graph has {len(names)} inputs: '
                            + ', '.join(names))
        feed = dict(zip(names, arrays))
        for name, array in named.items():
            if name in feed:
                raise TypeError(f'input {name} is given twice')
            if name not in names:
                raise TypeError(f'no input {name}: there are ' + ', '.join(names))
            feed[name] = array
        return {name: as_array(array) for name, array in feed.items()}

    def __repr__(self) -> str:
        if self.closed:
            return '<convoy.Graph closed>'
        return '<convoy.Graph {} -> {}>'.format(
            *(', '.join(port.name for port in ports) for ports in (self.inputs, self.outputs)))


def _as_lying(array: np.ndarray, channels_last: bool) -> Desc:
    """How an array lies: maps in the layout asked for."""
    if array.ndim < 2:
        return Desc(tuple(array.shape), dtype_code(array.dtype), Layout.PLAIN)
    if channels_last and 3 <= array.ndim <= 5:
        size = (array.shape[0], array.shape[-1]) + array.shape[1:-1]
        return Desc(size, dtype_code(array.dtype), Layout.NHWC)
    layout = Layout.NCHW if array.ndim <= 5 else Layout.PLAIN
    return Desc(tuple(array.shape), dtype_code(array.dtype), layout)


class Network(Handle):
    """A graph compiled for a context and shapes; any thread. Needs the graph no more."""

    _destroy = 'cvy_network_destroy'

    def __init__(self, graph: Graph, inputs: Dict[str, Any], context: Context,
                 channels_last: bool, progress: Optional[Progress], options: Dict[str, Any]):
        self.context = context
        self._keep: List[Any] = []      # constants while they are copied
        entries = [self._entry(graph, name, value, channels_last)
                   for name, value in inputs.items()]
        call = ProgressCall(progress)
        struct = fill(_structs.cvy_network_options, options, self._keep)
        array = (_structs.cvy_network_input * max(len(entries), 1))(*entries)
        struct.inputs, struct.input_count = array, len(entries)
        struct.output_layout = int(Layout.NHWC if channels_last else Layout.NCHW)
        struct.progress = call.pointer
        out = ctypes.c_void_p()
        call.check(lib.cvy_graph_compile(graph.handle, context.handle, ctypes.byref(struct),
                                         ctypes.byref(out)))
        self._own(out)
        self._keep = []
        self.inputs = self._ports(lib.cvy_network_input_get, self.info.inputs)
        self.outputs = self._ports(lib.cvy_network_output_get, self.info.outputs)

    def _entry(self, graph: Graph, name: str, value: Any,
               channels_last: bool) -> _structs.cvy_network_input:
        if isinstance(value, Desc):
            return _structs.cvy_network_input(name.encode(), value.struct(), None)
        if hasattr(value, '__array__') or hasattr(value, '__dlpack__'):
            array = dense(as_array(value))
            self._keep.append(array)
            return _structs.cvy_network_input(
                name.encode(), _as_lying(array, False).struct(), array.ctypes.data)
        ports = {port.name: port for port in graph.inputs}
        dtype = ports[name].dtype if name in ports else Dtype.F32
        layout = Layout.NHWC if channels_last and 3 <= len(value) <= 5 else Layout.NCHW
        if len(value) < 2 or len(value) > 5:
            layout = Layout.PLAIN
        return _structs.cvy_network_input(name.encode(),
                                          Desc(tuple(value), dtype, layout).struct(), None)

    def _ports(self, function: Any, count: int) -> Dict[str, Desc]:
        port = _structs.cvy_network_port()
        out = {}
        for i in range(count):
            check(function(self.handle, i, ctypes.byref(port)))
            out[port.name.decode()] = desc_of(port.desc)
        return out

    @property
    def info(self) -> SimpleNamespace:
        """nodes, launches, macs, weight_bytes, arena_bytes, intermediate_bytes ..."""
        out = _structs.cvy_network_info()
        check(lib.cvy_network_info_get(self.handle, ctypes.byref(out)))
        return record(out)

    @property
    def steps(self) -> List[SimpleNamespace]:
        """What a run does, one after the other: name, plan (algorithm, why ...), offset, bytes."""
        step = _structs.cvy_network_step()
        out = []
        for i in range(self.info.nodes):
            check(lib.cvy_network_step_get(self.handle, i, ctypes.byref(step)))
            out.append(record(step))
        return out

    def reserve(self, queue: Optional[Queue] = None) -> None:
        """Allocates the queue's arena ahead of the first run."""
        check(lib.cvy_network_reserve(self.handle, (queue or self.context.queue).handle))

    def enqueue(self, inputs: Sequence[Buffer], outputs: Sequence[Buffer],
                queue: Optional[Queue] = None, *, wait: Sequence[Event] = ()) -> Event:
        """Runs the network once on Buffers, in the order of inputs and outputs; returns at once."""
        queue = queue or self.context.queue
        for what, given, known in (('inputs', inputs, self.inputs),
                                   ('outputs', outputs, self.outputs)):
            if len(given) != len(known):
                raise TypeError(f'{len(given)} {what}, the network has {len(known)}: '
                                + ', '.join(known))
        srcs = (_structs.cvy_tensor * max(len(inputs), 1))(*(each.tensor() for each in inputs))
        dsts = (_structs.cvy_tensor * max(len(outputs), 1))(*(each.tensor() for each in outputs))
        out = ctypes.c_void_p()
        check(lib.cvy_network_enqueue(self.handle, queue.handle, srcs, dsts, wait_list(wait),
                                      ctypes.byref(out)))
        return Event._of(out, self.context)

    def run(self, *arrays: ArrayLike, inputs: Optional[Mapping[str, ArrayLike]] = None,
            queue: Optional[Queue] = None, **named: ArrayLike) -> Dict[str, Any]:
        """Runs the network on host arrays and waits: name -> output. With Buffers as inputs it
        returns Buffers and does not wait."""
        queue = queue or self.context.queue
        feed = dict(zip(self.inputs, arrays), **dict(inputs or {}, **named))
        missing = [name for name in self.inputs if name not in feed]
        if missing or len(feed) != len(self.inputs) or len(arrays) > len(self.inputs):
            raise TypeError(f'inputs {", ".join(feed) or "none"}: {", ".join(self.inputs)} '
                            'are wanted')
        buffers = [self._buffer(name, feed[name], queue) for name in self.inputs]
        results = {name: Buffer(desc.shape, _dtype(desc), context=self.context)
                   for name, desc in self.outputs.items()}
        self.enqueue(buffers, list(results.values()), queue)
        if feed and all(isinstance(value, Buffer) for value in feed.values()):
            return results
        return {name: queue.read(buffer) for name, buffer in results.items()}

    def _buffer(self, name: str, value: Any, queue: Queue) -> Buffer:
        desc = self.inputs[name]
        value = value if isinstance(value, Buffer) else as_array(value)
        if tuple(value.shape) != desc.shape or dtype_code(value.dtype) != desc.dtype:
            raise ValueError(f'input {name} is {list(value.shape)} {value.dtype}, '
                             f'{list(desc.shape)} {_dtype(desc)} is wanted')
        return Buffer.of(value, context=self.context, queue=queue)

    def __repr__(self) -> str:
        if self.closed:
            return '<convoy.Network closed>'
        return '<convoy.Network {} -> {}>'.format(
            *(', '.join(f'{name} {desc.shape}' for name, desc in ports.items())
              for ports in (self.inputs, self.outputs)))


def _dtype(desc: Desc) -> str:
    return desc.dtype.name.lower()


# ONNX ---------------------------------------------------------------------------------------------

def load_onnx(model: Union[str, os.PathLike, bytes], *, external_data: bool = False,
              max_nodes: int = 0, max_tensors: int = 0, max_bytes: int = 0) -> Graph:
    """A Graph from an ONNX file, or from its bytes: load_onnx(path).run(image).

    Opsets 1 to 21. external_data: read tensors from files in the model's folder, and only there.
    Limits of 0 are the library's.
    """
    options = _structs.cvy_onnx_options(external_data, max_nodes, max_tensors, max_bytes)
    out = ctypes.c_void_p()
    if isinstance(model, (bytes, bytearray, memoryview)):
        data = bytes(model)
        check(lib.cvy_onnx_load_memory(data, len(data), ctypes.byref(options), ctypes.byref(out)))
    else:
        check(lib.cvy_onnx_load(os.fsencode(model), ctypes.byref(options), ctypes.byref(out)))
    graph = Graph.__new__(Graph)
    graph._adopt(out)
    return graph


def onnx_operators() -> List[str]:
    """The operators that load_onnx knows."""
    count = ctypes.c_size_t()
    check(lib.cvy_onnx_operators(None, 0, ctypes.byref(count)))
    names = (ctypes.c_char_p * count.value)()
    check(lib.cvy_onnx_operators(names, count.value, ctypes.byref(count)))
    return [(name or b'').decode() for name in names]
