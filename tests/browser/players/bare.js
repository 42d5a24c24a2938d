// The least that plays ?url= with hls.js: what the watch page's start is held against.
const video = document.getElementById('video');
const hls = new Hls();
hls.loadSource(new URLSearchParams(location.search).get('url'));
hls.attachMedia(video);
hls.on(Hls.Events.MANIFEST_PARSED, () => void video.play());
