/*
 * Mock provider: answers each HTTP/1.1 request on one thread, always with the same bytes.
 *
 *   mock JSON_FILE EVENTS_FILE json:PORT burst:PORT paced:PORT:FIRST_DELAY_US:SPACING_US ...
 *
 * JSON_FILE is a whole body. EVENTS_FILE holds server-sent events; the last but one carries usage and is sent only if
 * the request asked with "include_usage":true. Streams are chunked, one chunk for each event. A request that says
 * "user":"burst" is answered without any delay: gateways get warm that way.
 * Prints "ready" once it listens. Port 0 is not supported: the launcher picks free ports.
 */
#define _GNU_SOURCE
#include "chunked.h"
#include "common.h"

#define EVENTS_MAX 4096
#define CONNECTIONS_MAX 16384
#define CAPTURE_MAX 262144

enum mode { MODE_JSON, MODE_BURST, MODE_PACED };

struct port {
  int fd;
  enum mode mode;
  uint64_t first_ns, spacing_ns;
};

struct connection {
  int fd;
  struct port *port;
  char head[HEAD_MAX + 1];
  size_t head_length;
  int in_body, is_chunked, wants_usage, writing;
  size_t left;
  struct chunked chunked;
  char *capture;
  size_t captured;
  const char *out;
  size_t out_left;
  int event, pacing;          /* next event of a paced stream */
  uint64_t due_ns;
};

static struct bytes json_response, burst[2];
static struct bytes event_chunks[EVENTS_MAX];
static int events;
static const char stream_head[] =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    "x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n";
static const char last_chunk[] = "0\r\n\r\n";

static int poller, timer;
static struct connection *pacing[CONNECTIONS_MAX];
static int pacing_count;

static void append(struct bytes *to, const char *from, size_t n) {
  to->at = realloc(to->at, to->length + n);
  if (!to->at) fail("out of memory");
  memcpy(to->at + to->length, from, n);
  to->length += n;
}

static void prepare(const char *json_path, const char *events_path) {
  struct bytes json = read_whole(json_path), text = read_whole(events_path);
  char line[256];
  int n = snprintf(line, sizeof line,
                   "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: %zu\r\n\r\n",
                   json.length);
  append(&json_response, line, (size_t)n);
  append(&json_response, json.at, json.length);
  for (char *at = text.at; *at && events < EVENTS_MAX;) {
    char *end = strstr(at, "\n\n");
    if (!end) fail("an event does not end");
    size_t length = (size_t)(end + 2 - at);
    n = snprintf(line, sizeof line, "%zx\r\n", length);
    append(&event_chunks[events], line, (size_t)n);
    append(&event_chunks[events], at, length);
    append(&event_chunks[events], "\r\n", 2);
    events++;
    at = end + 2;
  }
  if (events < 3) fail("too few events");
  for (int usage = 0; usage < 2; usage++) {
    append(&burst[usage], stream_head, sizeof stream_head - 1);
    for (int i = 0; i < events; i++)
      if (usage || i != events - 2) append(&burst[usage], event_chunks[i].at, event_chunks[i].length);
    append(&burst[usage], last_chunk, sizeof last_chunk - 1);
  }
}

static void stop_pacing(struct connection *c) {
  if (!c->pacing) return;
  c->pacing = 0;
  for (int i = 0; i < pacing_count; i++)
    if (pacing[i] == c) {
      pacing[i] = pacing[--pacing_count];
      return;
    }
}

static void drop(struct connection *c) {
  stop_pacing(c);
  close(c->fd);
  free(c->capture);
  free(c);
}

/* Sends what is waiting. Returns 0 when the connection is gone. */
static int flush(struct connection *c) {
  while (c->out_left) {
    ssize_t n = send(c->fd, c->out, c->out_left, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) {
      drop(c);
      return 0;
    }
    if (n < 0) break;
    c->out += n;
    c->out_left -= (size_t)n;
  }
  int writing = c->out_left > 0;
  if (writing != c->writing) {
    struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
    c->writing = writing;
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e);
  }
  return 1;
}

static int answer(struct connection *c) {
  if (c->port->mode == MODE_JSON) {
    c->out = json_response.at;
    c->out_left = json_response.length;
    return flush(c);
  }
  c->wants_usage = memmem(c->capture, c->captured, "\"include_usage\":true", 20) != NULL ||
                   memmem(c->capture, c->captured, "\"include_usage\": true", 21) != NULL;
  int hurry = memmem(c->capture, c->captured, "\"user\":\"burst\"", 14) != NULL ||
              memmem(c->capture, c->captured, "\"user\": \"burst\"", 15) != NULL;
  if (c->port->mode == MODE_BURST || hurry) {
    c->out = burst[c->wants_usage].at;
    c->out_left = burst[c->wants_usage].length;
    return flush(c);
  }
  c->event = -1;
  c->due_ns = now_ns() + c->port->first_ns;
  if (!c->pacing && pacing_count < CONNECTIONS_MAX) {
    c->pacing = 1;
    pacing[pacing_count++] = c;
  }
  return 1;
}

/* Sends the events that are due; the head goes with the first. Returns 0 when the connection is gone. */
static int pace(struct connection *c, uint64_t now) {
  static const struct bytes head = {(char *)stream_head, sizeof stream_head - 1};
  static const struct bytes end = {(char *)last_chunk, sizeof last_chunk - 1};
  while (c->pacing && c->due_ns <= now) {
    if (c->event == events - 2 && !c->wants_usage) c->event++;
    struct iovec parts[2];
    int first = c->event < 0;
    int at = first ? 0 : c->event;
    int last = at == events - 1;
    struct bytes own = event_chunks[at];
    parts[0] = first ? (struct iovec){head.at, head.length} : (struct iovec){own.at, own.length};
    parts[1] = first ? (struct iovec){own.at, own.length} : (struct iovec){end.at, end.length};
    ssize_t expected = (ssize_t)(parts[0].iov_len + (first || last ? parts[1].iov_len : 0));
    if (writev(c->fd, parts, first || last ? 2 : 1) != expected) {
      /* A reader so slow is no part of any cell. */
      drop(c);
      return 0;
    }
    c->event = at + 1;
    c->due_ns += c->port->spacing_ns;
    if (last) stop_pacing(c);
  }
  return 1;
}

static void keep(struct connection *c, const char *from, size_t n) {
  if (c->port->mode == MODE_JSON) return;
  if (!c->capture && !(c->capture = malloc(CAPTURE_MAX))) fail("out of memory");
  if (n > CAPTURE_MAX - c->captured) n = CAPTURE_MAX - c->captured;
  memcpy(c->capture + c->captured, from, n);
  c->captured += n;
}

/* Reads a head up to its empty line. Returns the bytes consumed, or -1 when it cannot be one. */
static ssize_t take_head(struct connection *c, const char *in, size_t n) {
  size_t before = c->head_length;
  size_t take = n < HEAD_MAX - before ? n : HEAD_MAX - before;
  memcpy(c->head + before, in, take);
  c->head[before + take] = 0;
  char *end = strstr(c->head + (before > 3 ? before - 3 : 0), "\r\n\r\n");
  if (!end) {
    c->head_length = before + take;
    return c->head_length == HEAD_MAX ? -1 : (ssize_t)take;
  }
  size_t whole = (size_t)(end + 4 - c->head);
  c->head[whole] = 0;
  const char *length = header(c->head, "content-length");
  const char *coding = header(c->head, "transfer-encoding");
  c->is_chunked = coding && strncasecmp(coding, "chunked", 7) == 0;
  c->left = length ? strtoull(length, NULL, 10) : 0;
  memset(&c->chunked, 0, sizeof c->chunked);
  c->captured = 0;
  c->head_length = 0;
  c->in_body = 1;
  return (ssize_t)(whole - before);
}

/* Feeds what was read. Returns 0 when the connection is gone. */
static int feed(struct connection *c, const char *in, size_t n) {
  for (;;) {
    if (!c->in_body) {
      if (n == 0) return 1;
      ssize_t took = take_head(c, in, n);
      if (took < 0) {
        drop(c);
        return 0;
      }
      in += took;
      n -= (size_t)took;
      if (!c->in_body) continue;
    }
    size_t took;
    int whole;
    if (c->is_chunked) {
      const char *payload = in;
      size_t length = 0;
      took = chunked_next(&c->chunked, in, n, &payload, &length);
      if (length) keep(c, payload, length);
      whole = c->chunked.state == CHUNK_DONE;
    } else {
      took = n < c->left ? n : c->left;
      if (took) keep(c, in, took);
      c->left -= took;
      whole = c->left == 0;
    }
    in += took;
    n -= took;
    if (whole) {
      c->in_body = 0;
      if (!answer(c)) return 0;
    } else if (n == 0) return 1;
  }
}

static void readable(struct connection *c) {
  static char buffer[262144];
  ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) drop(c);
  else feed(c, buffer, (size_t)n);
}

static void listen_on(struct port *p, const char *text) {
  int number = 0, on = 1;
  unsigned long long first_us = 0, spacing_us = 0;
  if (sscanf(text, "json:%d", &number) == 1) p->mode = MODE_JSON;
  else if (sscanf(text, "burst:%d", &number) == 1) p->mode = MODE_BURST;
  else if (sscanf(text, "paced:%d:%llu:%llu", &number, &first_us, &spacing_us) == 3) p->mode = MODE_PACED;
  else fail("a port is described wrongly");
  p->first_ns = first_us * 1000;
  p->spacing_ns = spacing_us * 1000;
  p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = loopback(number);
  if (bind(p->fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(p->fd, 4096) < 0) fail("a port is taken");
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
  epoll_ctl(poller, EPOLL_CTL_ADD, p->fd, &e);
}

static void accept_all(struct port *p) {
  for (;;) {
    int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    no_delay(fd);
    struct connection *c = calloc(1, sizeof *c);
    if (!c) fail("out of memory");
    c->fd = fd;
    c->port = p;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
  }
}

/* Sends every event that is due and arms the timer for the next. */
static void tick(void) {
  uint64_t now = now_ns(), next = 0;
  for (int i = pacing_count - 1; i >= 0; i--) pace(pacing[i], now);
  for (int i = 0; i < pacing_count; i++)
    if (next == 0 || pacing[i]->due_ns < next) next = pacing[i]->due_ns;
  arm(timer, next);
}

int main(int argc, char **argv) {
  static struct port ports[16];
  int count = argc - 3;
  if (count < 1 || count > 16) fail("usage: mock JSON_FILE EVENTS_FILE MODE:PORT...");
  end_with_parent();
  prepare(argv[1], argv[2]);
  poller = epoll_create1(EPOLL_CLOEXEC);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  for (int i = 0; i < count; i++) listen_on(&ports[i], argv[3 + i]);
  struct epoll_event timer_event = {.events = EPOLLIN, .data.ptr = &timer};
  epoll_ctl(poller, EPOLL_CTL_ADD, timer, &timer_event);
  puts("ready");
  fflush(stdout);
  static struct epoll_event ready[512];
  for (;;) {
    int n = epoll_wait(poller, ready, 512, -1);
    for (int i = 0; i < n; i++) {
      void *who = ready[i].data.ptr;
      if (who == &timer) {
        uint64_t expirations;
        if (read(timer, &expirations, sizeof expirations) < 0) continue;
      } else if ((struct port *)who >= ports && (struct port *)who < ports + 16) accept_all(who);
      else if (ready[i].events & EPOLLOUT) {
        if (flush(who) && ready[i].events & EPOLLIN) readable(who);
      } else readable(who);
    }
    if (pacing_count) tick();
  }
}
