import Hls, { Events, type FragLoadingData, type FragParsingUserdataData, type HlsConfig, type ManifestLoadedData } from 'hls.js';

/** A decoder of CEA-608 of hls.js 1.7: two channels of a field. */
interface FieldDecoder {
  /** Ends what is on screen, and begins it again. */
  cueSplitAtTime(seconds: number): void;
  getHandler(channel: number): { dispatchCue(): void } | null;
}

/** What hls.js 1.7 has for captions, as far as it matters here. Not part of what it promises: tests of the watch page hold it. */
interface Decoding {
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

/** Seconds by which a picture may be decoded before one that is shown earlier: five of the slowest usual rate. */
const reordering = 0.21;

const Base = Hls.DefaultConfig.timelineController as unknown as new (hls: Hls) => Decoding;

/**
 * Captions in the pictures, for viewers that are a second behind live. By itself hls.js forgets what is half written wherever a part begins, takes letters in a wrong order there (a part ends between
 * pictures that are shown in another order than they are decoded in), and shows words only when they are over, which close to live is too late. It also takes services of CEA-708, which it does not
 * read, for channels of CEA-608.
 */
class LiveCaptions extends Base {
  /** What may be preceded by something in the next part, in the order in which it is shown. */
  private held: Sample[] = [];
  private holder: FragParsingUserdataData | null = null;
  private loads = 0;
  /** Up to where the words on screen are told. */
  private told = Number.NEGATIVE_INFINITY;

  override onFragLoading(event: string, data: FragLoadingData): void {
    const { frag, part } = data;
    if (frag.type !== 'main') return super.onFragLoading(event, data);
    const followsPart = part && frag.sn === this.lastSn && part.index === this.lastPartIndex + 1;
    const follows = frag.cc === this.lastCc && (followsPart || frag.sn === this.lastSn + 1);
    // The part after the one that held it back is there, if only without captions.
    if (follows && ++this.loads > 1) this.release(Number.POSITIVE_INFINITY);
    if (follows) this.tell(Math.min((part ?? frag).start - reordering, this.held[0]?.pts ?? Number.POSITIVE_INFINITY));
    else [this.held, this.told] = [[], Number.NEGATIVE_INFINITY];
    if (follows && followsPart) this.lastPartIndex = part.index;
    else super.onFragLoading(event, data);
  }

  override onFragParsingUserdata(_: string, data: FragParsingUserdataData): void {
    this.held = [...this.held, ...data.samples].sort((one, other) => one.pts - other.pts);
    this.holder = data;
    this.loads = 0;
    const last = this.held.at(-1)?.pts ?? 0;
    this.release(this.lastPartIndex < 0 ? last : last - reordering);
  }

  override onManifestLoaded(event: string, data: ManifestLoadedData): void {
    const captions = data.captions?.filter(({ instreamId }) => instreamId !== undefined && /^CC[1-4]$/.test(instreamId));
    super.onManifestLoaded(event, { ...data, captions });
    // What is announced can be chosen before its first words.
    for (const { instreamId } of captions ?? []) this.createCaptionsTrack(`textTrack${instreamId?.at(-1)}`);
  }

  private release(until: number): void {
    const count = this.held.filter(({ pts }) => pts <= until).length;
    if (count === 0 || this.holder === null) return;
    const samples = this.held.splice(0, count);
    super.onFragParsingUserdata(Events.FRAG_PARSING_USERDATA, { ...this.holder, samples });
    this.tell(samples[count - 1]?.pts ?? 0);
  }

  /** Words stay until others come, and many encoders send nothing meanwhile. */
  private tell(until: number): void {
    if (until <= this.told) return;
    this.told = until;
    for (const decoder of [this.cea608Parser1, this.cea608Parser2]) {
      decoder?.cueSplitAtTime(until);
      for (const channel of [1, 2]) decoder?.getHandler(channel)?.dispatchCue();
    }
  }
}

/** Their languages are not in the pictures: without these names hls.js calls them English and Spanish. */
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
