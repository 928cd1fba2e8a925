/** The 95 % interval of a share by Wilson (1927): honest with few cases, and never outside 0 to 1. */
const Z = 1.959964;

export interface Share { share: number; low: number; high: number }

export function wilson(hits: number, of: number): Share | undefined {
  if (of <= 0) return undefined;
  const p = hits / of, n = of, middle = p + Z ** 2 / (2 * n), spread = Z * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2)), scale = 1 + Z ** 2 / n;
  return { share: p, low: Math.max(0, (middle - spread) / scale), high: Math.min(1, (middle + spread) / scale) };
}
