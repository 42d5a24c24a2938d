import { controlsText } from '../text/playerControls';
import { element, setAttribute, setHidden, setText } from './dom';
import { isBehindLive } from './latency';
import type { Player } from './player';
import { LiveThumbnails, RecordedThumbnails, type ThumbnailList } from './thumbnailLists';
import { ThumbnailImage } from './thumbnailImage';
import { type Timeline, bufferedAround, durationText, fractionOf, positionAt, positionByKey } from './timeline';
import type { PlayerView } from './view';

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
const clockAndDay = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit', second: '2-digit' });
const thumbnailWidth = 176;
/** How long the thumbnail of a key seek stays. */
const keyPreviewMs = 4000;

/** The seek bar: position, buffered range, gaps and thumbnails. */
export class SeekBar {
  readonly root: HTMLElement;
  private readonly player: Player;
  private readonly slider = element('div', {
    class: 'seek-slider',
    role: 'slider',
    tabindex: 0,
    'aria-label': controlsText.seek,
    'aria-valuemin': 0,
    'aria-valuemax': 0,
    'aria-valuenow': 0,
    'data-control': 'seek',
  });
  private readonly track = element('div', { class: 'seek-track' });
  private readonly loadedBar = element('div', { class: 'seek-loaded' });
  private readonly playedBar = element('div', { class: 'seek-played' });
  private readonly gaps = element('div', { class: 'seek-gaps' });
  private readonly handle = element('div', { class: 'seek-handle' });
  private readonly preview: HTMLElement;
  private readonly thumbnail = new ThumbnailImage(thumbnailWidth);
  private readonly previewTime = element('span', { class: 'seek-time' });
  private view: PlayerView | null = null;
  private cachedList: { key: string; list: ThumbnailList } | null = null;
  /** Position under the pointer, or of a key seek; null for none. */
  private previewPosition: number | null = null;
  private dragging = false;
  private keyTimer: number | undefined;
  private renderedGaps: Timeline['gaps'] | null = null;

  constructor(player: Player) {
    this.player = player;
    this.preview = element('div', { class: 'seek-preview', hidden: true, 'aria-hidden': 'true' }, this.thumbnail.root, this.previewTime);
    this.track.append(this.loadedBar, this.playedBar, this.gaps);
    this.slider.append(this.track, this.handle);
    this.root = element('div', { class: 'seek' }, this.preview, this.slider);
    this.listen();
  }

  /** Whether the viewer drags the handle. */
  get isDragged(): boolean {
    return this.dragging;
  }

  render(view: PlayerView): void {
    this.view = view;
    const { timeline } = view;
    const isUsableNow =
      timeline !== null && timeline.window.end - timeline.window.start > 1 && (view.state === 'live' || view.state === 'replay');
    // Its space is reserved while it is hidden.
    setAttribute(this.root, 'data-usable', String(isUsableNow));
    setAttribute(this.slider, 'tabindex', isUsableNow ? '0' : '-1');
    setAttribute(this.slider, 'aria-disabled', String(!isUsableNow));
    if (!isUsableNow) {
      this.setPreviewPosition(null);
      return;
    }

    const { window } = timeline;
    const position = Math.min(
      window.end,
      Math.max(window.start, this.dragging && this.previewPosition !== null ? this.previewPosition : this.shownPosition(view)),
    );
    const at = fractionOf(position, window);
    this.playedBar.style.transform = `scaleX(${at})`;
    this.handle.style.left = `${at * 100}%`;
    this.renderLoaded(view, timeline);
    this.renderGaps(timeline);
    setAttribute(this.slider, 'aria-valuemax', String(Math.round(window.end - window.start)));
    setAttribute(this.slider, 'aria-valuenow', String(Math.round(position - window.start)));
    setAttribute(this.slider, 'aria-valuetext', this.valueText(position, view, timeline));
    if (this.previewPosition !== null) this.renderPreview(timeline);
  }

  /** At live the handle is at the end, whatever is buffered. */
  private shownPosition(view: PlayerView): number {
    const end = view.timeline?.window.end ?? view.position;
    return view.mode === 'live' && !view.behindLive ? end : view.position;
  }

  private renderLoaded(view: PlayerView, { window }: Timeline): void {
    const { buffered } = this.player.video;
    const ranges = Array.from({ length: buffered.length }, (_, at) => ({ start: buffered.start(at), end: buffered.end(at) }));
    const range = bufferedAround(view.position, ranges, window);
    setHidden(this.loadedBar, range === null);
    if (range === null) return;
    const from = fractionOf(range.start, window);
    this.loadedBar.style.left = `${from * 100}%`;
    this.loadedBar.style.width = `${(fractionOf(range.end, window) - from) * 100}%`;
  }

  private renderGaps({ gaps, window }: Timeline): void {
    if (gaps.length === 0 && this.renderedGaps?.length === 0) return;
    if (gaps.length !== this.renderedGaps?.length) {
      // Limited to the newest gaps.
      this.gaps.replaceChildren(...gaps.slice(-200).map(() => element('div', { class: 'seek-gap' })));
    }
    this.renderedGaps = gaps;
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
    if (view.mode === 'replay')
      return controlsText.positionOf(durationText(position - window.start), durationText(window.end - window.start));
    const clockTime = clockText(timeline.dateAt(position));
    const behind = window.end - position;
    return isBehindLive(behind, view.engine?.targetDuration ?? 2)
      ? controlsText.behindLive(clockTime, durationText(behind))
      : controlsText.atLive(clockTime);
  }

  private listen(): void {
    const { slider } = this;
    slider.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !this.isUsable) return;
      this.dragging = true;
      slider.setPointerCapture(event.pointerId);
      this.setPreviewPosition(this.positionUnder(event));
    });
    slider.addEventListener('pointermove', (event) => {
      if (this.dragging || event.pointerType === 'mouse') this.setPreviewPosition(this.positionUnder(event));
    });
    slider.addEventListener('pointerup', (event) => {
      if (!this.dragging) return;
      const target = this.positionUnder(event);
      this.dragging = false;
      if (event.pointerType !== 'mouse') this.setPreviewPosition(null);
      if (target !== null) this.player.seekTo(target);
    });
    slider.addEventListener('pointercancel', () => {
      this.dragging = false;
      this.setPreviewPosition(null);
    });
    slider.addEventListener('pointerleave', () => {
      if (!this.dragging) this.setPreviewPosition(null);
    });
    slider.addEventListener('blur', () => {
      if (!this.dragging) this.setPreviewPosition(null);
    });
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
    // Show the thumbnail of the new position.
    this.setPreviewPosition(this.player.position);
    this.keyTimer = window.setTimeout(() => this.setPreviewPosition(null), keyPreviewMs);
  }

  private positionUnder(event: PointerEvent): number | null {
    const timeline = this.view?.timeline;
    if (timeline === null || timeline === undefined) return null;
    const { left, width } = this.track.getBoundingClientRect();
    return width <= 0 ? null : positionAt((event.clientX - left) / width, timeline.window);
  }

  private setPreviewPosition(position: number | null): void {
    const previous = this.previewPosition;
    this.previewPosition = position;
    window.clearTimeout(this.keyTimer);
    if (position === null && previous === null) return;
    setHidden(this.preview, position === null);
    if (position === null) {
      this.thumbnail.show(null);
    } else if (this.view !== null) {
      this.render(this.view);
    }
  }

  private renderPreview(timeline: Timeline): void {
    const { view, previewPosition } = this;
    if (view === null || previewPosition === null) return;
    const { window } = timeline;
    const at = Math.min(window.end, Math.max(window.start, previewPosition));
    // Keep it within the bar.
    const width = this.track.clientWidth;
    const half = Math.min(thumbnailWidth / 2 + 4, width / 2);
    this.preview.style.left = `${Math.min(width - half, Math.max(half, fractionOf(at, window) * width))}px`;
    const behind = durationText(window.end - at);
    const clockTime = view.mode === 'live' ? clockText(timeline.dateAt(at)) : null;
    setText(this.previewTime, view.mode === 'replay' ? durationText(at - window.start) : (clockTime ?? controlsText.behind(behind)));
    this.renderThumbnail(view, timeline, at);
  }

  private renderThumbnail(view: PlayerView, timeline: Timeline, position: number): void {
    const list = this.listFor(view);
    const time = this.thumbnailTime(view, timeline, position);
    if (time === null) return this.thumbnail.show(null);
    this.thumbnail.show(list.at(time));
    void list.load(time).then((changed) => {
      if (changed && this.cachedList?.list === list && this.previewPosition === position) this.thumbnail.show(list.at(time));
    });
  }

  private thumbnailTime(view: PlayerView, timeline: Timeline, position: number): number | null {
    if (view.mode === 'replay') return position - timeline.window.start;
    const date = timeline.dateAt(position);
    return date === null ? null : date / 1000;
  }

  private listFor(view: PlayerView): ThumbnailList {
    const { playlist } = this.player;
    const key = `${view.mode} ${playlist} ${view.mode === 'live' ? (view.channelStatus?.session ?? '') : ''}`;
    if (this.cachedList?.key !== key) {
      const list =
        view.mode === 'replay' ? new RecordedThumbnails(playlist) : new LiveThumbnails(playlist, () => this.player.recordingPlaylist);
      this.cachedList = { key, list };
    }
    return this.cachedList.list;
  }
}

/** Wall-clock time in the viewer's time zone, with the day unless it is today. */
function clockText(date: number | null): string | null {
  if (date === null) return null;
  const isToday = new Date(date).toDateString() === new Date().toDateString();
  return (isToday ? clock : clockAndDay).format(date);
}
