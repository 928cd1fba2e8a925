/**
 * MapLibre behind a small door: spaces as shapes and marks, a base map only if the centre configured a PMTiles file of its own.
 * No tile, font or sprite comes from anywhere else; the marks are drawn here.
 */
import * as maplibre from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import type { Severity, SpaceFeature } from '../api/types';
import { bounds, middle } from '../model/places';

maplibre.setWorkerUrl(workerUrl);

export type PlaceState = Severity | 'over' | 'calm';
export interface Place { space: SpaceFeature; state: string; open: number; isChosen: boolean }

/** Outlines in a square of 24, the same as in the list. */
const SHAPES: Record<string, string> = {
  critical: 'M8 2h8l6 6v8l-6 6H8l-6-6V8z',
  high: 'M12 2.5 22.5 21h-21z',
  medium: 'M12 2 22 12 12 22 2 12z',
  low: 'M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0z',
  informational: 'M4.5 9.5h15v5h-15z',
  over: 'M5 12a7 7 0 1 0 14 0a7 7 0 1 0-14 0z',
  calm: 'M8.5 12a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z',
};
const MARK_PX = 48;

export class CityMap {
  #map: maplibre.Map;
  #places: Place[] = [];
  #isFitted = false;
  #isReady = false;

  constructor(box: HTMLElement, isDark: boolean, basemap: string | undefined, choose: (space: string) => void) {
    const style = getComputedStyle(document.documentElement), colour = (name: string): string => style.getPropertyValue(name).trim();
    this.#map = new maplibre.Map({
      container: box, attributionControl: false, dragRotate: false, pitchWithRotate: false, fadeDuration: 0,
      style: { version: 8, sources: {}, layers: [{ id: 'ground', type: 'background', paint: { 'background-color': colour('--map-ground') } }] },
      center: [0, 0], zoom: 1,
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.addControl(new maplibre.NavigationControl({ showCompass: false }), 'top-right');
    this.#map.on('load', () => {
      for (const [name, path] of Object.entries(SHAPES)) this.#map.addImage(name, drawn(path, name === 'over' ? 'none' : colour(`--${name === 'calm' ? 'calm' : name}`), colour(name === 'over' ? '--dim' : '--mark-edge')), { pixelRatio: 2 });
      this.#layers(colour, isDark);
      this.#isReady = true;
      this.show(this.#places);
      if (basemap) void this.#base(basemap, colour);
    });
    this.#map.on('click', ['marks', 'areas'], event => {
      const id: unknown = event.features?.[0]?.properties.id;
      if (typeof id === 'string') choose(id);
    });
    this.#map.on('mouseenter', 'marks', () => { this.#map.getCanvas().style.cursor = 'pointer'; });
    this.#map.on('mouseleave', 'marks', () => { this.#map.getCanvas().style.cursor = ''; });
  }

  remove(): void { this.#map.remove(); }

  show(places: Place[]): void {
    this.#places = places;
    if (!this.#isReady) return;
    const marks: object[] = [], areas: object[] = [];
    places.forEach(({ space, state, open, isChosen }) => {
      const properties = { id: space.id, state, open, isChosen, rank: open ? 100 - ['critical', 'high', 'medium', 'low', 'informational'].indexOf(state) : 0 };
      const at = middle(space.geometry);
      if (at) marks.push({ type: 'Feature', geometry: { type: 'Point', coordinates: at }, properties });
      if (space.geometry && space.geometry.type !== 'Point') areas.push({ type: 'Feature', geometry: space.geometry, properties });
    });
    const set = (name: string, features: object[]): void => { (this.#map.getSource(name) as maplibre.GeoJSONSource | undefined)?.setData({ type: 'FeatureCollection', features } as never); };
    set('marks', marks);
    set('areas', areas);
    const box = this.#isFitted ? undefined : bounds(places.map(place => place.space));
    if (!box) return;
    this.#isFitted = true;
    this.#map.fitBounds(box, { padding: 40, maxZoom: 16, duration: 0 });
  }

  #layers(colour: (name: string) => string, isDark: boolean): void {
    const empty = { type: 'geojson' as const, data: { type: 'FeatureCollection' as const, features: [] } };
    this.#map.addSource('areas', empty);
    this.#map.addSource('marks', empty);
    const look = ['match', ['get', 'state'], 'critical', colour('--critical'), 'high', colour('--high'), 'medium', colour('--medium'), 'low', colour('--low'), colour('--calm')] as unknown as string;
    this.#map.addLayer({ id: 'areas', type: 'fill', source: 'areas', paint: { 'fill-color': look, 'fill-opacity': isDark ? 0.3 : 0.25 } });
    this.#map.addLayer({ id: 'chosen', type: 'circle', source: 'marks', filter: ['get', 'isChosen'], paint: { 'circle-radius': 17, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-width': 3, 'circle-stroke-color': colour('--focus') } });
    this.#map.addLayer({ id: 'marks', type: 'symbol', source: 'marks', layout: { 'icon-image': ['get', 'state'], 'icon-size': ['case', ['>', ['get', 'open'], 0], 1, 0.9], 'icon-allow-overlap': true, 'symbol-sort-key': ['get', 'rank'] } });
  }

  /** A base map of any schema in greys: areas faint, lines thin, no names. */
  async #base(url: string, colour: (name: string) => string): Promise<void> {
    const { PMTiles, Protocol } = await import('pmtiles');
    const protocol = new Protocol(), file = new PMTiles(new URL(url, location.href).href);
    protocol.add(file);
    maplibre.addProtocol('pmtiles', protocol.tile);
    const [head, about] = await Promise.all([file.getHeader(), file.getMetadata() as Promise<{ vector_layers?: { id: string }[] }>]);
    const source = `pmtiles://${file.source.getKey()}`;
    if (head.tileType !== 1) {
      this.#map.addSource('base', { type: 'raster', url: source, tileSize: 256 });
      this.#map.addLayer({ id: 'base', type: 'raster', source: 'base', paint: { 'raster-saturation': -1, 'raster-opacity': 0.5 } }, 'areas');
      return;
    }
    this.#map.addSource('base', { type: 'vector', url: source });
    for (const { id } of about.vector_layers ?? []) {
      const own = { source: 'base', 'source-layer': id } as const;
      this.#map.addLayer({ ...own, id: `fill-${id}`, type: 'fill', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colour('--line'), 'fill-opacity': 0.25 } }, 'areas');
      this.#map.addLayer({ ...own, id: `line-${id}`, type: 'line', filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': colour('--line'), 'line-width': 1 } }, 'areas');
    }
  }
}

function drawn(path: string, fill: string, edge: string): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = MARK_PX;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser draws nothing');
  context.scale(MARK_PX / 24, MARK_PX / 24);
  const outline = new Path2D(path);
  if (fill !== 'none') { context.fillStyle = fill; context.fill(outline); }
  context.strokeStyle = edge;
  context.lineWidth = fill === 'none' ? 2.5 : 1.4;
  context.stroke(outline);
  return context.getImageData(0, 0, MARK_PX, MARK_PX);
}
