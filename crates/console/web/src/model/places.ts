/** Where spaces are: middles of geometries and distances between them. */
import type { SpaceFeature } from '../api/types';

const EARTH_RADIUS_M = 6_371_000;

/** The middle of a geometry's positions: longitude and latitude. */
export function middle(geometry: SpaceFeature['geometry']): [number, number] | undefined {
  let lon = 0, lat = 0, count = 0;
  const visit = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    const [first, second] = part as unknown[];
    if (typeof first === 'number' && typeof second === 'number') { lon += first; lat += second; count += 1; } else part.forEach(visit);
  };
  visit(geometry?.coordinates);
  return count ? [lon / count, lat / count] : undefined;
}

/** Metres between two places, good enough within a city. */
export function distance([lonA, latA]: [number, number], [lonB, latB]: [number, number]): number {
  const radians = Math.PI / 180, x = (lonB - lonA) * radians * Math.cos(((latA + latB) / 2) * radians), y = (latB - latA) * radians;
  return Math.hypot(x, y) * EARTH_RADIUS_M;
}

/** The spaces nearest to one, without itself. */
export function nearest(spaces: SpaceFeature[], id: string, most: number): { space: SpaceFeature; distance_m: number }[] {
  const own = spaces.find(space => space.id === id), from = own && middle(own.geometry);
  if (!from) return [];
  const others = spaces.flatMap(space => {
    const to = space.id === id ? undefined : middle(space.geometry);
    return to ? [{ space, distance_m: distance(from, to) }] : [];
  });
  return others.sort((a, b) => a.distance_m - b.distance_m).slice(0, most);
}

/** West, south, east, north of all places. */
export function bounds(spaces: SpaceFeature[]): [number, number, number, number] | undefined {
  const places = spaces.flatMap(space => middle(space.geometry) ?? []);
  if (!places.length) return undefined;
  const lons = places.filter((_, index) => index % 2 === 0), lats = places.filter((_, index) => index % 2 === 1);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}
