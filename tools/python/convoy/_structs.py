"""The structs of Convoy as ctypes has them.

Written by bind.py from the headers of Convoy 0.1.0: change those, then run it.
"""

from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_float,
                    c_int, c_int32, c_int64, c_size_t, c_uint64, c_void_p)
from typing import Dict


class cvy_desc(Structure):
    _fields_ = [
        ('dtype', c_int), ('layout', c_int), ('rank', c_int32), ('size', c_int64 * 6),
        ('stride', c_int64 * 6),
    ]
    _enums_: Dict[str, str] = {'dtype': 'Dtype', 'layout': 'Layout'}


class cvy_tensor(Structure):
    _fields_ = [
        ('buffer', c_void_p), ('offset', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_wait(Structure):
    _fields_ = [
        ('events', POINTER(c_void_p)), ('count', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


cvy_log_fn = CFUNCTYPE(None, c_void_p, c_int, c_char_p)

cvy_progress_fn = CFUNCTYPE(c_bool, c_void_p, c_size_t, c_size_t, c_char_p, c_double)


class cvy_device_info(Structure):
    _fields_ = [
        ('platform', c_int32), ('device', c_int32), ('type', c_int), ('available', c_bool),
        ('name', c_char * 128), ('vendor', c_char * 64), ('driver', c_char * 64),
        ('version', c_char * 64), ('platform_name', c_char * 64), ('device_class', c_char * 32),
        ('quirks', c_char * 128), ('compute_units', c_int32), ('clock_mhz', c_int32),
        ('vector_width', c_int32), ('max_work_group', c_int64), ('max_work_item', c_int64 * 3),
        ('global_bytes', c_int64), ('max_buffer_bytes', c_int64), ('local_bytes', c_int64),
        ('address_bits', c_int32), ('align_bytes', c_int32), ('fp64', c_bool), ('fp16', c_bool),
        ('images', c_bool), ('cache_bytes', c_int64),
    ]
    _enums_: Dict[str, str] = {'type': 'DeviceType'}


cvy_cache_get_fn = CFUNCTYPE(c_size_t, c_void_p, c_char_p, c_void_p, c_size_t)

cvy_cache_put_fn = CFUNCTYPE(c_bool, c_void_p, c_char_p, c_void_p, c_size_t)


class cvy_cache_params(Structure):
    _fields_ = [
        ('off', c_bool), ('folder', c_char_p), ('max_bytes', c_int64), ('get', cvy_cache_get_fn),
        ('put', cvy_cache_put_fn), ('user', c_void_p),
    ]
    _enums_: Dict[str, str] = {}


class cvy_context_params(Structure):
    _fields_ = [
        ('device', c_char_p), ('cl_context', c_void_p), ('cl_device', c_void_p), ('compile', c_int),
        ('progress', cvy_progress_fn), ('progress_user', c_void_p), ('log', cvy_log_fn),
        ('log_user', c_void_p), ('wisdom', c_char_p), ('cache', cvy_cache_params),
    ]
    _enums_: Dict[str, str] = {'compile': 'CompilePolicy'}


class cvy_cache_stats(Structure):
    _fields_ = [
        ('hits', c_size_t), ('misses', c_size_t), ('stored', c_size_t), ('evicted', c_size_t),
        ('truncated', c_size_t), ('extended', c_size_t), ('corrupt', c_size_t),
        ('outdated', c_size_t), ('other_device', c_size_t), ('newer_format', c_size_t),
        ('untrusted_owner', c_size_t), ('unwritable', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_context_stats(Structure):
    _fields_ = [
        ('kernels', c_size_t), ('programs', c_size_t), ('failed', c_size_t),
        ('build_seconds', c_double), ('loaded', c_size_t), ('cache', cvy_cache_stats),
    ]
    _enums_: Dict[str, str] = {}


class cvy_buffer_params(Structure):
    _fields_ = [
        ('bytes', c_size_t), ('access', c_int), ('cl_mem', c_void_p), ('host', c_void_p),
        ('parent', c_void_p), ('offset', c_size_t),
    ]
    _enums_: Dict[str, str] = {'access': 'Access'}


class cvy_queue_params(Structure):
    _fields_ = [
        ('cl_queue', c_void_p), ('profiling', c_bool),
    ]
    _enums_: Dict[str, str] = {}


class cvy_event_times(Structure):
    _fields_ = [
        ('queued', c_uint64), ('submitted', c_uint64), ('started', c_uint64), ('ended', c_uint64),
    ]
    _enums_: Dict[str, str] = {}


class cvy_event_launch(Structure):
    _fields_ = [
        ('name', c_char_p), ('step', c_size_t), ('times', cvy_event_times),
    ]
    _enums_: Dict[str, str] = {}


class cvy_trial(Structure):
    _fields_ = [
        ('spec', c_char_p), ('algorithm', c_char_p), ('result', c_int), ('seconds', c_double),
        ('first_seconds', c_double), ('best_seconds', c_double), ('trial', c_size_t),
        ('trials', c_size_t), ('seconds_left', c_double),
    ]
    _enums_: Dict[str, str] = {'result': 'TrialResult'}


cvy_trial_fn = CFUNCTYPE(c_bool, c_void_p, POINTER(cvy_trial))


class cvy_plan_options(Structure):
    _fields_ = [
        ('algorithm', c_char_p), ('exact', c_bool), ('deterministic', c_bool),
        ('max_workspace', c_size_t), ('effort', c_int), ('again', c_bool),
        ('budget_seconds', c_double), ('trial', cvy_trial_fn), ('trial_user', c_void_p),
    ]
    _enums_: Dict[str, str] = {'effort': 'Effort'}


class cvy_plan_info(Structure):
    _fields_ = [
        ('algorithm', c_char * 128), ('why', c_char * 160), ('spec', c_char * 512),
        ('dst', cvy_desc), ('indices', cvy_desc), ('macs', c_int64), ('parameters', c_int64),
        ('full_macs', c_int64), ('full_parameters', c_int64), ('bytes', c_int64),
        ('workspace', c_size_t), ('workspace_unprepared', c_size_t), ('packed', c_size_t),
        ('launches', c_int32), ('prepare_launches', c_int32), ('estimate_seconds', c_double),
        ('measured_seconds', c_double), ('config', c_char * 320),
    ]
    _enums_: Dict[str, str] = {}


class cvy_args(Structure):
    _fields_ = [
        ('src', cvy_tensor), ('src2', cvy_tensor), ('weights', cvy_tensor), ('bias', cvy_tensor),
        ('weights2', cvy_tensor), ('bias2', cvy_tensor), ('scale', cvy_tensor),
        ('mean', cvy_tensor), ('variance', cvy_tensor), ('slope', cvy_tensor),
        ('residual', cvy_tensor), ('indices', cvy_tensor), ('dst', cvy_tensor),
        ('workspace', cvy_tensor), ('srcs', POINTER(cvy_tensor)), ('src_count', c_size_t),
        ('prepared', c_void_p),
    ]
    _enums_: Dict[str, str] = {}


class cvy_activation(Structure):
    _fields_ = [
        ('kind', c_int), ('alpha', c_float), ('beta', c_float),
    ]
    _enums_: Dict[str, str] = {'kind': 'ActivationKind'}


class cvy_conv_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('out_channels', c_int64), ('kernel_size', c_int64 * 3),
        ('stride', c_int64 * 3), ('dilation', c_int64 * 3), ('padding', c_int64 * 3),
        ('padding_end', c_int64 * 3), ('padding_rule', c_int), ('groups', c_int64),
        ('padding_mode', c_int), ('bias', c_bool), ('residual', c_bool),
        ('activation', cvy_activation), ('weights_dtype', c_int), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'padding_rule': 'PaddingRule', 'padding_mode': 'PaddingMode',
                               'weights_dtype': 'Dtype'}


class cvy_conv_transpose_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('out_channels', c_int64), ('kernel_size', c_int64 * 3),
        ('stride', c_int64 * 3), ('dilation', c_int64 * 3), ('padding', c_int64 * 3),
        ('padding_end', c_int64 * 3), ('padding_rule', c_int), ('output_padding', c_int64 * 3),
        ('groups', c_int64), ('bias', c_bool), ('residual', c_bool), ('activation', cvy_activation),
        ('weights_dtype', c_int), ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'padding_rule': 'PaddingRule', 'weights_dtype': 'Dtype'}


class cvy_pool_params(Structure):
    _fields_ = [
        ('kind', c_int), ('src', cvy_desc), ('kernel_size', c_int64 * 3), ('stride', c_int64 * 3),
        ('dilation', c_int64 * 3), ('padding', c_int64 * 3), ('padding_end', c_int64 * 3),
        ('padding_rule', c_int), ('ceil_mode', c_bool), ('global', c_bool),
        ('output_size', c_int64 * 3), ('count_include_pad', c_int), ('divisor_override', c_int64),
        ('norm_type', c_float), ('indices', c_int), ('indices_dtype', c_int), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'kind': 'PoolKind', 'padding_rule': 'PaddingRule',
                               'count_include_pad': 'CountPad', 'indices': 'Indices',
                               'indices_dtype': 'Dtype'}


class cvy_max_unpool_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('kernel_size', c_int64 * 3), ('stride', c_int64 * 3),
        ('padding', c_int64 * 3), ('output_size', c_int64 * 3), ('indices', c_int),
        ('indices_dtype', c_int), ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'indices': 'Indices', 'indices_dtype': 'Dtype'}


class cvy_separable_params(Structure):
    _fields_ = [
        ('kind', c_int), ('src', cvy_desc), ('out_channels', c_int64),
        ('channel_multiplier', c_int64), ('mid_channels', c_int64), ('kernel_size', c_int64 * 3),
        ('stride', c_int64 * 3), ('dilation', c_int64 * 3), ('padding', c_int64 * 3),
        ('padding_end', c_int64 * 3), ('padding_rule', c_int), ('padding_mode', c_int),
        ('bias', c_bool), ('bias2', c_bool), ('residual', c_bool), ('activation', cvy_activation),
        ('activation2', cvy_activation), ('weights_dtype', c_int), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'kind': 'SeparableKind', 'padding_rule': 'PaddingRule',
                               'padding_mode': 'PaddingMode', 'weights_dtype': 'Dtype'}


class cvy_linear_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('out_features', c_int64), ('bias', c_bool), ('residual', c_bool),
        ('activation', cvy_activation), ('weights_dtype', c_int), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'weights_dtype': 'Dtype'}


class cvy_activation_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('activation', cvy_activation), ('num_parameters', c_int64),
        ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_concat_params(Structure):
    _fields_ = [
        ('srcs', POINTER(cvy_desc)), ('src_count', c_size_t), ('axis', c_int32), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_copy_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_softmax_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('log', c_bool), ('axis', c_int32), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_batch_norm_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('eps', c_float), ('scale', c_bool), ('bias', c_bool),
        ('activation', cvy_activation), ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_instance_norm_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('eps', c_float), ('scale', c_bool), ('bias', c_bool),
        ('activation', cvy_activation), ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_lrn_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('size', c_int64), ('alpha', c_float), ('beta', c_float), ('k', c_float),
        ('later', c_bool), ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_unary_params(Structure):
    _fields_ = [
        ('kind', c_int), ('src', cvy_desc), ('alpha', c_float), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'kind': 'UnaryKind'}


class cvy_binary_params(Structure):
    _fields_ = [
        ('kind', c_int), ('src', cvy_desc), ('src2', cvy_desc), ('activation', cvy_activation),
        ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'kind': 'BinaryKind'}


class cvy_where_params(Structure):
    _fields_ = [
        ('condition', cvy_desc), ('src', cvy_desc), ('src2', cvy_desc), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_cast_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('dtype', c_int), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'dtype': 'Dtype'}


class cvy_pad_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('before', c_int64 * 6), ('after', c_int64 * 6), ('mode', c_int),
        ('value', c_float), ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'mode': 'PaddingMode'}


class cvy_slice_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('start', c_int64 * 6), ('step', c_int64 * 6), ('size', c_int64 * 6),
        ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_transpose_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('order', c_int32 * 6), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_block_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('block', c_int64), ('depth_last', c_bool), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_gather_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('indices', cvy_desc), ('axis', c_int32), ('dst', cvy_desc),
        ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_reduce_params(Structure):
    _fields_ = [
        ('kind', c_int), ('src', cvy_desc), ('axes', c_bool * 6), ('keep_dims', c_bool),
        ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'kind': 'ReduceKind'}


class cvy_resize_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('output_size', c_int64 * 3), ('scale', c_float * 3), ('mode', c_int),
        ('coordinates', c_int), ('rounding', c_int), ('cubic_a', c_float),
        ('exclude_outside', c_bool), ('roi_begin', c_float * 3), ('roi_end', c_float * 3),
        ('extrapolation_value', c_float), ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {'mode': 'ResizeMode', 'coordinates': 'ResizeCoordinates',
                               'rounding': 'ResizeRounding'}


class cvy_matmul_params(Structure):
    _fields_ = [
        ('src', cvy_desc), ('src2', cvy_desc), ('transpose', c_bool), ('transpose2', c_bool),
        ('bias', cvy_desc), ('alpha', c_float), ('beta', c_float), ('activation', cvy_activation),
        ('dst', cvy_desc), ('options', POINTER(cvy_plan_options)),
    ]
    _enums_: Dict[str, str] = {}


class cvy_graph_input_params(Structure):
    _fields_ = [
        ('name', c_char_p), ('desc', cvy_desc), ('constant', c_bool),
    ]
    _enums_: Dict[str, str] = {}


class cvy_value_info(Structure):
    _fields_ = [
        ('name', c_char_p), ('desc', cvy_desc), ('data', c_void_p),
    ]
    _enums_: Dict[str, str] = {}


class cvy_graph_info(Structure):
    _fields_ = [
        ('inputs', c_size_t), ('outputs', c_size_t), ('nodes', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_port_info(Structure):
    _fields_ = [
        ('name', c_char_p), ('desc', cvy_desc), ('constant', c_bool),
    ]
    _enums_: Dict[str, str] = {}


class cvy_node(Structure):
    _fields_ = [
        ('name', c_char_p), ('src', c_int32), ('src2', c_int32), ('weights', c_int32),
        ('bias', c_int32), ('weights2', c_int32), ('bias2', c_int32), ('scale', c_int32),
        ('mean', c_int32), ('variance', c_int32), ('slope', c_int32), ('residual', c_int32),
        ('indices', c_int32), ('srcs', POINTER(c_int32)), ('src_count', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_reshape_params(Structure):
    _fields_ = [
        ('rank', c_int32), ('size', c_int64 * 6),
    ]
    _enums_: Dict[str, str] = {}


cvy_expand_fn = CFUNCTYPE(c_int, c_void_p, c_void_p, c_char_p, POINTER(c_int32), POINTER(c_int32))


class cvy_deferred_params(Structure):
    _fields_ = [
        ('name', c_char_p), ('op', c_char_p), ('expand', cvy_expand_fn), ('user', c_void_p),
        ('destroy', CFUNCTYPE(None, c_void_p)), ('inputs', POINTER(c_int32)),
        ('input_count', c_size_t), ('output_count', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_network_input(Structure):
    _fields_ = [
        ('name', c_char_p), ('desc', cvy_desc), ('data', c_void_p),
    ]
    _enums_: Dict[str, str] = {}


class cvy_network_options(Structure):
    _fields_ = [
        ('inputs', POINTER(cvy_network_input)), ('input_count', c_size_t), ('output_layout', c_int),
        ('layout', c_int), ('no_fusion', c_bool), ('exact', c_bool), ('progress', cvy_progress_fn),
        ('progress_user', c_void_p),
    ]
    _enums_: Dict[str, str] = {'output_layout': 'Layout', 'layout': 'Layout'}


class cvy_network_info(Structure):
    _fields_ = [
        ('inputs', c_size_t), ('outputs', c_size_t), ('graph_nodes', c_size_t),
        ('expanded_nodes', c_size_t), ('nodes', c_size_t), ('launches', c_size_t),
        ('macs', c_int64), ('weight_bytes', c_size_t), ('arena_bytes', c_size_t),
        ('intermediate_bytes', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_network_port(Structure):
    _fields_ = [
        ('name', c_char_p), ('desc', cvy_desc), ('bytes', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_network_step(Structure):
    _fields_ = [
        ('name', c_char_p), ('plan', cvy_plan_info), ('in_arena', c_bool), ('offset', c_size_t),
        ('bytes', c_size_t), ('first', c_size_t), ('last', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_tunable(Structure):
    _fields_ = [
        ('name', c_char_p), ('values', c_int32 * 8), ('count', c_int32),
    ]
    _enums_: Dict[str, str] = {}


class cvy_algorithm_info(Structure):
    _fields_ = [
        ('name', c_char_p), ('op', c_char_p), ('about', c_char_p), ('dtypes', c_char_p),
        ('layouts', c_char_p), ('accuracy', c_char_p), ('tunables', c_char * 160),
        ('tunable', cvy_tunable * 6), ('tunable_count', c_int32), ('slow_start', c_bool),
    ]
    _enums_: Dict[str, str] = {}


class cvy_tune_params(Structure):
    _fields_ = [
        ('specs', POINTER(c_void_p)), ('spec_count', c_size_t), ('effort', c_int),
        ('budget_seconds', c_double), ('max_workspace', c_size_t), ('exact', c_bool),
        ('again', c_bool), ('trial', cvy_trial_fn), ('trial_user', c_void_p),
    ]
    _enums_: Dict[str, str] = {'effort': 'Effort'}


class cvy_tune_report(Structure):
    _fields_ = [
        ('problems', c_size_t), ('known', c_size_t), ('unsolved', c_size_t), ('trials', c_size_t),
        ('slow', c_size_t), ('wrong', c_size_t), ('failed', c_size_t), ('seconds', c_double),
        ('first_seconds', c_double), ('best_seconds', c_double), ('out_of_time', c_bool),
    ]
    _enums_: Dict[str, str] = {}


class cvy_wisdom_report(Structure):
    _fields_ = [
        ('found', c_bool), ('taken', c_size_t), ('skipped', c_size_t), ('text', c_char * 256),
    ]
    _enums_: Dict[str, str] = {}


class cvy_onnx_options(Structure):
    _fields_ = [
        ('external_data', c_bool), ('max_nodes', c_int64), ('max_tensors', c_int64),
        ('max_bytes', c_int64),
    ]
    _enums_: Dict[str, str] = {}


class cvy_onnx_operator(Structure):
    _fields_ = [
        ('name', c_char_p), ('nodes', c_size_t), ('unsupported', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_onnx_gap(Structure):
    _fields_ = [
        ('text', c_char_p), ('count', c_size_t),
    ]
    _enums_: Dict[str, str] = {}


class cvy_onnx_info(Structure):
    _fields_ = [
        ('load_status', c_int), ('load_text', c_char_p), ('ir_version', c_int64),
        ('opset', c_int64), ('producer', c_char_p), ('nodes', c_size_t),
        ('operator_count', c_size_t), ('operators', POINTER(cvy_onnx_operator)),
        ('gap_count', c_size_t), ('gaps', POINTER(cvy_onnx_gap)), ('input_count', c_size_t),
        ('output_count', c_size_t), ('inputs', POINTER(cvy_port_info)),
        ('outputs', POINTER(cvy_port_info)), ('parameters', c_size_t),
        ('parameter_elements', c_int64), ('parameter_bytes', c_int64),
    ]
    _enums_: Dict[str, str] = {'load_status': 'Status'}


class cvy_onnx_tensor(Structure):
    _fields_ = [
        ('name', c_char * 256), ('desc', cvy_desc), ('data', c_void_p),
    ]
    _enums_: Dict[str, str] = {}
