// See digits_sheet.h.
#include "digits_sheet.h"
#include "example.h"
#include "image.h"
#include <stdio.h>

void sheet_load(const char *file, float images[IMAGES][SIDE][SIDE])
{
    char error[IMAGE_ERROR];
    struct image sheet;

    REQUIRE(image_load(file, 1, &sheet, error), 4, "%s: %s", file, error);
    REQUIRE(sheet.width == COLUMNS * SIDE && sheet.height == CLASSES * SIDE, 4, "%s: wrong size",
            file);
    for (int i = 0; i < IMAGES; i++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                const int row = i / COLUMNS * SIDE + y, column = i % COLUMNS * SIDE + x;
                images[i][y][x] = (float)sheet.pixels[row * sheet.width + column] / 255.0f;
            }
    image_free(&sheet);
}

int sheet_report(float images[IMAGES][SIDE][SIDE], float scores[IMAGES][CLASSES])
{
    int answers[IMAGES] = { 0 }, right = 0;
    int shown[4] = { 2 * COLUMNS, 3 * COLUMNS, 5 * COLUMNS, 8 * COLUMNS };

    for (int i = 0; i < IMAGES; i++) {
        for (int k = 1; k < CLASSES; k++)
            if (scores[i][k] > scores[i][answers[i]])
                answers[i] = k;
        right += answers[i] == i / COLUMNS;
        if (answers[i] != i / COLUMNS)
            shown[3] = i;
    }
    for (int y = 0; y < SIDE; y += 2, putchar('\n'))
        for (int x = 0; x < 4 * SIDE; x++) {
            float (*image)[SIDE] = images[shown[x / SIDE]];
            const float shade = (image[y][x % SIDE] + image[y + 1][x % SIDE]) / 2;
            putchar(" .:-=+*#%@"[(int)(shade * 9.99f)]);
        }
    for (int i = 0; i < 4; i++)
        printf("    read %d, is %d    ", answers[shown[i]], shown[i] / COLUMNS);
    printf("\n%d of %d held-back digits right (%.1f %%)\n", right, IMAGES, 100.0 * right / IMAGES);
    return right;
}
