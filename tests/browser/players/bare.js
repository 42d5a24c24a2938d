// Minimal page that plays ?url= with hls.js: the reference for the start time of the watch page.
const video = document.getElementById('video');
const hls = new Hls();
hls.loadSource(new URLSearchParams(location.search).get('url'));
hls.attachMedia(video);
hls.on(Hls.Events.MANIFEST_PARSED, () => void video.play());
