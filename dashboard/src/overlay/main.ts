import './overlay.css';
import { ChatFeed } from '../chat/chatFeed';
import { fetchQuestions } from '../chat/chatQuestions';
import { chatPageUrls } from '../player/channelUrls';
import { element } from '../player/dom';
import { chatText } from '../text/chat';
import { Overlay } from './overlay';
import { overlayOptions } from './overlayOptions';

const tickMs = 500;

const urls = chatPageUrls(window.location.pathname, window.location.search);
const container = document.getElementById('page');

if (urls === null) {
  container?.append(element('p', { class: 'overlay-error' }, chatText.page.noChannel));
} else {
  const options = overlayOptions(window.location.search);
  const overlay = new Overlay(options, () => Date.now());
  let shownQuestions = '';
  document.title = chatText.page.title(urls.channel);
  container?.append(overlay.root);
  // Without a chat, it stays empty: what a production shows must not become an error message.
  new ChatFeed(
    urls.chat.live,
    (news) => {
      overlay.show(news);
      const { questions } = news.state;
      const version = `${news.session} ${questions}`;
      if (!options.question || questions === null || version === shownQuestions) return;
      shownQuestions = version;
      void fetchQuestions(urls.chat.live, news.session, questions).then((loaded) => {
        if (loaded !== null && version === shownQuestions) overlay.showQuestions(loaded);
      });
    },
    () => {},
  ).start();
  window.setInterval(() => overlay.tick(), tickMs);
}
