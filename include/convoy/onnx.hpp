// ONNX models for convoy.hpp: link libconvoy-onnx and libconvoy. onnx.h says more.
#ifndef CONVOY_ONNX_HPP
#define CONVOY_ONNX_HPP

#include <convoy/convoy.hpp>
#include <convoy/onnx.h>

namespace convoy { inline namespace CONVOY_MODE {

inline Result<Graph> load_onnx(const std::string &path, const cvy_onnx_options &options = {})
{
    return detail::create<Graph>(cvy_onnx_load, path.c_str(), &options);
}

// From memory, which is not needed afterwards.
inline Result<Graph> load_onnx(const void *data, size_t bytes, const cvy_onnx_options &options = {})
{
    return detail::create<Graph>(cvy_onnx_load_memory, data, bytes, &options);
}

}}  // namespace convoy

#endif
