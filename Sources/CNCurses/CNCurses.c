#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#include "CNCurses.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "Capabilities.h"
#include "Guard.h"

static SCREEN *screen;
// Keys are read through a pad: reading through a window would draw that window first.
static WINDOW *keyboard;
static bool asks_for_reports;
static bool has_few_pairs;

// Mouse: press and release, movement with a button held, coordinates as decimal numbers; curses itself asks for the first
// only. And pasted text between marks, so that it is not taken for keys.
static const char reports_on[] = "\033[?1000h\033[?1002h\033[?1006h\033[?2004h";
static const char reports_off[] = "\033[?2004l\033[?1006l\033[?1002l\033[?1000l";

bool terminal_set_locale(void) {
  if (setlocale(LC_CTYPE, "") == NULL) {
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int index = 0; index < 3; index++) {
      const char *value = getenv(names[index]);
      if (value == NULL || value[0] == '\0') continue;
      if (strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL) setlocale(LC_CTYPE, "C.UTF-8");
      break;
    }
  }
  return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

// The bytes that put the terminal back: for handlers, which may not call curses.
static void arm_guard(void) {
  char bytes[1024];
  size_t count = 0;
  if (asks_for_reports) {
    memcpy(bytes, reports_off, sizeof reports_off - 1);
    count = sizeof reports_off - 1;
  }
  count += capability_reset_bytes(bytes + count, sizeof bytes - count);
  guard_arm(bytes, count);
  guard_set_screen_taken(true);
}

// Keys that terminals send whatever their entry says; those of the entry go first.
static void define_common_keys(void) {
  static const struct {
    const char *bytes;
    int code;
  } keys[] = {
    {"\033[A", KEY_UP},     {"\033[B", KEY_DOWN},   {"\033[C", KEY_RIGHT},  {"\033[D", KEY_LEFT},
    {"\033OA", KEY_UP},     {"\033OB", KEY_DOWN},   {"\033OC", KEY_RIGHT},  {"\033OD", KEY_LEFT},
    {"\033[H", KEY_HOME},   {"\033[F", KEY_END},    {"\033OH", KEY_HOME},   {"\033OF", KEY_END},
    {"\033[1~", KEY_HOME},  {"\033[4~", KEY_END},   {"\033[7~", KEY_HOME},  {"\033[8~", KEY_END},
    {"\033[2~", KEY_IC},    {"\033[3~", KEY_DC},    {"\033[5~", KEY_PPAGE}, {"\033[6~", KEY_NPAGE},
    {"\033[Z", KEY_BTAB},   {"\033OM", KEY_ENTER},  {"\033OP", KEY_F(1)},   {"\033OQ", KEY_F(2)},
    {"\033OR", KEY_F(3)},   {"\033OS", KEY_F(4)},   {"\033[11~", KEY_F(1)}, {"\033[12~", KEY_F(2)},
    {"\033[13~", KEY_F(3)}, {"\033[14~", KEY_F(4)}, {"\033[15~", KEY_F(5)}, {"\033[17~", KEY_F(6)},
    {"\033[18~", KEY_F(7)}, {"\033[19~", KEY_F(8)}, {"\033[20~", KEY_F(9)}, {"\033[21~", KEY_F(10)},
    {"\033[23~", KEY_F(11)}, {"\033[24~", KEY_F(12)},
  };
  for (size_t index = 0; index < sizeof keys / sizeof keys[0]; index++) {
    if (key_defined(keys[index].bytes) == 0) define_key(keys[index].bytes, keys[index].code);
  }
}

// Codes that curses does not give away itself.
enum { sgr_mouse_code = KEY_MAX + 0x1000, x10_mouse_code, paste_begin_code, paste_end_code };

bool terminal_open(const char *type, bool with_mouse) {
  if (screen != NULL || !guard_begin(STDOUT_FILENO)) return false;
  fflush(stdout);
  screen = newterm((char *)type, stdout, stdin);
  if (screen == NULL) {
    guard_end();
    return false;
  }
  set_term(screen);
  set_escdelay(25);
  cbreak();
  noecho();
  nonl();
  intrflush(stdscr, FALSE);

  // Ctrl-C, Ctrl-S, Ctrl-Q, Ctrl-V and Ctrl-O are keys; Ctrl-Z stops and Ctrl-\ ends, by signals, even if the program
  // hangs.
  struct termios modes;
  if (tcgetattr(STDOUT_FILENO, &modes) == 0) {
    modes.c_lflag |= ISIG;
    modes.c_lflag &= ~(tcflag_t)IEXTEN;
    modes.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR);
    modes.c_cc[VINTR] = _POSIX_VDISABLE;
    tcsetattr(STDOUT_FILENO, TCSADRAIN, &modes);
    def_prog_mode();
  }

  asks_for_reports = with_mouse && capability_begins("cup", "\033[");
  arm_guard();
  keyboard = newpad(1, 1);
  keypad(keyboard, TRUE);
  nodelay(keyboard, TRUE);
  leaveok(stdscr, TRUE);
  curs_set(0);
  define_common_keys();
  define_key("\033[<", sgr_mouse_code);
  define_key("\033[M", x10_mouse_code);
  define_key("\033[200~", paste_begin_code);
  define_key("\033[201~", paste_end_code);
  refresh();
  if (asks_for_reports) guard_write(STDOUT_FILENO, reports_on, sizeof reports_on - 1);
  return true;
}

// Blanks the screen first: tmux, after a resize, and terminals without a second screen would go on showing the patient.
static void leave_screen(void) {
  if (asks_for_reports) guard_write(STDOUT_FILENO, reports_off, sizeof reports_off - 1);
  erase();
  refresh();
  endwin();
  // Mouse reports that were under way must not reach the shell.
  guard_restore_modes(TCSAFLUSH);
  guard_set_screen_taken(false);
}

void terminal_close(void) {
  if (screen == NULL) return;
  leave_screen();
  guard_end();
  delwin(keyboard);
  delscreen(screen);
  screen = NULL;
}

struct terminal_size terminal_measure(void) {
  struct winsize window = {0};
  struct terminal_size size = {COLS, LINES, 0, 0};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0) {
    size = (struct terminal_size){window.ws_col, window.ws_row, window.ws_xpixel, window.ws_ypixel};
    if (size.columns != COLS || size.rows != LINES) resize_term(size.rows, size.columns);
  }
  return size;
}

static bool set_default_colors(void) {
  // With few pairs each must count: pair 0 is then an ordinary combination, and there are pairs for all of them.
  if (has_few_pairs) {
    assume_default_colors(7, 0);
    return false;
  }
  return use_default_colors() == OK;
}

int terminal_start_color(bool *has_default) {
  *has_default = false;
  if (!has_colors() || start_color() == ERR) return 0;
  has_few_pairs = COLORS <= 16 && COLOR_PAIRS <= COLORS * COLORS;
  *has_default = set_default_colors();
  return COLOR_PAIRS;
}

bool terminal_define_pair(int pair, int foreground, int background) {
  return init_extended_pair(pair, foreground, background) == OK;
}

void terminal_forget_pairs(void) {
  reset_color_pairs();
  set_default_colors();
}

void terminal_put(int column, int row, uint32_t scalar, uint32_t style, int pair) {
  attr_t attributes = WA_NORMAL;
  if (style & TERMINAL_BOLD) attributes |= WA_BOLD;
  if (style & TERMINAL_REVERSE) attributes |= WA_REVERSE;
  if (style & TERMINAL_UNDERLINE) attributes |= WA_UNDERLINE;
  if (style & TERMINAL_DIM) attributes |= WA_DIM;
  wchar_t text[2] = {(wchar_t)scalar, L'\0'};
  cchar_t cell;
  // A pair above 32767 travels in the last argument.
  if (setcchar(&cell, text, attributes, (short)(pair & 0x7fff), &pair) == OK) mvadd_wch(row, column, &cell);
}

bool terminal_is_one_column(uint32_t scalar) { return wcwidth((wchar_t)scalar) == 1; }

void terminal_erase(void) { erase(); }

void terminal_refresh(bool whole, int column, int row) {
  bool shows_cursor = column >= 0;
  if (whole) clearok(curscr, TRUE);
  leaveok(stdscr, !shows_cursor);
  if (shows_cursor) move(row, column);
  curs_set(shows_cursor ? 1 : 0);
  refresh();
}

void terminal_suspend(void) {
  leave_screen();
  guard_stop_process();
  terminal_resume();
}

void terminal_resume(void) {
  if (!isendwin()) endwin();
  guard_set_screen_taken(true);
  reset_prog_mode();
  curs_set(0);
  clearok(curscr, TRUE);
  refresh();
  if (asks_for_reports) guard_write(STDOUT_FILENO, reports_on, sizeof reports_on - 1);
}

// Keys with Shift, Alt or Control have numbers that curses gives out as it goes; their names say what they are.
static int key_by_name(int code) {
  static const struct {
    const char *prefix;
    int key;
  } names[] = {
    {"kUP", TERMINAL_KEY_UP},       {"kDN", TERMINAL_KEY_DOWN},    {"kLFT", TERMINAL_KEY_LEFT},
    {"kRIT", TERMINAL_KEY_RIGHT},   {"kHOM", TERMINAL_KEY_HOME},   {"kEND", TERMINAL_KEY_END},
    {"kPRV", TERMINAL_KEY_PAGE_UP}, {"kNXT", TERMINAL_KEY_PAGE_DOWN}, {"kDC", TERMINAL_KEY_DELETE},
    {"kIC", TERMINAL_KEY_INSERT},
  };
  const char *name = keyname(code);
  if (name == NULL) return TERMINAL_KEY_OTHER;
  for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
    if (strncmp(name, names[index].prefix, strlen(names[index].prefix)) == 0) return names[index].key;
  }
  return TERMINAL_KEY_OTHER;
}

static int translated(int code) {
  if (code >= KEY_F(1) && code <= KEY_F(12)) return TERMINAL_KEY_F1 + (code - KEY_F(1));
  switch (code) {
    case sgr_mouse_code: return TERMINAL_KEY_MOUSE_SGR;
    case x10_mouse_code: return TERMINAL_KEY_MOUSE_X10;
    case paste_begin_code: return TERMINAL_KEY_PASTE_BEGIN;
    case paste_end_code: return TERMINAL_KEY_PASTE_END;
    case KEY_UP: case KEY_SR: return TERMINAL_KEY_UP;
    case KEY_DOWN: case KEY_SF: return TERMINAL_KEY_DOWN;
    case KEY_LEFT: case KEY_SLEFT: return TERMINAL_KEY_LEFT;
    case KEY_RIGHT: case KEY_SRIGHT: return TERMINAL_KEY_RIGHT;
    case KEY_HOME: case KEY_SHOME: case KEY_A1: case KEY_FIND: return TERMINAL_KEY_HOME;
    case KEY_END: case KEY_SEND: case KEY_C1: case KEY_SELECT: return TERMINAL_KEY_END;
    case KEY_PPAGE: case KEY_SPREVIOUS: case KEY_A3: return TERMINAL_KEY_PAGE_UP;
    case KEY_NPAGE: case KEY_SNEXT: case KEY_C3: return TERMINAL_KEY_PAGE_DOWN;
    case KEY_IC: case KEY_SIC: return TERMINAL_KEY_INSERT;
    case KEY_DC: case KEY_SDC: return TERMINAL_KEY_DELETE;
    case KEY_BACKSPACE: return TERMINAL_KEY_BACKSPACE;
    case KEY_BTAB: return TERMINAL_KEY_BACK_TAB;
    case KEY_ENTER: return TERMINAL_KEY_ENTER;
    default: return key_by_name(code);
  }
}

enum terminal_input terminal_read(uint32_t *value) {
  wint_t character = 0;
  switch (wget_wch(keyboard, &character)) {
    case OK: *value = (uint32_t)character; return TERMINAL_CHARACTER;
    case KEY_CODE_YES: *value = (uint32_t)translated((int)character); return TERMINAL_KEY;
    default: return TERMINAL_NOTHING;
  }
}

int terminal_read_byte(void) {
  int byte = wgetch(keyboard);
  return byte == ERR || byte > 255 ? -1 : byte;
}
