// Mamba2's scan. A part of KernelBodies.h.

static void NAME(scan_head)(const ck_scan *s, int64_t head) {
  const int64_t states = s->states, width = s->head_width, inner = s->heads * width;
  double *const state = s->state + head * width * states;
  memset(state, 0, (size_t)(width * states) * sizeof(double));
  for (int64_t token = 0; token < s->tokens; token++) {
    const double *row = s->x + token * s->row_stride;
    const double *x = row + head * width, *b = row + inner, *c = b + states;
    const double step = s->steps[token * s->heads + head];
    const double keep = exp(step * s->decay[head]);
    double *y = s->y + token * inner + head * width;
    for (int64_t p = 0; p < width; p++) {
      double *row_state = state + p * states;
      const double gain = step * x[p];
      NAME(wide) sums = 0;
      double sum = 0;
      int64_t n = 0;
      for (; n + WIDTH <= states; n += WIDTH) {
        NAME(wide) next = *(const NAME(wide) *)(row_state + n) * keep + gain * *(const NAME(wide) *)(b + n);
        *(NAME(wide) *)(row_state + n) = next;
        sums += next * *(const NAME(wide) *)(c + n);
      }
      for (; n < states; n++) {
        row_state[n] = row_state[n] * keep + gain * b[n];
        sum += row_state[n] * c[n];
      }
      for (int i = 0; i < WIDTH; i++) sum += sums[i];
      y[p] = sum + s->skip[head] * x[p];
    }
  }
}
