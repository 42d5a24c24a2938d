import Hls, { Events, type FragLoadingData, type FragParsingUserdataData, type HlsConfig, type ManifestLoadedData } from 'hls.js';

/** A CEA-608 decoder of hls.js 1.7, for the two channels of a field. */
interface FieldDecoder {
  /** Ends the current cue and starts a new one with the same text. */
  cueSplitAtTime(seconds: number): void;
  getHandler(channel: number): { dispatchCue(): void } | null;
}

/** Caption internals of hls.js 1.7 that this file uses. Not a public API; the watch page tests cover it. */
interface TimelineController {
  cea608Parser1?: FieldDecoder;
  cea608Parser2?: FieldDecoder;
  lastCc: number;
  lastSn: number;
  lastPartIndex: number;
  createCaptionsTrack(name: string): void;
  onFragLoading(event: string, data: FragLoadingData): void;
  onFragParsingUserdata(event: string, data: FragParsingUserdataData): void;
  onManifestLoaded(event: string, data: ManifestLoadedData): void;
}

type Sample = FragParsingUserdataData['samples'][number];

/** Maximum decoding lead of a frame over frames displayed earlier, in seconds: five frames at the lowest usual rate. */
const maxReorderSeconds = 0.21;

const Base = Hls.DefaultConfig.timelineController as unknown as new (hls: Hls) => TimelineController;

/**
 * CEA-608 captions for low-latency playback. hls.js itself resets partial cues at each part, reorders characters there (a part ends between
 * frames whose display order differs from the decoding order), and shows cues only after their end, which is too late near live. It also
 * treats CEA-708 services, which it cannot decode, as CEA-608 channels.
 */
class LiveCaptions extends Base {
  /** Samples that may be preceded by samples of the next part, in display order. */
  private pendingSamples: Sample[] = [];
  private pendingData: FragParsingUserdataData | null = null;
  private loadsSincePending = 0;
  /** Time up to which the current cue is shown. */
  private shownUntil = Number.NEGATIVE_INFINITY;

  override onFragLoading(event: string, data: FragLoadingData): void {
    const { frag, part } = data;
    if (frag.type !== 'main') return super.onFragLoading(event, data);
    const isNextPart = part && frag.sn === this.lastSn && part.index === this.lastPartIndex + 1;
    const isContiguous = frag.cc === this.lastCc && (isNextPart || frag.sn === this.lastSn + 1);
    // The next part has loaded, possibly without captions.
    if (isContiguous && ++this.loadsSincePending > 1) this.release(Number.POSITIVE_INFINITY);
    if (isContiguous)
      this.showCues(Math.min((part ?? frag).start - maxReorderSeconds, this.pendingSamples[0]?.pts ?? Number.POSITIVE_INFINITY));
    else [this.pendingSamples, this.shownUntil] = [[], Number.NEGATIVE_INFINITY];
    if (isContiguous && isNextPart) this.lastPartIndex = part.index;
    else super.onFragLoading(event, data);
  }

  override onFragParsingUserdata(_: string, data: FragParsingUserdataData): void {
    this.pendingSamples = [...this.pendingSamples, ...data.samples].sort((one, other) => one.pts - other.pts);
    this.pendingData = data;
    this.loadsSincePending = 0;
    const last = this.pendingSamples.at(-1)?.pts ?? 0;
    this.release(this.lastPartIndex < 0 ? last : last - maxReorderSeconds);
  }

  override onManifestLoaded(event: string, data: ManifestLoadedData): void {
    const captions = data.captions?.filter(({ instreamId }) => instreamId !== undefined && /^CC[1-4]$/.test(instreamId));
    super.onManifestLoaded(event, { ...data, captions });
    // Announced channels can be selected before their first cue.
    for (const { instreamId } of captions ?? []) this.createCaptionsTrack(`textTrack${instreamId?.at(-1)}`);
  }

  private release(until: number): void {
    const count = this.pendingSamples.filter(({ pts }) => pts <= until).length;
    if (count === 0 || this.pendingData === null) return;
    const samples = this.pendingSamples.splice(0, count);
    super.onFragParsingUserdata(Events.FRAG_PARSING_USERDATA, { ...this.pendingData, samples });
    this.showCues(samples[count - 1]?.pts ?? 0);
  }

  /** Extends the current cue: it stays until replaced, and many encoders send nothing in between. */
  private showCues(until: number): void {
    if (until <= this.shownUntil) return;
    this.shownUntil = until;
    for (const decoder of [this.cea608Parser1, this.cea608Parser2]) {
      decoder?.cueSplitAtTime(until);
      for (const channel of [1, 2]) decoder?.getHandler(channel)?.dispatchCue();
    }
  }
}

/** CEA-608 carries no language. Without these labels, hls.js uses English and Spanish. */
export const captionConfig: Partial<HlsConfig> = {
  timelineController: LiveCaptions as unknown as HlsConfig['timelineController'],
  captionsTextTrack1Label: 'CC1',
  captionsTextTrack1LanguageCode: '',
  captionsTextTrack2Label: 'CC2',
  captionsTextTrack2LanguageCode: '',
  captionsTextTrack3Label: 'CC3',
  captionsTextTrack3LanguageCode: '',
  captionsTextTrack4Label: 'CC4',
  captionsTextTrack4LanguageCode: '',
};
