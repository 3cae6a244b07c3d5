#include "Capabilities.h"

#include <string.h>
#include <unistd.h>

#include "CNCurses.h"

// These last: <term.h> makes macros of everyday words.
#include <curses.h>
#include <term.h>

static bool is_present(const char *capability) { return capability != NULL && capability != (char *)-1; }

enum terminal_type_state terminal_look_up(const char *type, int *colors) {
  int error = 0;
  *colors = 0;
  TERMINAL *before = set_curterm(NULL);
  enum terminal_type_state state = TERMINAL_TYPE_UNKNOWN;
  if (setupterm(type, STDOUT_FILENO, &error) == OK) {
    int count = tigetnum("colors");
    *colors = count > 0 ? count : 0;
    state = is_present(tigetstr("cup")) && is_present(tigetstr("clear")) ? TERMINAL_TYPE_USABLE
                                                                           : TERMINAL_TYPE_NO_CURSOR;
    del_curterm(cur_term);
  }
  set_curterm(before);
  return state;
}

bool capability_begins(const char *name, const char *bytes) {
  const char *value = tigetstr((char *)name);
  return is_present(value) && strncmp(value, bytes, strlen(bytes)) == 0;
}

static char *target;
static size_t target_size;
static size_t target_count;

static int collect(int byte) {
  if (target_count < target_size) target[target_count++] = (char)byte;
  return byte;
}

static void collect_capability(const char *name) {
  char *value = tigetstr((char *)name);
  if (is_present(value)) tputs(value, 1, collect);
}

size_t capability_reset_bytes(char *bytes, size_t size) {
  target = bytes;
  target_size = size;
  target_count = 0;
  collect_capability("sgr0");
  collect_capability("op");
  collect_capability("clear");
  collect_capability("rmkx");
  collect_capability("cnorm");
  collect_capability("rmcup");
  if (!is_present(tigetstr("rmcup"))) {
    collect('\r');
    collect('\n');
  }
  return target_count;
}
