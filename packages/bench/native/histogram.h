/* Counts of durations in buckets less than 1 % wide: exact below 128 ns, then 128 buckets for each power of two. */
#ifndef LETHE_BENCH_HISTOGRAM_H
#define LETHE_BENCH_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define BUCKET_BITS 7
#define BUCKETS ((64 - BUCKET_BITS + 1) << BUCKET_BITS)

struct histogram {
  uint64_t counts[BUCKETS];
};

static inline void record(struct histogram *h, uint64_t ns) {
  unsigned index = (unsigned)ns;
  if (ns >= 1u << BUCKET_BITS) {
    int shift = 63 - __builtin_clzll(ns) - BUCKET_BITS;
    index = ((unsigned)(shift + 1) << BUCKET_BITS) + (unsigned)((ns >> shift) & ((1u << BUCKET_BITS) - 1));
  }
  h->counts[index]++;
}

/* As JSON: pairs of bucket and count, empty buckets left out. */
static inline void print_histogram(const char *name, const struct histogram *h) {
  const char *comma = "";
  printf("\"%s\":[", name);
  for (unsigned i = 0; i < BUCKETS; i++)
    if (h->counts[i]) {
      printf("%s[%u,%lu]", comma, i, (unsigned long)h->counts[i]);
      comma = ",";
    }
  putchar(']');
}

#endif
