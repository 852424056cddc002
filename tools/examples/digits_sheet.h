// The sheet of digits that training never saw (DIGITS.md), and how well they were read.
#ifndef CONVOY_EXAMPLE_DIGITS_SHEET_H
#define CONVOY_EXAMPLE_DIGITS_SHEET_H

enum { SIDE = 20, CLASSES = 10, COLUMNS = 36, IMAGES = CLASSES * COLUMNS };

// The sheet has a row of images for each class. They become floats from 0, black, to 1, white.
void sheet_load(const char *file, float images[IMAGES][SIDE][SIDE]);

// The class of the highest score is the answer. Draws four images, two rows of pixels in one of
// text; the last is one read wrong, if there is one. Returns how many are right.
int sheet_report(float images[IMAGES][SIDE][SIDE], float scores[IMAGES][CLASSES]);

#endif
