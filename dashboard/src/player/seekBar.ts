import { controlsText } from '../text/playerControls';
import { element, setAttribute, setHidden, setText } from './dom';
import { isBehindLive } from './latency';
import type { Player } from './player';
import { LiveThumbnails, RecordedThumbnails, type ThumbnailList } from './thumbnailLists';
import { ThumbnailPicture } from './thumbnailPicture';
import { type Timeline, bufferedAround, durationText, fractionOf, positionAt, positionByKey } from './timeline';
import type { PlayerView } from './view';

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
const clockAndDay = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit', second: '2-digit' });
const pictureWidth = 176;
/** So long the picture of where a key led stays. */
const keyLookMs = 4000;

/** The bar over all that one can go to: where one is, what is loaded, what is missing, and what a place looks like. */
export class SeekBar {
  readonly root: HTMLElement;
  private readonly player: Player;
  private readonly slider = element('div', {
    class: 'seek-slider', role: 'slider', tabindex: 0, 'aria-label': controlsText.seek, 'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0, 'data-control': 'seek',
  });
  private readonly track = element('div', { class: 'seek-track' });
  private readonly loaded = element('div', { class: 'seek-loaded' });
  private readonly played = element('div', { class: 'seek-played' });
  private readonly gaps = element('div', { class: 'seek-gaps' });
  private readonly knob = element('div', { class: 'seek-knob' });
  private readonly preview: HTMLElement;
  private readonly picture = new ThumbnailPicture(pictureWidth);
  private readonly previewTime = element('span', { class: 'seek-time' });
  private view: PlayerView | null = null;
  private lists: { of: string; list: ThumbnailList } | null = null;
  /** Where pointer or keys look, null while nobody does. */
  private looking: number | null = null;
  private dragging = false;
  private keyTimer: number | undefined;
  private drawnGaps: Timeline['gaps'] | null = null;

  constructor(player: Player) {
    this.player = player;
    this.preview = element('div', { class: 'seek-preview', hidden: true, 'aria-hidden': 'true' }, this.picture.root, this.previewTime);
    this.track.append(this.loaded, this.played, this.gaps);
    this.slider.append(this.track, this.knob);
    this.root = element('div', { class: 'seek' }, this.preview, this.slider);
    this.listen();
  }

  /** A finger or a mouse has hold of it. */
  get isDragged(): boolean {
    return this.dragging;
  }

  draw(view: PlayerView): void {
    this.view = view;
    const { timeline } = view;
    const usable = timeline !== null && timeline.window.end - timeline.window.start > 1 && (view.state === 'live' || view.state === 'replay');
    // Its place is kept while it is away.
    setAttribute(this.root, 'data-usable', String(usable));
    setAttribute(this.slider, 'tabindex', usable ? '0' : '-1');
    setAttribute(this.slider, 'aria-disabled', String(!usable));
    if (!usable) {
      this.look(null);
      return;
    }

    const { window } = timeline;
    const position = Math.min(window.end, Math.max(window.start, this.dragging && this.looking !== null ? this.looking : this.shownPosition(view)));
    const at = fractionOf(position, window);
    this.played.style.transform = `scaleX(${at})`;
    this.knob.style.left = `${at * 100}%`;
    this.drawLoaded(view, timeline);
    this.drawGaps(timeline);
    setAttribute(this.slider, 'aria-valuemax', String(Math.round(window.end - window.start)));
    setAttribute(this.slider, 'aria-valuenow', String(Math.round(position - window.start)));
    setAttribute(this.slider, 'aria-valuetext', this.valueText(position, view, timeline));
    if (this.looking !== null) this.drawPreview(timeline);
  }

  /** At live the knob stands at the end, however much of the last second is loaded. */
  private shownPosition(view: PlayerView): number {
    const end = view.timeline?.window.end ?? view.position;
    return view.mode === 'live' && !view.behindLive ? end : view.position;
  }

  private drawLoaded(view: PlayerView, { window }: Timeline): void {
    const { buffered } = this.player.video;
    const ranges = Array.from({ length: buffered.length }, (_, at) => ({ start: buffered.start(at), end: buffered.end(at) }));
    const range = bufferedAround(view.position, ranges, window);
    setHidden(this.loaded, range === null);
    if (range === null) return;
    const from = fractionOf(range.start, window);
    this.loaded.style.left = `${from * 100}%`;
    this.loaded.style.width = `${(fractionOf(range.end, window) - from) * 100}%`;
  }

  private drawGaps({ gaps, window }: Timeline): void {
    if (gaps.length === 0 && this.drawnGaps?.length === 0) return;
    if (gaps.length !== this.drawnGaps?.length) {
      // What has hundreds of holes shows the newest.
      this.gaps.replaceChildren(...gaps.slice(-200).map(() => element('div', { class: 'seek-gap' })));
    }
    this.drawnGaps = gaps;
    gaps.slice(-200).forEach((gap, at) => {
      const mark = this.gaps.children[at] as HTMLElement | undefined;
      if (mark === undefined) return;
      const from = fractionOf(gap.start, window);
      mark.style.left = `${from * 100}%`;
      mark.style.width = `${(fractionOf(gap.end, window) - from) * 100}%`;
    });
  }

  private valueText(position: number, view: PlayerView, timeline: Timeline): string {
    const { window } = timeline;
    if (view.mode === 'replay') return controlsText.of(durationText(position - window.start), durationText(window.end - window.start));
    const wall = clockText(timeline.dateAt(position));
    const behind = window.end - position;
    return isBehindLive(behind, view.engine?.targetDuration ?? 2) ? controlsText.behindLive(wall, durationText(behind)) : controlsText.atLive(wall);
  }

  private listen(): void {
    const { slider } = this;
    slider.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !this.isUsable) return;
      this.dragging = true;
      slider.setPointerCapture(event.pointerId);
      this.look(this.positionUnder(event));
    });
    slider.addEventListener('pointermove', (event) => {
      if (this.dragging || event.pointerType === 'mouse') this.look(this.positionUnder(event));
    });
    slider.addEventListener('pointerup', (event) => {
      if (!this.dragging) return;
      const target = this.positionUnder(event);
      this.dragging = false;
      if (event.pointerType !== 'mouse') this.look(null);
      if (target !== null) this.player.seekTo(target);
    });
    slider.addEventListener('pointercancel', () => { this.dragging = false; this.look(null); });
    slider.addEventListener('pointerleave', () => { if (!this.dragging) this.look(null); });
    slider.addEventListener('blur', () => { if (!this.dragging) this.look(null); });
    slider.addEventListener('keydown', (event) => this.onKey(event));
  }

  private get isUsable(): boolean {
    return this.root.dataset.usable === 'true';
  }

  private onKey(event: KeyboardEvent): void {
    const timeline = this.view?.timeline;
    if (!this.isUsable || timeline === null || timeline === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = positionByKey(event.key, this.player.position, timeline.window);
    if (target === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.player.seekTo(target);
    // The picture of where it went, as under a pointer.
    this.look(this.player.position);
    this.keyTimer = window.setTimeout(() => this.look(null), keyLookMs);
  }

  private positionUnder(event: PointerEvent): number | null {
    const timeline = this.view?.timeline;
    if (timeline === null || timeline === undefined) return null;
    const { left, width } = this.track.getBoundingClientRect();
    return width <= 0 ? null : positionAt((event.clientX - left) / width, timeline.window);
  }

  private look(position: number | null): void {
    const was = this.looking;
    this.looking = position;
    window.clearTimeout(this.keyTimer);
    if (position === null && was === null) return;
    setHidden(this.preview, position === null);
    if (position === null) {
      this.picture.show(null);
    } else if (this.view !== null) {
      this.draw(this.view);
    }
  }

  private drawPreview(timeline: Timeline): void {
    const { view, looking } = this;
    if (view === null || looking === null) return;
    const { window } = timeline;
    const at = Math.min(window.end, Math.max(window.start, looking));
    // Never beyond the ends of the bar, whatever stands in it.
    const width = this.track.clientWidth;
    const half = Math.min(pictureWidth / 2 + 4, width / 2);
    this.preview.style.left = `${Math.min(width - half, Math.max(half, fractionOf(at, window) * width))}px`;
    const behind = durationText(window.end - at);
    const wall = view.mode === 'live' ? clockText(timeline.dateAt(at)) : null;
    setText(this.previewTime, view.mode === 'replay' ? durationText(at - window.start) : wall ?? controlsText.behind(behind));
    this.drawPicture(view, timeline, at);
  }

  private drawPicture(view: PlayerView, timeline: Timeline, position: number): void {
    const list = this.listFor(view);
    const time = this.thumbnailTime(view, timeline, position);
    if (time === null) return this.picture.show(null);
    this.picture.show(list.at(time));
    void list.load(time).then((changed) => {
      if (changed && this.lists?.list === list && this.looking === position) this.picture.show(list.at(time));
    });
  }

  private thumbnailTime(view: PlayerView, timeline: Timeline, position: number): number | null {
    if (view.mode === 'replay') return position - timeline.window.start;
    const date = timeline.dateAt(position);
    return date === null ? null : date / 1000;
  }

  private listFor(view: PlayerView): ThumbnailList {
    const { playlist } = this.player;
    const of = `${view.mode} ${playlist} ${view.mode === 'live' ? view.broadcast?.session ?? '' : ''}`;
    if (this.lists?.of !== of) {
      const list = view.mode === 'replay'
        ? new RecordedThumbnails(playlist)
        : new LiveThumbnails(playlist, () => this.player.recordingPlaylist);
      this.lists = { of, list };
    }
    return this.lists.list;
  }
}

/** A wall clock as the viewer reads it, with the day where it is another one. */
function clockText(date: number | null): string | null {
  if (date === null) return null;
  const isToday = new Date(date).toDateString() === new Date().toDateString();
  return (isToday ? clock : clockAndDay).format(date);
}
