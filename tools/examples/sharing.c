// An application that has OpenCL already: Convoy works in its cl_context, on its command queue and
// its cl_mem, between two of its own kernels. Nothing is copied, and nothing waits before the end.
// The kernels draw a line of dots and say where light fell; between them, Convoy blurs.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <convoy/convoy.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 64, HEIGHT = 17, TAPS = 9 };

static const char *source =
    "kernel void dots(global float *image, int width) {\n"
    "    int x = get_global_id(0), y = get_global_id(1);\n"
    "    image[y * width + x] = x % 12 == 6 && y == 8 ? 400.0f : 0.0f;\n"
    "}\n"
    "kernel void shade(global const float *image, global char *text, int width) {\n"
    "    int x = get_global_id(0), y = get_global_id(1);\n"
    "    float light = image[y * width + x];\n"
    "    text[y * width + x] = light > 6 ? '#' : light > 3 ? 'o' : light > 1 ? '.' : ' ';\n"
    "}\n";

static void check(cvy_status status)
{
    if (status == CVY_OK)
        return;
    fprintf(stderr, "sharing: %s: %s\n", cvy_status_name(status), cvy_error_text());
    exit(status == CVY_ERR_NO_DEVICE ? 3 : 1);
}

static void check_cl(cl_int code, const char *what)
{
    if (code == CL_SUCCESS)
        return;
    fprintf(stderr, "sharing: %s: OpenCL error %d\n", what, code);
    exit(code == CL_DEVICE_NOT_FOUND || code == -1001 ? 3 : 1);     // -1001: no platform
}

// One of the application's own kernels, over the whole image.
static void launch(cl_command_queue queue, cl_kernel kernel)
{
    const size_t size[2] = { WIDTH, HEIGHT };

    check_cl(clEnqueueNDRangeKernel(queue, kernel, 2, NULL, size, NULL, 0, NULL, NULL), "launch");
}

int main(void)
{
    const cl_int width = WIDTH;
    const size_t bytes = WIDTH * HEIGHT * sizeof(float);
    cl_platform_id platform;
    cl_device_id device;
    cl_int code;
    float gauss[TAPS][TAPS];
    char text[HEIGHT][WIDTH];

    // The application's own objects. It has them anyway.
    check_cl(clGetPlatformIDs(1, &platform, NULL), "clGetPlatformIDs");
    check_cl(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "clGetDeviceIDs");
    cl_context cl = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    check_cl(code, "clCreateContext");
    cl_command_queue commands = clCreateCommandQueue(cl, device, 0, &code);
    check_cl(code, "clCreateCommandQueue");
    cl_program program = clCreateProgramWithSource(cl, 1, &source, NULL, &code);
    check_cl(clBuildProgram(program, 1, &device, "", NULL, NULL), "clBuildProgram");
    cl_kernel dots = clCreateKernel(program, "dots", &code);
    cl_kernel shade = clCreateKernel(program, "shade", &code);
    cl_mem image = clCreateBuffer(cl, CL_MEM_READ_WRITE, bytes, NULL, &code);
    cl_mem blurred = clCreateBuffer(cl, CL_MEM_READ_WRITE, bytes, NULL, &code);
    cl_mem shades = clCreateBuffer(cl, CL_MEM_READ_WRITE, sizeof text, NULL, &code);
    check_cl(code, "clCreateBuffer");
    clSetKernelArg(dots, 0, sizeof image, &image);
    clSetKernelArg(dots, 1, sizeof width, &width);
    clSetKernelArg(shade, 0, sizeof blurred, &blurred);
    clSetKernelArg(shade, 1, sizeof shades, &shades);
    clSetKernelArg(shade, 2, sizeof width, &width);

    // Convoy's handles for them. Each retains what it wraps, until it is destroyed.
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_buffer *src = NULL, *dst = NULL, *weights = NULL;
    cvy_plan *blur = NULL;
    check(cvy_context_create(&(cvy_context_params) {
        .cl_context = cl, .cl_device = device, .compile = CVY_COMPILE_LAZY }, &context));
    check(cvy_queue_create(context, &(cvy_queue_params) { .cl_queue = commands }, &queue));
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .cl_mem = image }, &src));
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .cl_mem = blurred }, &dst));
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof gauss }, &weights));
    check(cvy_conv_create(context, &(cvy_conv_params) {
        .src = cvy_nchw(CVY_F32, 1, 1, HEIGHT, WIDTH), .out_channels = 1,
        .kernel_size = { TAPS, TAPS }, .padding = { TAPS / 2, TAPS / 2 } }, &blur));
    for (int i = 0; i < TAPS * TAPS; i++) {
        const int x = i % TAPS - TAPS / 2, y = i / TAPS - TAPS / 2;
        gauss[i / TAPS][i % TAPS] = expf((float)-(x * x + y * y) / 8.0f) / (8.0f * 3.14159265f);
    }
    check(cvy_queue_write(queue, (cvy_tensor) { weights, 0 }, gauss, sizeof gauss, NULL, NULL));

    // Kernel, plan, kernel: one in-order queue, so each sees what the one before has written.
    launch(commands, dots);
    check(cvy_plan_enqueue(blur, queue, &(cvy_args) {
        .src = { src, 0 }, .weights = { weights, 0 }, .dst = { dst, 0 } }, NULL, NULL));
    launch(commands, shade);
    check_cl(clEnqueueReadBuffer(commands, shades, CL_TRUE, 0, sizeof text, text, 0, NULL, NULL),
             "clEnqueueReadBuffer");
    for (int y = 0; y < HEIGHT; y++)
        printf("%.*s\n", WIDTH, text[y]);
    return text[8][6] == '#' && text[0][0] == ' ' ? 0 : 1;  // the handles go with the process
}
