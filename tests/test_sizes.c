// The helpers that need no device: output sizes agree with counting windows, and descriptions with
// counting elements.
#include <convoy/convoy.h>

#include <criterion/criterion.h>

#define P31 (INT64_C(1) << 31)
#define P32 (INT64_C(1) << 32)
#define P62 (INT64_C(1) << 62)

// Windows that lie in the padded input whole; with ceil, also one that starts in input or begin
// padding and ends behind the end.
static int64_t count_windows(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                             int64_t begin, int64_t end, bool ceil)
{
    int64_t padded = begin + in + end, start = 0, count = 0, last = -1;

    for (; start + dilation * (kernel - 1) < padded; start += stride) {
        last = start + dilation * (kernel - 1);
        count++;
    }
    return count + (ceil && count > 0 && last < padded - 1 && start < begin + in);
}

// One more than the last place that a tap reaches, with padding taken off.
static int64_t count_transposed(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                                int64_t begin, int64_t end, int64_t output_padding)
{
    int64_t last = -1;

    for (int64_t i = 0; i < in; i++)
        for (int64_t k = 0; k < kernel; k++)
            if (i * stride + k * dilation > last)
                last = i * stride + k * dilation;
    return last + 1 + output_padding - begin - end;
}

// A size below 1 only says that no window fits.
static int64_t at_least_0(int64_t size)
{
    return size < 0 ? 0 : size;
}

static void expect_sizes(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                         int64_t begin, int64_t end)
{
    for (int ceil = 0; ceil < 2; ceil++)
        cr_assert_eq(at_least_0(cvy_pool_output_size(in, kernel, stride, dilation, begin, end,
                                                     ceil)),
                     count_windows(in, kernel, stride, dilation, begin, end, ceil),
                     "pool in %d kernel %d stride %d dilation %d padding %d %d ceil %d", (int)in,
                     (int)kernel, (int)stride, (int)dilation, (int)begin, (int)end, ceil);
    cr_assert_eq(at_least_0(cvy_conv_output_size(in, kernel, stride, dilation, begin, end)),
                 count_windows(in, kernel, stride, dilation, begin, end, false),
                 "conv in %d kernel %d stride %d dilation %d padding %d %d", (int)in, (int)kernel,
                 (int)stride, (int)dilation, (int)begin, (int)end);
    for (int64_t more = 0; more < 3 && in > 0; more++)
        cr_assert_eq(cvy_conv_transpose_output_size(in, kernel, stride, dilation, begin, end, more),
                     count_transposed(in, kernel, stride, dilation, begin, end, more),
                     "transposed in %d kernel %d stride %d dilation %d padding %d %d", (int)in,
                     (int)kernel, (int)stride, (int)dilation, (int)begin, (int)end);
}

Test(sizes, output_sizes_agree_with_counting_windows)
{
    for (int64_t in = 0; in <= 9; in++)
        for (int64_t kernel = 1; kernel <= 4; kernel++)
            for (int64_t stride = 1; stride <= 4; stride++)
                for (int64_t dilation = 1; dilation <= 3; dilation++)
                    for (int64_t begin = 0; begin <= 3; begin++)
                        for (int64_t end = 0; end <= 3; end++)
                            expect_sizes(in, kernel, stride, dilation, begin, end);
}

Test(sizes, output_sizes_beyond_64_bits_or_below_their_least_are_int64_min)
{
    cr_expect_eq(cvy_conv_output_size(INT64_MAX, 1, 1, 1, 1, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(8, P62, 1, 4, 0, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(8, 3, 1, 1, P62, P62), INT64_MIN);
    cr_expect_eq(cvy_pool_output_size(8, INT64_MAX, 1, INT64_MAX, 0, 0, true), INT64_MIN);
    cr_expect_eq(cvy_conv_transpose_output_size(P62, 1, 4, 1, 0, 0, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_transpose_output_size(8, 3, P62, 1, 0, 0, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(-1, 3, 1, 1, 0, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(8, 0, 1, 1, 0, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(8, 3, 0, 1, 0, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(8, 3, 1, 0, 0, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(8, 3, 1, 1, -1, 0), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(8, 3, 1, 1, 0, -1), INT64_MIN);
    cr_expect_eq(cvy_conv_transpose_output_size(8, 3, 1, 1, 0, 0, -1), INT64_MIN);
    cr_expect_eq(cvy_conv_output_size(INT64_MAX, 1, 1, 1, 0, 0), INT64_MAX);
}

Test(sizes, bytes_and_elements_of_descriptions)
{
    cvy_desc strided = { CVY_F32, CVY_NCHW, 4, { 2, 3, 4, 5 }, { 100, 30, 6, 1 } };
    cvy_desc many = cvy_nc(CVY_F32, P32, P32), wide = cvy_nc(CVY_F32, P31, P31);
    cvy_desc dense = cvy_nhwc(CVY_F16, 2, 4, 5, 3), none = cvy_nc(CVY_F32, 0, 4);
    cvy_desc unknown = { (cvy_dtype)77, CVY_NCHW, 1, { 1 }, { 0 } };

    cr_expect_eq(cvy_desc_elements(&strided), 120);
    cr_expect_eq(cvy_desc_bytes(&strided), 4 * (100 + 2 * 30 + 3 * 6 + 4 + 1));
    cr_expect_eq(cvy_desc_bytes(&dense), 2 * 120);
    cr_expect_eq(cvy_desc_bytes(&many), 0);
    cr_expect_eq(cvy_desc_elements(&many), -1);
    cr_expect_eq(cvy_desc_elements(&wide), P62);
    cr_expect_eq(cvy_desc_bytes(&wide), 0);
    cr_expect_eq(cvy_desc_bytes(&none), 0);
    cr_expect_eq(cvy_desc_elements(&none), 0);
    cr_expect_eq(cvy_desc_bytes(&unknown), 0);
    cr_expect_eq(cvy_desc_bytes(NULL), 0);
    cr_expect_eq(cvy_desc_elements(NULL), -1);
    cr_expect_eq(cvy_dtype_bytes((cvy_dtype)-1), 0);
}
