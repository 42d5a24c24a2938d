// Plays ?url= with ?kind=hls|dash|shaka and reports its state to the browser tests.
const query = new URLSearchParams(location.search);
const video = document.getElementById('video');
const errors = [];
// The latest player events, for the message of a failed test.
const journal = [];
const note = text => { journal.push(`${(performance.now() / 1000).toFixed(1)} s, at ${video.currentTime.toFixed(2)}: ${text}`); if (journal.length > 400) journal.shift(); };
for (const name of ['waiting', 'playing', 'pause', 'seeking', 'seeked', 'stalled', 'resize', 'ended', 'error']) {
  video.addEventListener(name, () => note(name === 'error' && video.error ? `error ${video.error.code}: ${video.error.message}` : name));
}
let stalls = 0;
let parts = 0;
let started = false;

video.crossOrigin = 'anonymous';
video.addEventListener('playing', () => { started = true; });
video.addEventListener('waiting', () => { if (started && !video.seeking) stalls++; });
video.addEventListener('error', () => errors.push(`video: ${video.error?.message}`));

async function begin() {
  const url = query.get('url');
  switch (query.get('kind')) {
    case 'hls': {
      // ?rate= lets hls.js catch up with the live edge, as on the watch page. By default it does not.
      const hls = new Hls({ maxLiveSyncPlaybackRate: Number(query.get('rate') ?? 1) });
      hls.on(Hls.Events.ERROR, (_, data) => { note(`hls.js: ${data.details} ${data.fatal ? 'fatal ' : ''}${data.error?.message ?? ''}`); if (data.fatal) errors.push(`hls.js: ${data.details}`); });
      hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag, part }) => {
        if (part) parts++;
        note(`has ${frag.type} ${frag.sn}${part ? `.${part.index}` : ''} of ${frag.level}, ${frag.start.toFixed(2)} for ${frag.duration.toFixed(2)}`);
      });
      hls.loadSource(url);
      hls.attachMedia(video);
      window.player = hls;
      break;
    }
    case 'dash': {
      const player = dashjs.MediaPlayer().create();
      player.on('error', e => errors.push(`dash.js: ${e.error?.code} ${e.error?.message}`));
      const { events } = dashjs.MediaPlayer;
      const name = request => `${request?.mediaType} ${request?.url?.split('/').slice(-2).join('/')}`;
      player.on(events.FRAGMENT_LOADING_COMPLETED, ({ request, error }) => note(`dash.js: ${error ? `could not have (${error.message ?? error.code})` : 'has'} ${name(request)}`));
      player.on(events.FRAGMENT_LOADING_ABANDONED, ({ request }) => note(`dash.js: gives up ${name(request)}`));
      player.on(events.PERIOD_SWITCH_STARTED, ({ toStreamInfo }) => note(`dash.js: to period ${toStreamInfo?.id}`));
      player.on(events.MANIFEST_LOADED, ({ data }) => note(`dash.js: manifest of ${data?.publishTime?.toISOString?.() ?? data?.publishTime}, periods ${data?.Period?.map(p => `${p.id} from ${p.start} for ${p.duration ?? '?'}`).join('; ')}`));
      // dash.js starts playback itself. If the video is already playing, dash.js never reloads the manifest.
      player.initialize(video, url, true);
      window.player = player;
      return;
    }
    case 'shaka': {
      shaka.polyfill.installAll();
      const player = new shaka.Player();
      await player.attach(video);
      player.addEventListener('error', e => errors.push(`shaka: ${e.detail.code} ${e.detail.message}`));
      player.addEventListener('buffering', e => note(`Shaka: ${e.buffering ? 'buffers' : 'plays'}`));
      player.getNetworkingEngine().registerResponseFilter((_, response) => note(`Shaka: has ${response.uri.split('/').slice(-2).join('/')}, ${response.data?.byteLength} bytes`));
      await player.load(url);
      window.player = player;
      break;
    }
    default:
      throw new Error('kind is hls, dash or shaka');
  }
  video.play().catch(e => { if (e.name !== 'AbortError') errors.push(`play: ${e.message}`); });
}

// Gets the size of the player's thumbnail for a time, and the second of the test video in it; null without a thumbnail.
window.thumbnail = async (time) => {
  let found = null;
  if (query.get('kind') === 'dash') {
    found = await new Promise(resolve => window.player.provideThumbnail(time, resolve));
  } else {
    const [track] = window.player.getImageTracks();
    const tile = track && await window.player.getThumbnails(track.id, time);
    found = tile && { url: tile.uris[0], x: tile.positionX, y: tile.positionY, width: tile.width, height: tile.height };
  }
  if (!found) return null;
  const sheet = new Image();
  sheet.crossOrigin = 'anonymous';
  sheet.src = found.url;
  await sheet.decode();
  return { code: readCode(8, sheet, found).code, width: found.width, height: found.height };
};

// Reads the number of seconds from the blocks along the upper edge of the test video: bit k is 1 if block k is bright.
function readCode(bits, image = video, part = { x: 0, y: 0, width: video.videoWidth, height: video.videoHeight }) {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const context = canvas.getContext('2d');
  context.drawImage(image, part.x, part.y, part.width, part.height, 0, 0, 640, 360);
  let code = 0;
  for (let bit = 0; bit < bits; bit++) {
    const [r, g, b] = context.getImageData(bit * 60 + 30, 30, 1, 1).data;
    if (r + g + b > 384) code |= 1 << bit;
  }
  const [r, g, b] = context.getImageData(320, 200, 1, 1).data;
  return { code, background: [r, g, b] };
}

// With ?bits=: samples the number in the blocks of the displayed frame, and its display time, a few times per second.
const bits = Number(query.get('bits') ?? 0);
let shown = [];
window.takeShown = () => {
  const taken = shown;
  shown = [];
  return taken;
};
if (bits > 0) {
  const strip = document.createElement('canvas');
  strip.width = 20 * bits;
  strip.height = 8;
  const context = strip.getContext('2d', { willReadFrequently: true });
  let next = 0;
  const look = (now, frame) => {
    video.requestVideoFrameCallback(look);
    if (now < next) return;
    next = now + 230;   // not a multiple of the duration of a frame, a part or a second
    context.drawImage(video, 0, 8, video.videoWidth, 48, 0, 0, strip.width, 8);
    let code = 0;
    for (let bit = 0; bit < bits; bit++) {
      const [r, g, b] = context.getImageData(20 * bit + 10, 4, 1, 1).data;
      if (r + g + b > 384) code |= 1 << bit;
    }
    shown.push({ code, at: Date.now() + frame.expectedDisplayTime - performance.now() });
    if (shown.length > 10000) shown.shift();
  };
  video.requestVideoFrameCallback(look);
}

window.journal = () => [
  ...journal,
  `now ${(performance.now() / 1000).toFixed(1)} s, at ${video.currentTime.toFixed(2)}, ${video.paused ? 'paused' : 'not paused'}, ready ${video.readyState}, buffered ` +
    Array.from({ length: video.buffered.length }, (_, i) => `${video.buffered.start(i).toFixed(2)} to ${video.buffered.end(i).toFixed(2)}`).join(', '),
].join('\n');

window.report = () => {
  const quality = video.getVideoPlaybackQuality();
  return {
    time: video.currentTime,
    frames: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
    stalls,
    errors,
    width: video.videoWidth,
    height: video.videoHeight,
    audioBytes: video.webkitAudioDecodedByteCount ?? 0,
    ready: video.readyState,
    parts,
    target: window.player?.targetLatency ?? 0,
    latency: window.player?.playingDate ? (Date.now() - window.player.playingDate.getTime()) / 1000 : 0,
    ...(video.videoWidth > 0 ? readCode(8) : { code: -1, background: [0, 0, 0] }),
  };
};

// Gets the player's low-latency mode, the latency that it reports, and the offset of the presentation from system time.
window.latency = () => {
  const player = window.player;
  const isDash = query.get('kind') === 'dash';
  return {
    isLow: isDash ? player.getLowLatencyModeEnabled() : Boolean(player.getManifest()?.isLowLatency && player.getConfiguration().streaming.lowLatencyMode),
    said: isDash ? player.getCurrentLiveLatency() : player.seekRange().end - video.currentTime,
    behind: Date.now() / 1000 - video.currentTime,
    rate: video.playbackRate,
    ahead: video.buffered.length ? video.buffered.end(video.buffered.length - 1) - video.currentTime : 0,
  };
};

begin().catch(e => errors.push(`${e.name}: ${e.code ?? ''} ${e.message}`));
