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

// What a model has in it, whether or not it can be loaded.
class OnnxInfo : public detail::Handle<cvy_onnx_info, cvy_onnx_info_destroy> {
public:
    using Handle::Handle;
    const cvy_onnx_info *operator->() const { return get(); }
};

inline Result<OnnxInfo> inspect_onnx(const std::string &path, const cvy_onnx_options &options = {})
{
    const auto inspect = [](const char *name, const cvy_onnx_options *how, cvy_onnx_info **out)
        { return cvy_onnx_inspect(name, how, out, nullptr); };

    return detail::create<OnnxInfo>(inspect, path.c_str(), &options);
}

}}  // namespace convoy

#endif
