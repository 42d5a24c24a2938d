import { adminText } from '../text';
import { copyText } from './copyText';
import { copyLabel, useCopyFeedback } from './copyFeedback';

/** A message about the last action. */
export interface NoticeMessage {
  text: string;
  isError?: boolean;
  undo?: () => void;
  /** URL that can be copied, for example of the new event's page. */
  url?: string;
}

/** A message about the last action, with optional undo, until it is dismissed. */
export function Notice({ message, onClose }: { message: NoticeMessage; onClose: () => void }) {
  return (
    <div className={message.isError ? 'notice problem' : 'notice'} role={message.isError ? 'alert' : 'status'}>
      <p>{message.text}</p>
      <div className="tools">
        {message.undo && (
          <button type="button" className="button secondary" onClick={message.undo}>
            {adminText.undo}
          </button>
        )}
        {message.url !== undefined && <CopyUrlButton key={message.url} url={message.url} />}
        <button type="button" className="button secondary" onClick={onClose}>
          {adminText.close}
        </button>
      </div>
    </div>
  );
}

function CopyUrlButton({ url }: { url: string }) {
  const { result, report } = useCopyFeedback();
  return (
    <button type="button" className="button secondary" onClick={() => void copyText(url).then(report)}>
      <span aria-live="polite">{copyLabel(result, adminText.copyUrl)}</span>
    </button>
  );
}
