// JPEG with libjpeg-turbo. Errors jump: what must outlive a jump lies in a struct of the caller.
#include "image_codec.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// A progressive file can ask for any number of passes over all pixels; cameras need some ten.
enum { MOST_SCANS = 200 };
static const long most_memory = 1l << 30;

struct jpeg_work {
    struct jpeg_error_mgr errors;           // first, so that a jpeg_error_mgr * is a jpeg_work *
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf jump;
    char *error;
};

static struct jpeg_work *work_of(j_common_ptr jpeg)
{
    return (struct jpeg_work *)(void *)jpeg->err;
}

static void on_error(j_common_ptr jpeg)
{
    struct jpeg_work *work = work_of(jpeg);
    char text[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, text);
    image_fail(work->error, "damaged JPEG: %.150s", text);
    longjmp(work->jump, 1);
}

// libjpeg makes up what is missing. Oddities that lose no pixels (stray bytes between markers) are
// common in real files and stay warnings.
static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA &&
        jpeg->err->msg_code != JWRN_JFIF_MAJOR && jpeg->err->msg_code != JWRN_ADOBE_XFORM) {
        on_error(jpeg);
    }
}

static void on_progress(j_common_ptr jpeg)
{
    struct jpeg_work *work = work_of(jpeg);

    if (work->jpeg.input_scan_number > MOST_SCANS) {
        image_fail(work->error, "JPEG: more than %d scans", MOST_SCANS);
        longjmp(work->jump, 1);
    }
}

static void silent(j_common_ptr jpeg)
{
    (void)jpeg;
}

static bool read_pixels(struct jpeg_work *work, const unsigned char *file, size_t bytes,
                        struct image *out)
{
    struct jpeg_decompress_struct *jpeg = &work->jpeg;

    jpeg_create_decompress(jpeg);
    jpeg->progress = &work->progress;
    jpeg->mem->max_memory_to_use = most_memory;
    jpeg_mem_src(jpeg, file, (unsigned long)bytes);
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK) {
        return image_fail(work->error, "JPEG: CMYK colours are not supported");
    }
    if (!image_begin(out, jpeg->image_width, jpeg->image_height, work->error)) {
        return false;
    }
    jpeg->out_color_space = JCS_RGB;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = out->pixels + (size_t)jpeg->output_scanline * (size_t)out->width * 3;

        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

bool jpeg_decode(const unsigned char *file, size_t bytes, struct image *out,
                 char error[IMAGE_ERROR])
{
    struct jpeg_work *work = calloc(1, sizeof *work);
    volatile bool good = false;

    if (work == NULL) {
        return image_fail(error, "out of memory");
    }
    work->error = error;
    work->jpeg.err = jpeg_std_error(&work->errors);
    work->errors.error_exit = on_error;
    work->errors.emit_message = on_message;
    work->errors.output_message = silent;
    work->progress.progress_monitor = on_progress;
    if (setjmp(work->jump) == 0) {
        good = read_pixels(work, file, bytes, out);
    }
    jpeg_destroy_decompress(&work->jpeg);
    free(work);
    return good;
}
