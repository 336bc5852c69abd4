/** A rising line through points, read both ways; beyond its ends it goes on as steeply as it did on the whole. Pure. */
export class Curve {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly #slope: number;

  /** At least two points; `xs` strictly rising, `ys` rising. */
  constructor(xs: readonly number[], ys: readonly number[]) {
    this.xs = xs;
    this.ys = ys;
    const [x1 = 0, x2 = 1] = [xs[0], xs.at(-1)];
    const [y1 = 0, y2 = 1] = [ys[0], ys.at(-1)];
    this.#slope = Math.max(y2 - y1, 1e-9) / Math.max(x2 - x1, 1e-9);
  }

  y(x: number): number {
    return along(this.xs, this.ys, x, this.#slope);
  }

  x(y: number): number {
    return along(this.ys, this.xs, y, 1 / this.#slope);
  }
}

function along(from: readonly number[], to: readonly number[], at: number, slope: number): number {
  const last = from.length - 1;
  const [first = 0, end = 0] = [from[0], from[last]];
  if (at <= first) return (to[0] ?? 0) + (at - first) * slope;
  if (at >= end) return (to[last] ?? 0) + (at - end) * slope;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((from[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  const [a = 0, b = 0] = [from[low], from[high]];
  const [c = 0, d = 0] = [to[low], to[high]];
  return b === a ? c : c + ((at - a) / (b - a)) * (d - c);
}
