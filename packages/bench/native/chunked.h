/* Chunked transfer coding, read in pieces. */
#ifndef LETHE_BENCH_CHUNKED_H
#define LETHE_BENCH_CHUNKED_H

#include <stddef.h>

enum chunk_state { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, CHUNK_DONE, CHUNK_BROKEN };

struct chunked {
  enum chunk_state state;
  size_t left;         /* bytes of the current chunk, or its size so far */
  size_t line;         /* characters of the current trailer line */
};

static inline int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads from `in` up to the end of one piece of payload. Returns the bytes consumed; *payload and *length are the
 * payload among them (length 0: none). */
static inline size_t chunked_next(struct chunked *c, const char *in, size_t n, const char **payload, size_t *length) {
  size_t i = 0;
  *length = 0;
  while (i < n && c->state != CHUNK_DONE && c->state != CHUNK_BROKEN) {
    char ch = in[i];
    switch (c->state) {
      case CHUNK_SIZE: {
        int digit = hex_digit(ch);
        i++;
        if (digit >= 0 && c->left < ((size_t)1 << 40)) c->left = c->left * 16 + (size_t)digit;
        else if (ch == '\n') { c->line = 0; c->state = c->left ? CHUNK_DATA : CHUNK_TRAILER; }
        else if (ch == ';' || ch == '\r') c->state = CHUNK_EXTENSION;
        else c->state = CHUNK_BROKEN;
        break;
      }
      case CHUNK_EXTENSION:
        i++;
        if (ch == '\n') { c->line = 0; c->state = c->left ? CHUNK_DATA : CHUNK_TRAILER; }
        break;
      case CHUNK_DATA: {
        size_t take = n - i < c->left ? n - i : c->left;
        *payload = in + i;
        *length = take;
        c->left -= take;
        if (c->left == 0) c->state = CHUNK_DATA_END;
        return i + take;
      }
      case CHUNK_DATA_END:
        i++;
        if (ch == '\n') c->state = CHUNK_SIZE;
        break;
      case CHUNK_TRAILER:
        i++;
        if (ch == '\n') {
          if (c->line == 0) c->state = CHUNK_DONE;
          c->line = 0;
        } else if (ch != '\r') c->line++;
        break;
      default:
        break;
    }
  }
  return i;
}

#endif
