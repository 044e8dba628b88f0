// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines that are wider than the terminal, folded between columns or words.  In
 * a pipe or a file they are what scripts have always read: one line each.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "print.h"

#define TAB	8

static char *text;
static size_t text_len;

/* Asked each time, for a terminal may be resized; 0 if it is none */
static size_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

/* The column behind @len bytes at @s that begin at @col */
static size_t column(size_t col, const char *s, size_t len)
{
	for (; len; len--)
		col = *s++ == '\t' ? (col / TAB + 1) * TAB : col + 1;
	return col;
}

/*
 * What is between two separators is a piece.  In front of it is what separates
 * it from the one before: blanks to fill the column, and the separator.
 */
static void put_folded(const char *line, char separator, size_t width)
{
	const char *piece = line, *gap = line, *next, *end;
	size_t col = 0;

	while (piece) {
		next = strchr(piece, separator);
		end = next ? next : piece + strlen(piece);
		while (end > piece && end[-1] == ' ')
			end--;
		col = column(col, gap, piece - gap);
		if (piece > gap && column(col, piece, end - piece) > width) {
			fputs("\n\t", stdout);
			col = TAB;
		} else {
			fwrite(gap, 1, piece - gap, stdout);
		}
		fwrite(piece, 1, end - piece, stdout);
		col = column(col, piece, end - piece);
		gap = end;
		piece = next ? next + 1 : NULL;
	}
	putchar('\n');
}

/**
 * fold_begin() - begin a line
 *
 * Return: where to print it, without a newline.
 */
FILE *fold_begin(void)
{
	FILE *to = open_memstream(&text, &text_len);

	if (!to)
		err(1, NULL);
	return to;
}

/**
 * fold_end() - show the line
 * @to: of fold_begin()
 * @separator: where it may be folded: a tab for columns, a blank for words
 */
void fold_end(FILE *to, char separator)
{
	size_t width = terminal_width();

	if (fclose(to))
		err(1, NULL);
	if (width && column(0, text, text_len) > width)
		put_folded(text, separator, width);
	else
		puts(text);
	free(text);
}
