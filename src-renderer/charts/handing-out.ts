/** Files that the window makes and the user keeps. */

/** Offers a file for saving; the host's own dialog or download folder takes it. */
export function handOut(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by the next turn; some hosts read the blob only then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A file name from a run's title. */
export function fileStem(title: string): string {
  const stem = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return stem.slice(0, 60) || 'run';
}

/** Charts one below the other, each under its title, as one picture. */
export function pictureOf(
  charts: readonly {
    title: string;
    canvas: HTMLCanvasElement;
    legend: readonly { name: string; colour: string }[];
  }[],
  colours: { ground: string; ink: string },
): Promise<Blob | null> {
  const ratio = window.devicePixelRatio;
  const [titlePx, marginPx] = [30 * ratio, 16 * ratio];
  const picture = document.createElement('canvas');
  picture.width = Math.max(...charts.map(({ canvas }) => canvas.width), 1) + 2 * marginPx;
  picture.height = charts.reduce((sum, { canvas }) => sum + canvas.height + titlePx, 2 * marginPx);
  const context = picture.getContext('2d');
  if (!context) return Promise.resolve(null);
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, picture.width, picture.height);
  let y = marginPx;
  for (const { title, canvas, legend } of charts) {
    context.fillStyle = colours.ink;
    context.font = `600 ${14 * ratio}px 'Inter Variable', sans-serif`;
    context.textBaseline = 'middle';
    context.fillText(title, marginPx, y + titlePx / 2);
    let x = marginPx + context.measureText(title).width + 20 * ratio;
    context.font = `400 ${13 * ratio}px 'Inter Variable', sans-serif`;
    for (const { name, colour } of legend) {
      context.fillStyle = colour;
      context.fillRect(x, y + titlePx / 2 - 4 * ratio, 8 * ratio, 8 * ratio);
      context.fillStyle = colours.ink;
      context.fillText(name, x + 13 * ratio, y + titlePx / 2);
      x += context.measureText(name).width + 30 * ratio;
    }
    context.drawImage(canvas, marginPx, y + titlePx);
    y += titlePx + canvas.height;
  }
  return new Promise((resolve) => picture.toBlob(resolve, 'image/png'));
}
