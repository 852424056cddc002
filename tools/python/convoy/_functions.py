"""The functions of Convoy: what each gives and takes.

Written by bind.py from the headers of Convoy 0.1.0: change those, then run it.
"""

from ctypes import (POINTER, c_bool, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t,
                    c_void_p)

from . import _structs as s

FUNCTIONS = {
    'cvy_status_name': (c_char_p, [c_int]),
    'cvy_error_text': (c_char_p, []),
    'cvy_error_opencl': (c_int, []),
    'cvy_error_report': (c_int, [c_int, c_char_p]),
    'cvy_nc': (s.cvy_desc, [c_int, c_int64, c_int64]),
    'cvy_ncw': (s.cvy_desc, [c_int, c_int64, c_int64, c_int64]),
    'cvy_nwc': (s.cvy_desc, [c_int, c_int64, c_int64, c_int64]),
    'cvy_nchw': (s.cvy_desc, [c_int, c_int64, c_int64, c_int64, c_int64]),
    'cvy_nhwc': (s.cvy_desc, [c_int, c_int64, c_int64, c_int64, c_int64]),
    'cvy_ncdhw': (s.cvy_desc, [c_int, c_int64, c_int64, c_int64, c_int64, c_int64]),
    'cvy_ndhwc': (s.cvy_desc, [c_int, c_int64, c_int64, c_int64, c_int64, c_int64]),
    'cvy_plain': (s.cvy_desc, [c_int, c_int32, POINTER(c_int64)]),
    'cvy_desc_bytes': (c_size_t, [POINTER(s.cvy_desc)]),
    'cvy_desc_elements': (c_int64, [POINTER(s.cvy_desc)]),
    'cvy_dtype_bytes': (c_size_t, [c_int]),
    'cvy_device_list': (c_int, [POINTER(s.cvy_device_info), c_size_t, POINTER(c_size_t)]),
    'cvy_context_create': (c_int, [POINTER(s.cvy_context_params), POINTER(c_void_p)]),
    'cvy_context_destroy': (None, [POINTER(c_void_p)]),
    'cvy_context_device_info': (c_int, [c_void_p, POINTER(s.cvy_device_info)]),
    'cvy_context_stats_get': (c_int, [c_void_p, POINTER(s.cvy_context_stats)]),
    'cvy_context_save_programs': (c_int, [c_void_p, c_double]),
    'cvy_context_cl_context': (c_void_p, [c_void_p]),
    'cvy_context_cl_device': (c_void_p, [c_void_p]),
    'cvy_buffer_create': (c_int, [c_void_p, POINTER(s.cvy_buffer_params), POINTER(c_void_p)]),
    'cvy_buffer_destroy': (None, [POINTER(c_void_p)]),
    'cvy_buffer_bytes': (c_size_t, [c_void_p]),
    'cvy_buffer_cl_mem': (c_void_p, [c_void_p]),
    'cvy_queue_create': (c_int, [c_void_p, POINTER(s.cvy_queue_params), POINTER(c_void_p)]),
    'cvy_queue_destroy': (None, [POINTER(c_void_p)]),
    'cvy_queue_cl_queue': (c_void_p, [c_void_p]),
    'cvy_queue_write':
        (c_int, [c_void_p, s.cvy_tensor, c_void_p, c_size_t, POINTER(s.cvy_wait),
        POINTER(c_void_p)]),
    'cvy_queue_read':
        (c_int, [c_void_p, s.cvy_tensor, c_void_p, c_size_t, POINTER(s.cvy_wait),
        POINTER(c_void_p)]),
    'cvy_queue_copy':
        (c_int, [c_void_p, s.cvy_tensor, s.cvy_tensor, c_size_t, POINTER(s.cvy_wait),
        POINTER(c_void_p)]),
    'cvy_queue_fill':
        (c_int, [c_void_p, s.cvy_tensor, c_void_p, c_size_t, c_size_t, POINTER(s.cvy_wait),
        POINTER(c_void_p)]),
    'cvy_queue_map':
        (c_int, [c_void_p, s.cvy_tensor, c_size_t, c_int, POINTER(s.cvy_wait), POINTER(c_void_p),
        POINTER(c_void_p)]),
    'cvy_queue_unmap':
        (c_int, [c_void_p, s.cvy_tensor, c_void_p, POINTER(s.cvy_wait), POINTER(c_void_p)]),
    'cvy_queue_flush': (c_int, [c_void_p]),
    'cvy_queue_finish': (c_int, [c_void_p]),
    'cvy_event_wait': (c_int, [c_void_p, c_int64]),
    'cvy_event_destroy': (None, [POINTER(c_void_p)]),
    'cvy_event_times_get': (c_int, [c_void_p, POINTER(s.cvy_event_times)]),
    'cvy_event_launch_get': (c_int, [c_void_p, c_size_t, POINTER(s.cvy_event_launch)]),
    'cvy_event_cl_event': (c_void_p, [c_void_p]),
    'cvy_event_wrap': (c_int, [c_void_p, c_void_p, POINTER(c_void_p)]),
    'cvy_plan_from_spec':
        (c_int, [c_void_p, c_char_p, POINTER(s.cvy_plan_options), POINTER(c_void_p)]),
    'cvy_plan_destroy': (None, [POINTER(c_void_p)]),
    'cvy_plan_info_get': (c_int, [c_void_p, POINTER(s.cvy_plan_info)]),
    'cvy_plan_prepare': (c_int, [c_void_p, c_void_p, POINTER(s.cvy_args), POINTER(c_void_p)]),
    'cvy_weights_wait': (c_int, [c_void_p, c_int64]),
    'cvy_weights_release_raw': (c_int, [c_void_p]),
    'cvy_weights_destroy': (None, [POINTER(c_void_p)]),
    'cvy_plan_enqueue':
        (c_int, [c_void_p, c_void_p, POINTER(s.cvy_args), POINTER(s.cvy_wait), POINTER(c_void_p)]),
    'cvy_queue_reserve': (c_int, [c_void_p, c_void_p]),
    'cvy_conv_output_size': (c_int64, [c_int64, c_int64, c_int64, c_int64, c_int64, c_int64]),
    'cvy_conv_transpose_output_size':
        (c_int64, [c_int64, c_int64, c_int64, c_int64, c_int64, c_int64, c_int64]),
    'cvy_pool_output_size':
        (c_int64, [c_int64, c_int64, c_int64, c_int64, c_int64, c_int64, c_bool]),
    'cvy_conv_create': (c_int, [c_void_p, POINTER(s.cvy_conv_params), POINTER(c_void_p)]),
    'cvy_conv_transpose_create':
        (c_int, [c_void_p, POINTER(s.cvy_conv_transpose_params), POINTER(c_void_p)]),
    'cvy_pool_create': (c_int, [c_void_p, POINTER(s.cvy_pool_params), POINTER(c_void_p)]),
    'cvy_max_unpool_create':
        (c_int, [c_void_p, POINTER(s.cvy_max_unpool_params), POINTER(c_void_p)]),
    'cvy_separable_create': (c_int, [c_void_p, POINTER(s.cvy_separable_params), POINTER(c_void_p)]),
    'cvy_linear_create': (c_int, [c_void_p, POINTER(s.cvy_linear_params), POINTER(c_void_p)]),
    'cvy_activation_create':
        (c_int, [c_void_p, POINTER(s.cvy_activation_params), POINTER(c_void_p)]),
    'cvy_concat_create': (c_int, [c_void_p, POINTER(s.cvy_concat_params), POINTER(c_void_p)]),
    'cvy_copy_create': (c_int, [c_void_p, POINTER(s.cvy_copy_params), POINTER(c_void_p)]),
    'cvy_softmax_create': (c_int, [c_void_p, POINTER(s.cvy_softmax_params), POINTER(c_void_p)]),
    'cvy_batch_norm_create':
        (c_int, [c_void_p, POINTER(s.cvy_batch_norm_params), POINTER(c_void_p)]),
    'cvy_instance_norm_create':
        (c_int, [c_void_p, POINTER(s.cvy_instance_norm_params), POINTER(c_void_p)]),
    'cvy_lrn_create': (c_int, [c_void_p, POINTER(s.cvy_lrn_params), POINTER(c_void_p)]),
    'cvy_unary_create': (c_int, [c_void_p, POINTER(s.cvy_unary_params), POINTER(c_void_p)]),
    'cvy_binary_create': (c_int, [c_void_p, POINTER(s.cvy_binary_params), POINTER(c_void_p)]),
    'cvy_where_create': (c_int, [c_void_p, POINTER(s.cvy_where_params), POINTER(c_void_p)]),
    'cvy_cast_create': (c_int, [c_void_p, POINTER(s.cvy_cast_params), POINTER(c_void_p)]),
    'cvy_pad_create': (c_int, [c_void_p, POINTER(s.cvy_pad_params), POINTER(c_void_p)]),
    'cvy_slice_create': (c_int, [c_void_p, POINTER(s.cvy_slice_params), POINTER(c_void_p)]),
    'cvy_transpose_create': (c_int, [c_void_p, POINTER(s.cvy_transpose_params), POINTER(c_void_p)]),
    'cvy_depth_to_space_create':
        (c_int, [c_void_p, POINTER(s.cvy_block_params), POINTER(c_void_p)]),
    'cvy_space_to_depth_create':
        (c_int, [c_void_p, POINTER(s.cvy_block_params), POINTER(c_void_p)]),
    'cvy_gather_create': (c_int, [c_void_p, POINTER(s.cvy_gather_params), POINTER(c_void_p)]),
    'cvy_reduce_create': (c_int, [c_void_p, POINTER(s.cvy_reduce_params), POINTER(c_void_p)]),
    'cvy_resize_create': (c_int, [c_void_p, POINTER(s.cvy_resize_params), POINTER(c_void_p)]),
    'cvy_matmul_create': (c_int, [c_void_p, POINTER(s.cvy_matmul_params), POINTER(c_void_p)]),
    'cvy_graph_create': (c_int, [POINTER(c_void_p)]),
    'cvy_graph_destroy': (None, [POINTER(c_void_p)]),
    'cvy_graph_input': (c_int, [c_void_p, POINTER(s.cvy_graph_input_params), POINTER(c_int32)]),
    'cvy_graph_constant':
        (c_int, [c_void_p, c_char_p, POINTER(s.cvy_desc), c_void_p, POINTER(c_int32)]),
    'cvy_graph_output': (c_int, [c_void_p, c_char_p, c_int32]),
    'cvy_graph_value_info_get': (c_int, [c_void_p, c_int32, POINTER(s.cvy_value_info)]),
    'cvy_graph_info_get': (c_int, [c_void_p, POINTER(s.cvy_graph_info)]),
    'cvy_graph_input_get': (c_int, [c_void_p, c_size_t, POINTER(s.cvy_port_info)]),
    'cvy_graph_output_get': (c_int, [c_void_p, c_size_t, POINTER(s.cvy_port_info)]),
    'cvy_graph_conv':
        (c_int, [c_void_p, POINTER(s.cvy_conv_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_conv_transpose':
        (c_int, [c_void_p, POINTER(s.cvy_conv_transpose_params), POINTER(s.cvy_node),
        POINTER(c_int32)]),
    'cvy_graph_pool':
        (c_int, [c_void_p, POINTER(s.cvy_pool_params), POINTER(s.cvy_node), POINTER(c_int32),
        POINTER(c_int32)]),
    'cvy_graph_max_unpool':
        (c_int, [c_void_p, POINTER(s.cvy_max_unpool_params), POINTER(s.cvy_node),
        POINTER(c_int32)]),
    'cvy_graph_separable':
        (c_int, [c_void_p, POINTER(s.cvy_separable_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_linear':
        (c_int, [c_void_p, POINTER(s.cvy_linear_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_activation':
        (c_int, [c_void_p, POINTER(s.cvy_activation_params), POINTER(s.cvy_node),
        POINTER(c_int32)]),
    'cvy_graph_concat':
        (c_int, [c_void_p, POINTER(s.cvy_concat_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_softmax':
        (c_int, [c_void_p, POINTER(s.cvy_softmax_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_batch_norm':
        (c_int, [c_void_p, POINTER(s.cvy_batch_norm_params), POINTER(s.cvy_node),
        POINTER(c_int32)]),
    'cvy_graph_instance_norm':
        (c_int, [c_void_p, POINTER(s.cvy_instance_norm_params), POINTER(s.cvy_node),
        POINTER(c_int32)]),
    'cvy_graph_lrn':
        (c_int, [c_void_p, POINTER(s.cvy_lrn_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_unary':
        (c_int, [c_void_p, POINTER(s.cvy_unary_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_binary':
        (c_int, [c_void_p, POINTER(s.cvy_binary_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_where':
        (c_int, [c_void_p, POINTER(s.cvy_where_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_cast':
        (c_int, [c_void_p, POINTER(s.cvy_cast_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_pad':
        (c_int, [c_void_p, POINTER(s.cvy_pad_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_slice':
        (c_int, [c_void_p, POINTER(s.cvy_slice_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_transpose':
        (c_int, [c_void_p, POINTER(s.cvy_transpose_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_depth_to_space':
        (c_int, [c_void_p, POINTER(s.cvy_block_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_space_to_depth':
        (c_int, [c_void_p, POINTER(s.cvy_block_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_gather':
        (c_int, [c_void_p, POINTER(s.cvy_gather_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_reduce':
        (c_int, [c_void_p, POINTER(s.cvy_reduce_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_resize':
        (c_int, [c_void_p, POINTER(s.cvy_resize_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_matmul':
        (c_int, [c_void_p, POINTER(s.cvy_matmul_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_reshape':
        (c_int, [c_void_p, POINTER(s.cvy_reshape_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_expand':
        (c_int, [c_void_p, POINTER(s.cvy_reshape_params), POINTER(s.cvy_node), POINTER(c_int32)]),
    'cvy_graph_deferred': (c_int, [c_void_p, POINTER(s.cvy_deferred_params), POINTER(c_int32)]),
    'cvy_graph_compile':
        (c_int, [c_void_p, c_void_p, POINTER(s.cvy_network_options), POINTER(c_void_p)]),
    'cvy_network_destroy': (None, [POINTER(c_void_p)]),
    'cvy_network_info_get': (c_int, [c_void_p, POINTER(s.cvy_network_info)]),
    'cvy_network_input_get': (c_int, [c_void_p, c_size_t, POINTER(s.cvy_network_port)]),
    'cvy_network_output_get': (c_int, [c_void_p, c_size_t, POINTER(s.cvy_network_port)]),
    'cvy_network_step_get': (c_int, [c_void_p, c_size_t, POINTER(s.cvy_network_step)]),
    'cvy_network_enqueue':
        (c_int, [c_void_p, c_void_p, POINTER(s.cvy_tensor), POINTER(s.cvy_tensor),
        POINTER(s.cvy_wait), POINTER(c_void_p)]),
    'cvy_network_reserve': (c_int, [c_void_p, c_void_p]),
    'cvy_algorithm_list': (c_int, [POINTER(s.cvy_algorithm_info), c_size_t, POINTER(c_size_t)]),
    'cvy_tune': (c_int, [c_void_p, POINTER(s.cvy_tune_params), POINTER(s.cvy_tune_report)]),
    'cvy_wisdom_load': (c_int, [c_void_p, c_char_p, c_int, POINTER(s.cvy_wisdom_report)]),
    'cvy_wisdom_merge':
        (c_int, [c_void_p, c_char_p, c_size_t, c_int, POINTER(s.cvy_wisdom_report)]),
    'cvy_wisdom_save': (c_int, [c_void_p, c_char_p]),
    'cvy_wisdom_text': (c_int, [c_void_p, c_char_p, c_size_t, POINTER(c_size_t)]),
    'cvy_wisdom_clear': (c_int, [c_void_p]),
    'cvy_onnx_load': (c_int, [c_char_p, POINTER(s.cvy_onnx_options), POINTER(c_void_p)]),
    'cvy_onnx_load_memory':
        (c_int, [c_void_p, c_size_t, POINTER(s.cvy_onnx_options), POINTER(c_void_p)]),
    'cvy_onnx_inspect':
        (c_int, [c_char_p, POINTER(s.cvy_onnx_options), POINTER(POINTER(s.cvy_onnx_info)),
        POINTER(c_void_p)]),
    'cvy_onnx_info_destroy': (None, [POINTER(POINTER(s.cvy_onnx_info))]),
    'cvy_onnx_tensor_load': (c_int, [c_char_p, POINTER(s.cvy_onnx_tensor)]),
    'cvy_onnx_tensor_free': (None, [POINTER(s.cvy_onnx_tensor)]),
    'cvy_onnx_operators': (c_int, [POINTER(c_char_p), c_size_t, POINTER(c_size_t)]),
    'cvy_version': (c_char_p, []),
}
